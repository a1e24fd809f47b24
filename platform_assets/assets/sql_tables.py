"""`@sql_table`: rows of daily tables that are written into a table of a SQL database, and replaced there by periods."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, ClassVar

import dagster as dg
from pydantic import SecretStr
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from platform_assets.assets.checks import check_result, check_specs
from platform_assets.assets.declared import Declared, DeclaredTable, Event, run_days
from platform_assets.assets.domain import Domain
from platform_assets.assets.provenance import Provenance
from platform_assets.assets.publication import column_schema
from platform_assets.assets.signature import named, place, suggestion
from platform_assets.contracts.compiled import CompiledContract, compiled
from platform_assets.contracts.contract import Contract
from platform_assets.errors import DeclarationError, naming
from platform_assets.exports.sql import contracts
from platform_assets.exports.sql.addresses import Address
from platform_assets.exports.sql.loading import SqlTarget, StagedPeriods
from platform_assets.exports.sql.periods import Daily, Monthly, Period, month_of
from platform_assets.exports.sql.rows import Rows
from platform_assets.exports.sql.spool import Spool
from platform_assets.lake import storage
from platform_assets.lake.audit import COLUMNS, WINDOW, Finding, audit_columns, audit_rules, refuse
from platform_assets.lake.engines.engine import Engine
from platform_assets.lake.fingerprints import Fingerprints
from platform_assets.lake.tables.made import Known, Made
from platform_assets.lake.tables.reads import Source, refuse_changed
from platform_assets.settings import Settings, WrongSettings

SQL_IO = "sql"
EVERY_ROW = "every_row_written"
_ENDING = "_sql"


@dataclass(frozen=True)
class _Read:
    """What the function is called with, and what that was made from.

    It is of all days of a run, or of one `period`, which its `newest` day stands for.
    """

    frames: Mapping[str, DataFrame]
    sources: Sequence[Source]
    period: str | None = None
    newest: date | None = None


@dataclass(frozen=True)
class SqlTableDefinition(Declared):
    """A table of a database as its file declares it: a function that gives its rows, and what they must be.

    `database` is the setting of the domain that says which database.
    """

    written_to: ClassVar[str] = "PLATFORM_LAKE"

    contract: CompiledContract
    period: Period
    database: str

    def refuse(self) -> None:
        if self.signature.before or self.signature.so_far or self.signature.wants_days:
            raise DeclarationError("it shows the days of the run: it can ask for no other, nor for `days`")
        if not self.signature.same_day:
            raise DeclarationError("it shows a table: name it as a parameter")
        fields = self.domain.settings.model_fields
        if self.database not in fields:
            raise DeclarationError(f"url={self.database!r} is no setting. {suggestion(self.database, fields)}")
        if fields[self.database].annotation not in (SecretStr, SecretStr | None):
            raise DeclarationError(
                f"the setting {self.database} may hold a password, which nobody must see: declare it as "
                f"`{self.database}: SecretStr | None = None`"
            )
        contracts.refuse(self.table, self.contract, self.period)

    def refuse_sources(self, tables: Mapping[dg.AssetKey, DeclaredTable]) -> None:
        sources = [tables[self.reads(name)] for name in self.signature.same_day]
        if raw := [source.text_key for source in sources if source.contract.is_raw]:
            raise DeclarationError(f"{raw[0]} is a raw table, with rejected rows: show the table of the good ones")
        if not any(source.has_days for source in sources):
            raise DeclarationError("none of the tables that it reads has days, by which its rows are replaced")

    @property
    def description(self) -> str:
        return self.rows

    @property
    def contract_print(self) -> str:
        return self.contract.fingerprint

    @property
    def table(self) -> str:
        """The name of the table in the database."""
        return self.name.removesuffix(_ENDING)

    @property
    def variable(self) -> str:
        """The variable of the setting that says which database."""
        return f"{self.domain.prefix}{self.database.upper()}"

    @property
    def checks(self) -> dict[str, str]:
        """The checks, from their names to what must hold."""
        return {
            COLUMNS: "The columns and their types are the contract's",
            WINDOW: f"Every row is of the {self.period.what} that it stands for",
            **{rule.name: rule.description for rule in self.contract.rules},
            EVERY_ROW: "The database has every row that the function gives",
        }

    def url(self, settings: Settings) -> str:
        return self.records(settings).folder

    def left_out(self, settings: Settings) -> str:
        return "" if self._address(settings) else f"{self.variable} is not set: {self.text_key} is written nowhere"

    def _address(self, settings: Settings) -> Address | None:
        secret: SecretStr | None = getattr(self.domain.values(settings), self.database)
        if not secret:
            return None
        hides_values = bool(self.contract.hidden(show_pii=settings.show_pii))
        return replace(Address.of(self.variable, secret.get_secret_value()), hides_values=hides_values)

    def target(self, settings: Settings) -> SqlTarget | None:
        """The table in the database, None when no URL is set; raises `WrongSettings` for a URL of no database."""
        address = self._address(settings)
        if address is None:
            return None
        return SqlTarget(self.text_key, self.table, self.contract, self.period, address, self.records(settings))

    def known(self, settings: Settings) -> Known:
        target = self.target(settings)
        return target.known() if target else Known({})

    def asset(self, settings: Settings) -> dg.AssetsDefinition:
        """The Dagster asset: lets the engine write rows aside, and looks at them; the IO manager loads them."""
        target = self.target(settings)
        deps = [dg.AssetDep(key, partition_mapping=self.other_days(key)) for key in self.sources]
        if target is None:
            return self._left_out(settings, deps)
        arguments = self.arguments(settings)

        def compute(context: dg.AssetExecutionContext, **frames: DataFrame) -> Iterator[Event]:
            engine: Engine = context.resources.engine.engine
            days = run_days(context)
            periods = list(dict.fromkeys(map(self.period.of, days)))
            spool = Spool.of(target.records.folder, context.run.run_id, self.contract, self.period)
            with storage.removed_afterwards(spool.url):
                storage.remove(spool.url)  # of an attempt before
                reads = self._reads(context, days, frames)
                columns = self._write(engine, spool, reads, arguments)
                yield check_result(self.key, columns)
                if refused := refuse([columns], self.text_key):
                    raise refused
                rows = spool.rows()
                hidden = self.contract.hidden(show_pii=settings.show_pii)
                findings = self._judge(engine, spool, rows, periods, hidden)
                if refused := refuse(findings, self.text_key):
                    # What is wrong with rows that are out of date is of no use.
                    refuse_changed([source for read in reads for source in read.sources], self.text_key)
                for finding in findings:
                    yield check_result(self.key, finding)
                    if finding.warning and not finding.passed:
                        context.log.warning("%s: %s: %s", self.text_key, finding.check, finding.summary)
                if refused:
                    raise refused
                staged = StagedPeriods(
                    target,
                    {period: rows.get(period, Rows(self.contract)) for period in periods},
                    {period: _sources(reads, period) for period in periods},
                    self._made(context, reads, days, rows),
                )
                yield dg.Output(staged)
                written = sum(staged.written.values())
                said = f"{written} rows are in the database, {staged.count} were given"
                yield check_result(self.key, Finding(EVERY_ROW, written == staged.count, said))

        # Of a month other days are read than those of the run.
        read_by_itself: dict[str, Any] = {"handed": (), "deps": deps} if isinstance(self.period, Monthly) else {}
        return self.make_asset(
            settings,
            compute,
            check_specs=check_specs(self.key, self.checks, {rule.name for rule in self.contract.rules if rule.warning}),
            io_manager_key=SQL_IO,
            kinds={target.address.dialect},
            metadata={"dagster/column_schema": column_schema(self.contract), "database": target.place},
            **read_by_itself,
        )

    def _left_out(self, settings: Settings, deps: Sequence[dg.AssetDep]) -> dg.AssetsDefinition:
        """The asset while no database is set: it reads nothing, and materialises nothing."""
        said = self.left_out(settings)

        def compute(context: dg.AssetExecutionContext, **frames: DataFrame) -> Iterator[Event]:
            context.log.warning("%s.", said)
            yield from ()

        metadata = {"dagster/column_schema": column_schema(self.contract), "database": f"none: {said}"}
        return self.make_asset(
            settings, compute, handed=(), deps=deps, output_required=False, kinds={"sql"}, metadata=metadata
        )

    def _reads(
        self, context: dg.AssetExecutionContext, days: Sequence[date], frames: Mapping[str, DataFrame]
    ) -> list[_Read]:
        """What is read: the run's days at once, or of each of their months the newest day that is published."""
        tables = context.resources.tables
        if isinstance(self.period, Daily):
            return [_Read(frames, list(tables.reads(frames).values()))]
        keys = {name: self.reads(name) for name in self.signature.same_day}
        daily = {key for key in keys.values() if tables.catalog[key].has_days}
        whole = {name: tables.read_all(key, context.log) for name, key in keys.items() if key not in daily}
        months = list(dict.fromkeys(map(month_of, days)))
        found = []
        newest = tables.read_newest(daily, days, months, context.log)
        for (first, _), (day, by_key, sources) in zip(months, newest, strict=True):
            its = {name: whole[name] if name in whole else by_key[key] for name, key in keys.items()}
            every = [*sources, *tables.reads(whole).values()]
            found.append(_Read(its, every, self.period.of(first), day))
        return found

    def _write(self, engine: Engine, spool: Spool, reads: Sequence[_Read], arguments: Mapping[str, Any]) -> Finding:
        """Let the engine write the rows aside, unless their columns are others; what is found of these."""
        columns = Finding(COLUMNS, True, "no rows")
        for read in reads:
            rows = self.computed(read.frames, **arguments)
            columns = audit_columns(self.contract, rows)
            if not columns.passed:
                break
            spool.add(engine, rows, F.col(self.period.column) if read.period is None else F.lit(read.period))
        return columns

    def _judge(
        self, engine: Engine, spool: Spool, rows: Mapping[str, Rows], periods: Sequence[str], hidden: Sequence[str]
    ) -> list[Finding]:
        """What is found of the rows that were written aside."""
        total = sum(its.count for its in rows.values())
        others = spool.of_others(rows, periods)
        count = sum(others.values())
        said = f"all rows are of the {self.period.what} that they stand for"
        if count:
            said = (
                f"{count} of {total} rows are of another {self.period.what} than they stand for, such as {min(others)}"
            )
        window = Finding(WINDOW, not count, said, details={"rows": count})
        if not total:
            return [window, *(Finding(rule.name, True, rule.description) for rule in self.contract.rules)]
        found, _ = audit_rules(self.contract.rules, engine, spool.read(engine), total, hidden=hidden)
        return [window, *found]

    def _made(
        self, context: dg.AssetExecutionContext, reads: Sequence[_Read], days: Sequence[date], rows: Mapping[str, Rows]
    ) -> dict[str, list[Made]]:
        """The records of the run's days by period, and those of the days that stand for their months."""
        tables = context.resources.tables
        every = sorted({*days, *(read.newest for read in reads if read.newest)})
        counts = {day: its.count for day in every if (its := rows.get(self.period.of(day)))}
        read = next((read for read in reads if read.newest), reads[0])
        made_from = Provenance(self, tables.catalog, every, tables.reads(read.frames))
        found: dict[str, list[Made]] = {}
        for made in made_from.records(f"{context.run.run_id}/{context.retry_number}", Fingerprints(), rows=counts):
            found.setdefault(self.period.of(made.day), []).append(made)
        return found


