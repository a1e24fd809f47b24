"""`@table`: a contract and a transform joined into a daily table, and into the Dagster asset that builds it."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Protocol

import dagster as dg
from pyspark.sql import DataFrame

from platform_assets.assets.checks import check_specs
from platform_assets.assets.declared import TABLES_IO, DeclaredTable, Event, days_there_are, run_days
from platform_assets.assets.domain import Domain
from platform_assets.assets.provenance import Provenance
from platform_assets.assets.publication import column_schema, materialise
from platform_assets.assets.signature import BEFORE, DAYS, SO_FAR, named, place
from platform_assets.contracts.compiled import compiled
from platform_assets.contracts.contract import Contract
from platform_assets.errors import DeclarationError, naming
from platform_assets.lake.audit import Balance, Finding, audit, checks_of, refuse_floating
from platform_assets.lake.fingerprints import Fingerprints
from platform_assets.lake.tables.staging import Staged
from platform_assets.settings import Settings

Transform = Callable[..., DataFrame]


class Guard(Protocol):
    """Checks of a table that neither a rule of its contract nor a balance can say.

    `checks` are the names to what must hold, `warnings` those that stop nothing, `shows` the columns whose values are
    told. `judge` is given the staged rows, and
    the inputs by the names of their parameters.
    """

    @property
    def checks(self) -> Mapping[str, str]: ...
    @property
    def warnings(self) -> Collection[str]: ...
    @property
    def shows(self) -> Collection[str]: ...
    def judge(self, rows: DataFrame, inputs: Mapping[str, DataFrame], settings: Settings) -> list[Finding]: ...


@dataclass(frozen=True)
class TableDefinition(DeclaredTable):
    """A table made of others; calling it calls the transform, so tests and notebooks need no Dagster."""

    balances: tuple[Balance, ...] = ()
    guards: tuple[Guard, ...] = ()
    matched_by: tuple[str, ...] = ()

    def refuse(self) -> None:
        if self.key in map(self.reads, self.signature.same_day):
            raise DeclarationError(
                f"it reads itself: only the day before is there already, as {self.name}{BEFORE}, and all days before, "
                f"as {self.name}{SO_FAR}"
            )
        for name in self.signature.so_far:
            if self.reads(name) != self.key:
                raise DeclarationError(f"{name} is all days before of another table: only its own are there for sure")
        if not self.has_days and (self.signature.before or self.signature.so_far or self.signature.wants_days):
            raise DeclarationError("a table without days has none before: it reads other tables as a whole")
        for balance in self.balances:
            names = [*balance.sources, *balance.left_out]
            if len(names) > len(set(names)):
                raise DeclarationError(f"the balance {balance.name} has a total twice: {', '.join(names)}")
            for source in balance.sources:
                if source not in self.signature.frames:
                    raise DeclarationError(f"the balance {balance.name} is over {source}, which is no input")
            refuse_floating(balance, balance.staged, self.contract)
        if personal := [name for guard in self.guards for name in guard.shows if name in self.contract.personal]:
            raise DeclarationError(f"a guard would show values of {personal[0]}, which are personal: leave it out")
        if unread := [name for name in self.matched_by if name not in self.signature.same_day]:
            raise DeclarationError(f"matched_by names {unread[0]}, which it does not read")
        own = checks_of(self.contract, self.balances)
        if clash := [name for guard in self.guards for name in guard.checks if name in own]:
            raise DeclarationError(f"it has more than one check named {', '.join(clash)}: rename the others")

    def refuse_sources(self, tables: Mapping[dg.AssetKey, DeclaredTable]) -> None:
        for name in self.signature.frames:
            source: DeclaredTable = tables[self.reads(name)]
            if source.contract.has_events and not self.has_days:
                raise DeclarationError(
                    f"{name} is a raw table of events, which a table without days cannot read: read the table of the "
                    "good ones"
                )
            if name in self.matched_by and not (source.contract.versions and self.has_days):
                raise DeclarationError(f"matched_by names {name}, which is no history that a day is joined to")
            if name in self.matched_by and not set(source.contract.row_key) <= set(self.contract.names):
                raise DeclarationError(
                    f"matched_by names {name}, whose rows are known by {', '.join(source.contract.row_key)}: its own "
                    "rows must have these columns"
                )
            if not source.has_days and name not in self.signature.same_day:
                raise DeclarationError(f"{source.text_key} has no days, and so none before: read it as {source.name}")
        for balance in self.balances:
            for of, sql in balance.totals:
                refuse_floating(balance, sql, tables[self.reads(of)].contract)

    @property
    def checks(self) -> dict[str, str]:
        """The checks of the table, from their names to what must hold."""
        own = checks_of(self.contract, self.balances)
        return own | {name: said for guard in self.guards for name, said in guard.checks.items()}

    @property
    def warnings(self) -> set[str]:
        return super().warnings.union(*(guard.warnings for guard in self.guards))

    def __call__(self, *inputs: DataFrame, **settings: Any) -> DataFrame:
        """The transform itself."""
        rows: DataFrame = self.function(*inputs, **settings)
        return rows

    def asset(self, settings: Settings) -> dg.AssetsDefinition:
        """The Dagster asset: computes the run's days, stages and audits them; the IO manager publishes."""
        table = self.table(settings)
        arguments = self.arguments(settings)

        def compute(context: dg.AssetExecutionContext, **frames: DataFrame) -> Iterator[Event]:
            engine = context.resources.engine.engine
            days = run_days(context)
            tables = context.resources.tables
            for name in self.signature.before:
                frames[name] = tables.read_day(self.reads(name), days[0] - timedelta(days=1), context.log)
            for name in self.signature.so_far:
                frames[name] = tables.read_before(self.reads(name), days[0], context.log)
            for name in () if self.has_days else self.signature.same_day:
                frames[name] = tables.read_all(self.reads(name), context.log)
            rows = self.computed(frames, **arguments, **({DAYS: days} if self.signature.wants_days else {}))

            def judge(staged: Staged, prints: Fingerprints) -> list[Finding]:
                found = audit(staged, engine, self.balances, frames, self.contract.hidden(show_pii=settings.show_pii))
                for guard in self.guards:
                    found += guard.judge(staged.read(engine), frames, settings)
                return found

            reads = tables.reads(frames)
            made_from = Provenance(self, tables.catalog, days, reads)
            yield from materialise(context, table, engine, rows, judge, list(reads.values()), made_from)

        only_before = dict.fromkeys(map(self.reads, (*self.signature.before, *self.signature.so_far)))
        same_day = set(map(self.reads, self.signature.same_day))
        return self.make_asset(
            settings,
            compute,
            deps=[self._dependency(key) for key in only_before if key not in same_day] if self.has_days else same_day,
            check_specs=check_specs(self.key, self.checks, self.warnings),
            io_manager_key=TABLES_IO,
            kinds={"delta", "pyspark"},
            metadata={"dagster/column_schema": column_schema(self.contract)},
        )

    def _dependency(self, key: dg.AssetKey) -> dg.AssetDep:
        """What Dagster is told of a table that is only read for the day before: of another one, its same day.

        That day continues the one before, which is there, then. Told of the day before, a backfill would take the
        day after its last for one of its own.
        """
        if key == self.key:
            return dg.AssetDep(key, partition_mapping=days_there_are(-1))
        return dg.AssetDep(key, partition_mapping=self.other_days(key))


