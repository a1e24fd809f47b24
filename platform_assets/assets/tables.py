"""`@table`: a contract and a transform joined into a daily table, and into the Dagster asset that builds it."""

import inspect
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import dagster as dg
from pyspark.sql import DataFrame

from platform_assets.assets.domain import Domain
from platform_assets.contracts.compiled import CompiledContract, compiled
from platform_assets.contracts.contract import Contract
from platform_assets.lake.audit import (
    COLUMNS,
    Balance,
    Finding,
    audit,
    audit_columns,
    check_specs,
    refuse,
)
from platform_assets.lake.engines.engine import Engine
from platform_assets.lake.tables.table import Staged, Table
from platform_assets.settings import Settings

TABLES_IO = "tables"
ENGINE = "engine"
BEFORE = "_before"
DAYS = "days"
Transform = Callable[..., DataFrame]
Event = dg.AssetCheckResult | dg.Output[Any]


@dataclass(frozen=True)
class DeclaredTable:
    """What every table's file declares: its domain, its name, its contract."""

    domain: Domain
    name: str
    contract: CompiledContract

    @property
    def key(self) -> dg.AssetKey:
        """`<domain>/<table>`."""
        return self.domain.key(self.name)

    @property
    def description(self) -> str:
        """What the table is, for its users."""
        return self.contract.description

    def table(self, settings: Settings) -> Table:
        """Where the table lies in the lake."""
        return self.domain.table(self.name, self.contract, settings)


@dataclass(frozen=True)
class TableDefinition(DeclaredTable):
    """A table made of others; calling it calls the transform, so tests and notebooks need no Dagster."""

    transform: Transform
    balances: tuple[Balance, ...] = ()

    def __call__(self, *inputs: DataFrame, **settings: Any) -> DataFrame:
        """The transform itself."""
        return self.transform(*inputs, **settings)

    @property
    def frames(self) -> list[str]:
        """The transform's DataFrames: its positional parameters."""
        return parameters(self.transform, inspect.Parameter.POSITIONAL_OR_KEYWORD)

    @property
    def same_day(self) -> list[str]:
        """The tables that the transform reads for the days of the run."""
        return [name for name in self.frames if not name.endswith(BEFORE)]

    @property
    def day_before(self) -> list[str]:
        """The tables that the transform reads for the day before the run."""
        return [name.removesuffix(BEFORE) for name in self.frames if name.endswith(BEFORE)]

    def inputs(self) -> list[str]:
        """The tables of the same domain that the transform reads."""
        return list(dict.fromkeys(name.removesuffix(BEFORE) for name in self.frames))

    def asset(self, settings: Settings) -> dg.AssetsDefinition:
        """The Dagster asset: computes the run's days, stages and audits them; the IO manager publishes."""
        table = self.table(settings)
        chosen = chosen_settings(self.transform, settings)
        first_day = self.domain.first_day(settings)

        def compute(context: dg.AssetExecutionContext, **inputs: DataFrame) -> Iterator[Event]:
            engine = context.resources.engine.engine
            days = run_days(context)
            before = None if days[0] == first_day else days[0] - timedelta(days=1)
            frames = dict(inputs)
            for name in self.day_before:
                frames[name + BEFORE] = context.resources.tables.read_day(self.domain.key(name), before)
            rows = self.transform(**frames, **chosen, **({DAYS: days} if asks_for_days(self.transform) else {}))

            def judge(staged: Staged) -> list[Finding]:
                return audit(staged, engine, self.balances, frames)

            yield from materialise(context, table, engine, rows, judge)

        return make_asset(
            compute,
            **asset_words(self, settings),
            ins={name: dg.AssetIn(key=self.domain.key(name)) for name in self.same_day},
            deps=[self._dependency(name) for name in self.day_before if name not in self.same_day],
            check_specs=check_specs(self.contract, self.key, self.balances),
            io_manager_key=TABLES_IO,
            kinds={"delta", "pyspark"},
            metadata={"dagster/column_schema": column_schema(self.contract)},
        )

    def _dependency(self, name: str) -> dg.AssetDep:
        """What Dagster is told of a table that is only read for the day before: of another one, its same day.

        That day goes on from the one before, which is there, then. Told of the day before, a backfill would take the
        day behind its last for one of its own.
        """
        key = self.domain.key(name)
        if name != self.name:
            return dg.AssetDep(key)
        with _beta("allow_nonexistent_upstream_partitions"):
            day_before = dg.TimeWindowPartitionMapping(
                start_offset=-1, end_offset=-1, allow_nonexistent_upstream_partitions=True
            )
        return dg.AssetDep(key, partition_mapping=day_before)