def refuse_same_places(tables: Iterable[SqlTableDefinition], settings: Settings) -> None:
    """Raise `WrongSettings` for what is no database, and when two would be written over each other in one."""
    places: dict[str, SqlTableDefinition] = {}
    for one in tables:
        target = one.target(settings)
        if target and (other := places.setdefault(target.place, one)) is not one:
            raise WrongSettings(
                f"{other.text_key} and {one.text_key} would be written over each other, to {target.place}: let "
                f"{other.variable} or {one.variable} name another database, or rename one."
            )


def _sources(reads: Sequence[_Read], period: str) -> list[Source]:
    """What a period was made from."""
    return [source for read in reads if read.period in (None, period) for source in read.sources]


def sql_table(
    contract: type[Contract], period: Period, *, domain: Domain, url: str, inputs: Mapping[str, str] | None = None
) -> Callable[[Callable[..., DataFrame]], SqlTableDefinition]:
    """Declare a table of a SQL database: the decorated function, named as the table and `_sql`, gives its rows.

    Its positional parameters name the tables of the domain that it reads, or those that `inputs` gives by their keys;
    its keyword-only parameters are settings of the domain. Its docstring describes the table.

    `contract` says what the rows must be: columns, NOT NULL, the primary key (`unique`), rules. With `Daily("day")`
    each day of a run replaces the rows of that day. With `Monthly("month")` a run of any day of a month replaces its
    rows by those of the newest day of it that is published; of a contract with days the day is left out then.

    `url` names the setting of the domain, a `SecretStr | None`, that says which database:
    `postgresql://user:password@host/database`, `mysql://...` (MariaDB, too) or `sqlite:////folder/file.db`. While it is
    not set, the table is written nowhere.

    Raises `UncompilableRule` when the contract cannot be compiled, and `DeclarationError`, with the file, for what no
    table of a database could hold, a setting that may be seen, and parameters that name no table or setting.
    """

    def declare(function: Callable[..., DataFrame]) -> SqlTableDefinition:
        with naming(place(function)):
            if not isinstance(period, (Daily, Monthly)):
                raise DeclarationError(f"{period!r} is no period: write Daily(column) or Monthly(column)")
            agreed = contracts.written(compiled(contract), period)
        return SqlTableDefinition(domain, named(function), function, agreed, period, url, inputs=inputs or {})

    return declare