def table(
    contract: type[Contract],
    *,
    domain: Domain,
    inputs: Mapping[str, str] | None = None,
    balances: Sequence[Balance] = (),
    guards: Sequence[Guard] = (),
    matched_by: Sequence[str] = (),
) -> Callable[[Transform], TableDefinition]:
    """Declare a table: the decorated function, named as the table, is its transform.

    Its positional parameters name the tables of the domain that it reads, for the days of the run; with `_before`
    at its end, a table (also the declared one) is read for the day before them: no rows before the domain's
    first day. With `_so_far`, the declared table itself is read for all days before. Its keyword-only parameters are
    settings of the domain, but for `days`, the days of the run, in order.

    A table whose contract is `whole` has no days: it reads all that is published of other tables, and is replaced as a
    whole.

    `inputs` names tables by their keys, also those of other domains: with `inputs={"hits": "web/user_web_hits"}` the
    parameter `hits` (and `hits_before`) is that table. It has no rows on days before the other domain's first.
    `balances` are totals that must agree, `guards` further checks. Rows of a table that is `matched_by` some histories,
    which it names as its parameters, wait for what they name there: a day is due when it comes.

    Raises `UncompilableRule` when the contract cannot be compiled, and `DeclarationError` for a parameter that names
    no setting, a balance over no input, or with a total twice. Parameters that name no table are found when the
    definitions load. Each error begins with the file.
    """

    def declare(transform: Transform) -> TableDefinition:
        with naming(place(transform)):
            agreed = compiled(contract)
        return TableDefinition(
            domain,
            named(transform),
            transform,
            agreed,
            tuple(balances),
            tuple(guards),
            tuple(matched_by),
            inputs=inputs or {},
        )

    return declare