def table(
    contract: type[Contract], *, domain: Domain, balances: Sequence[Balance] = ()
) -> Callable[[Transform], TableDefinition]:
    """Declare a daily table: the decorated function, named as the table, is its transform.

    Its positional parameters name the tables of the domain that it reads, for the days of the run; with `_before`
    behind its name, a table (also the declared one) is read for the day before them: no rows before the domain's
    first day. Its keyword-only parameters are settings, but for `days`, the days of the run, in order.

    Raises `UncompilableRule` when the contract cannot be compiled, `ValueError` for a balance over no input, or with
    a total twice, and, when the asset is made, for a parameter that is no setting.
    """

    def declare(transform: Transform) -> TableDefinition:
        definition = TableDefinition(domain, transform.__name__, compiled(contract), transform, tuple(balances))
        for balance in balances:
            names = [*balance.sources, *balance.left_out]
            if len(names) > len(set(names)):
                raise ValueError(f"{definition.name}: the balance {balance.name} has a total twice: {', '.join(names)}")
            for source in balance.sources:
                if source not in definition.frames:
                    raise ValueError(
                        f"{definition.name}: the balance {balance.name} is over {source}, which is no input"
                    )
        return definition

    return declare


def materialise(
    context: dg.AssetExecutionContext,
    table: Table,
    engine: Engine,
    rows: DataFrame | None,
    judge: Callable[[Staged], Sequence[Finding]],
) -> Iterator[Event]:
    """Stage the rows of the run's days, judge them, and hand them to the IO manager or refuse them.

    Raises `dagster.Failure`, without retries, when a rule is broken; nothing is left behind then.
    """
    key = context.asset_key
    days = run_days(context)
    if rows is not None:
        columns = audit_columns(table.contract, rows)
        yield columns.result(key)
        if failure := refuse([columns], table.key):
            raise failure
    else:
        yield Finding(COLUMNS, True, "no rows").result(key)
    staged = table.stage(engine, rows, context.run.run_id, days)
    try:
        findings = judge(staged)
        for finding in findings:
            yield finding.result(key)
            if finding.warning and not finding.passed:
                context.log.warning("%s: %s: %s", table.key, finding.check, finding.summary)
        if failure := refuse(findings, table.key):
            raise failure
    except BaseException:
        staged.discard()
        raise
    by_day = staged.rows_by_day
    for day in days:
        context.add_asset_metadata(
            {"dagster/partition_row_count": by_day.get(day.isoformat(), 0)}, key, day.isoformat()
        )
    yield dg.Output(staged)


def run_days(context: dg.AssetExecutionContext) -> list[date]:
    """The days of the run, in order."""
    return sorted(date.fromisoformat(key) for key in context.partition_keys)


def make_asset(compute: Callable[..., Any], **words: Any) -> dg.AssetsDefinition:
    """The asset of a compute function, described by `words`."""
    with _beta("backfill_policy"):
        asset: dg.AssetsDefinition = dg.asset(**words)(compute)
    return asset


@contextmanager
def _beta(word: str) -> Iterator[None]:
    """Use one of the two beta words that the platform is built on: single-run backfills, and days that go on."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", f"Parameter `{word}`", dg.BetaWarning)
        yield


def asset_words(definition: Any, settings: Settings) -> dict[str, Any]:
    """What every asset of the platform says of itself to Dagster."""
    return {
        "key": definition.key,
        "group_name": definition.domain.name,
        "owners": [definition.domain.owner],
        "description": definition.description,
        "partitions_def": definition.domain.days(settings),
        "backfill_policy": dg.BackfillPolicy.single_run(),
        "required_resource_keys": {ENGINE, TABLES_IO},
        "pool": "/".join(definition.key.path),
    }


def parameters(function: Callable[..., Any], kind: Any) -> list[str]:
    """The names of a function's parameters of one kind."""
    return [p.name for p in inspect.signature(function).parameters.values() if p.kind is kind]


def asks_for_days(function: Callable[..., Any]) -> bool:
    """Whether a function wants the days of the run."""
    return DAYS in parameters(function, inspect.Parameter.KEYWORD_ONLY)


def asked_settings(function: Callable[..., Any]) -> list[str]:
    """The settings that a function asks for, by name: its keyword-only parameters but the days of the run."""
    return [name for name in parameters(function, inspect.Parameter.KEYWORD_ONLY) if name != DAYS]


def chosen_settings(function: Callable[..., Any], settings: Settings) -> Mapping[str, Any]:
    """The settings that a function asks for: its keyword-only parameters, by name."""
    wanted = asked_settings(function)
    unknown = [name for name in wanted if name not in type(settings).model_fields]
    if unknown:
        raise ValueError(f"{function.__name__} asks for {', '.join(unknown)}: there is no such setting")
    return {name: getattr(settings, name) for name in wanted}


def column_schema(contract: CompiledContract) -> dg.TableSchema:
    """The columns as the UI shows them."""
    return dg.TableSchema(
        columns=[
            dg.TableColumn(
                column.name,
                column.dtype.simpleString(),
                description=column.description,
                constraints=dg.TableColumnConstraints(
                    nullable=column.nullable,
                    unique=contract.key == (column.name,),
                    other=[rule.description for rule in column.rules if rule.kind == "value"],
                ),
            )
            for column in contract.columns
        ]
    )
