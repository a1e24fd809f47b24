"""`@raw_table`: a feed and a contract joined into a raw table that keeps every delivered row with its violations."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import dagster as dg
from pyspark.sql import Column, DataFrame

from platform_assets.assets.catalog import Catalog
from platform_assets.assets.checks import check_specs
from platform_assets.assets.declared import TABLES_IO, DeclaredTable, Event, run_days
from platform_assets.assets.domain import LANDING, Domain
from platform_assets.assets.explanations import explaining
from platform_assets.assets.late_rows import LATE, LATE_SAID, changed_days, late_rows
from platform_assets.assets.provenance import Provenance
from platform_assets.assets.publication import column_schema, materialise
from platform_assets.assets.signature import keys_returned, named, place, suggestion
from platform_assets.contracts.compiled import ColumnSpec, compiled
from platform_assets.contracts.contract import OTHERS, RAW, RawRows
from platform_assets.errors import DeclarationError, naming
from platform_assets.lake import storage
from platform_assets.lake.audit import Finding, audit, checks_of
from platform_assets.lake.engines.engine import Engine
from platform_assets.lake.fingerprints import Fingerprints
from platform_assets.lake.tables.staging import RUNS, Staged
from platform_assets.landing.copies import Place, contents_read
from platform_assets.landing.counts import FileCount, counted, files_read
from platform_assets.landing.delivery_checks import (
    ALLOW_EMPTIED,
    WARNINGS,
    Limits,
    counted_later,
    delivery_checks,
    judge_delivery,
    whole_snapshots,
)
from platform_assets.landing.feeds import Feed
from platform_assets.landing.first_look import LandedFile
from platform_assets.landing.named_values import no_rejected_values
from platform_assets.landing.rejected import Rows
from platform_assets.landing.rows import Key, default_parse, judged, refuse_unparsable
from platform_assets.settings import Settings, recorded

Parse = Callable[..., Mapping[str, Column]]
Columns = str | Sequence[str]
_YES = ("1", "true", "yes", "on")


@dataclass(frozen=True)
class RawTableDefinition(DeclaredTable):
    """A table of a feed's rows: of events with their `event_time`, or of what is known by its `rows_key`.

    Each delivery of a `snapshot` feed is the whole of it.
    """

    feed: Feed
    event_time: str | None = None
    rows_key: Key | None = None
    is_snapshot: bool = False

    def refuse(self) -> None:
        if self.signature.frames or self.signature.wants_days:
            raise DeclarationError("a raw table reads its feed alone: its parameters are settings, after a `*`")
        names = [column.name for column in self.sourced]
        if self.event_time and self.event_time not in names:
            raise DeclarationError(f"event_time={self.event_time!r} is no column that the feed fills")
        if bool(self.event_time) != self.contract.has_events:
            raise DeclarationError(
                "events have an event_time and a RawContract, which gives them their day; rows that are no events have "
                "neither: derive their contract from RawRows"
            )
        for name in self.rows_key.columns if self.rows_key else ():
            if name not in names:
                raise DeclarationError(f"it says that {name} tells its rows apart, and the feed fills no such column")
            if not next(column.source.required for column in self.sourced if column.source and column.name == name):
                raise DeclarationError(f"{name} tells its rows apart, and so none can be without: write required=True")
        checks_of(self.contract)
        self._refuse_columns()

    def _refuse_columns(self) -> None:
        """Raise `DeclarationError` for columns that nothing could fill as they say."""
        named_by = [name for one in self.sourced if one.source for name in (one.source.field, *one.source.aliases)]
        if twice := [name for name in named_by if named_by.count(name) > 1]:
            raise DeclarationError(f"two of its columns are filled by a field named {twice[0]}: leave one out")
        parsed = keys_returned(self.function)
        for column in self.sourced:
            if parsed is not None and column.name not in parsed:
                refuse_unparsable(column)
            if column.source and column.source.named and self.feed.headed:
                raise DeclarationError(f"{column.name} is of named values, which only JSON lines have")
            if column.source and not all(each.has_header for each in self.feed.formats):
                if column.source.aliases:
                    raise DeclarationError(f"{column.name} has aliases, which only a header can have: leave them out")
                if column.source.field == OTHERS:
                    raise DeclarationError(f"{column.name} is of all other fields, which only a header names: drop it")

    @property
    def landing_key(self) -> dg.AssetKey:
        """The feed in landing, as the asset that others deliver."""
        return dg.AssetKey([LANDING, self.feed.name])

    @property
    def sourced(self) -> list[ColumnSpec]:
        """The columns that the feed fills."""
        return self.contract.sourced

    @property
    def checks(self) -> dict[str, str]:
        """The checks of the table, from their names to what must hold."""
        late = {LATE: LATE_SAID} if self.event_time else {}
        return (
            checks_of(self.contract)
            | late
            | self._values_checks
            | delivery_checks(self.feed, is_snapshot=self.is_snapshot)
        )

    @property
    def warnings(self) -> set[str]:
        return super().warnings | WARNINGS | {LATE, *self._values_checks}

    @property
    def _values_checks(self) -> dict[str, str]:
        """The checks of named values, of which some may be rejected by themselves."""
        return {check: f"Every value of {column.rejects} can be stored" for check, column in self._rejecting.items()}

    @property
    def _rejecting(self) -> dict[str, ColumnSpec]:
        """The columns that list rejected values, by the names of their checks."""
        return {f"no_{column.name}": column for column in self.contract.columns if column.rejects}

    def read(self, engine: Engine, files: Sequence[LandedFile], settings: Settings, room: str) -> DataFrame:
        """The lines of landed files as the raw table's rows, good and rejected; `room` is a folder of the run."""
        fields = self.feed.read(engine, files, self.sourced, room)
        first_day = self.domain.first_day(settings)
        parsed = self.parsed(settings)
        return judged(fields, self.contract, parsed, event_time=self.event_time, first_day=first_day, key=self.rows_key)

    def parsed(self, settings: Settings) -> Mapping[str, Column]:
        """How each of the feed's columns is parsed; raises `DeclarationError`, with the file, where nothing says so."""
        with explaining(self.text_key, self.function, {}):
            parsed = self.function(**self.arguments(settings))
        names = [column.name for column in self.sourced]
        with self.in_file():
            if not isinstance(parsed, Mapping):
                raise DeclarationError(f"it gave {type(parsed).__name__}: `return` a dict of columns, {{}} for none")
            for name in parsed:
                if name not in names:
                    raise DeclarationError(f"it parses {name}, which the feed does not fill. {suggestion(name, names)}")
            own = {name: column for name, column in parsed.items() if column is not None}
            return {c.name: own[c.name] if c.name in own else default_parse(c) for c in self.sourced}

    def landing_spec(self, settings: Settings) -> dg.AssetSpec:
        """The feed as an asset that is delivered, not built, here."""
        return dg.AssetSpec(
            self.landing_key,
            description=f"Files of the feed {self.feed.name} ({', '.join(self.feed.suffixes)}, plain or .gz), "
            f"delivered to `{storage.join(settings.landing, self.feed.name)}/<YYYY-MM-DD>/`.",
            group_name=LANDING,
            owners=[self.domain.owner],
            partitions_def=self.domain.days(settings),
        )

    def asset(self, settings: Settings) -> dg.AssetsDefinition:
        """The Dagster asset: reads the deliveries of the run's days, keeps every row, judges the delivery."""
        table = self.table(settings)

        def compute(context: dg.AssetExecutionContext) -> Iterator[Event]:
            engine = context.resources.engine.engine
            days = run_days(context)
            catalog: Catalog = context.resources.tables.catalog
            others = self._contents_of_others(catalog, days)
            first_day = self.domain.first_day(settings)
            delivered = self.feed.landed(settings.landing, days, self.sourced, first_day, others)
            limits = self.limits(settings, context.run.tags)
            run = storage.join(table.url, RUNS, context.run.run_id)
            room = storage.join(run, "_landing")

            files: dict[date, str] = {}

            def judge(staged: Staged, prints: Fingerprints) -> list[Finding]:
                rows = staged.read(engine)
                by_file = counted(rows, delivered.files)
                every = [*by_file, *map(FileCount, (*delivered.without_rows, *delivered.rejected))]
                read = files_read(every, by_content=self.feed.once)
                files.update({day: json.dumps([file.told for file in read.get(day, [])]) for day in days})
                late = [self._late_rows(context, prints)] if self.event_time else []
                hidden = self.contract.hidden(show_pii=settings.show_pii)
                findings = [*audit(staged, engine, (), {}, hidden), *late]
                findings += [no_rejected_values(check, rows, one.name) for check, one in self._rejecting.items()]
                shown = Rows(rows, hides_text=RAW in hidden)
                findings += judge_delivery(shown, staged, delivered, limits, self.feed, by_file)
                if self.feed.once:
                    findings.append(counted_later(delivered, others, self.domain.name))
                return [*findings, *([whole_snapshots(delivered, by_file)] if self.is_snapshot else [])]

            made_from = Provenance(self, catalog, days, {})
            try:
                with storage.removed_afterwards(room):
                    rows = self.read(engine, delivered.files, settings, room) if delivered.files else None
                    yield from materialise(context, table, engine, rows, judge, [delivered], made_from, files)
            finally:
                storage.remove_empty_folder(run)

        return self.make_asset(
            settings,
            compute,
            deps=[self.landing_key],
            check_specs=check_specs(self.key, self.checks, self.warnings),
            io_manager_key=TABLES_IO,
            kinds={"delta", "pyspark"},
            metadata={"dagster/column_schema": column_schema(self.contract)},
        )

    def _contents_of_others(self, catalog: Catalog, days: Sequence[date]) -> list[tuple[Place, str]]:
        """The contents of files that were delivered on other days than these, where one content counts once."""
        if not self.feed.once:
            return []
        made = catalog.tables[self.key].known().made
        return contents_read({day: record.files_read for day, record in made.items() if record and day not in days})

    def _late_rows(self, context: dg.AssetExecutionContext, prints: Fingerprints) -> Finding:
        """Whether the run changes good rows of days that are built, and that it does not build itself."""
        catalog: Catalog = context.resources.tables.catalog
        days = run_days(context)
        known = catalog.tables[self.key].known()
        if known.unknown:
            said = "what was delivered on some days is not known: `apply --adopt` takes them as they are"
            return Finding(LATE, True, said, True)
        changed = changed_days(known, prints, days)
        readers = [one for one in catalog.readers(self.key) if isinstance(one, DeclaredTable) and one.signature.frames]
        built = {one.text_key: catalog.tables[one.key].known().made for one in readers} if changed else {}
        chosen = context.run.asset_selection
        again = {one.text_key: days for one in readers if chosen is None or one.key in chosen}
        return late_rows(changed, built, again, self.domain.name)

    def own_settings(self, settings: Settings) -> dict[str, str]:
        """The settings of its parser, and the first day: rows of days before are rejected."""
        first_day = recorded(self.domain.values(settings), self.domain.prefix, ["start"])
        return super().own_settings(settings) | first_day

    def limits(self, settings: Settings, tags: Mapping[str, str]) -> Limits:
        """What a delivery of a run with these tags may have."""
        allowed = settings.allow_emptied or tags.get(ALLOW_EMPTIED, "").lower() in _YES
        return Limits(settings.reject_limit(self.feed.name), settings.reject_rows, allowed)


def raw_table(
    contract: type[RawRows],
    feed: Feed,
    *,
    domain: Domain,
    event_time: str | None = None,
    snapshot_of: Columns = (),
    versions_of: Columns = (),
) -> Callable[[Parse], RawTableDefinition]:
    """Declare a raw table: the decorated function, named as the table, gives the columns with a parse of their own.

    It returns column names to expressions over the struct `text` of the fields' text and the file's `format` (NULL
    for what is invalid); its keyword-only parameters are settings of the domain. What the rows are is said in one of
    three ways:

    - `event_time` names the column of an event's time, whose UTC day is the event's. The contract is a `RawContract`.
    - `snapshot_of` names the columns by which rows of another table are known, such as `"purchase_id"`: each delivery
      is that table as it was on the day. A key that it has twice has all its rows rejected, as
      `duplicate_purchase_id`; a delivery without a good row stops the run. The contract is a `RawRows`.
    - `versions_of` names the columns by which rows are known of which a delivery has some, new ones or corrected.
      Equal rows of a delivery are one, others with the same key are rejected. The contract is a `RawRows`.

    Raises `UncompilableRule` when the contract cannot be compiled, and `DeclarationError` for a parameter that names
    no setting, for names that are no columns, and for a column of a type without a parser that the function does not
    name; each begins with the file.
    """

    def declare(parse: Parse) -> RawTableDefinition:
        with naming(place(parse)):
            agreed = compiled(contract)
            if bool(event_time) + bool(snapshot_of) + bool(versions_of) > 1:
                raise DeclarationError("its rows are of one kind: give one of event_time, snapshot_of and versions_of")
        names = snapshot_of or versions_of
        columns = (names,) if isinstance(names, str) else tuple(names)
        key = Key(columns, equal_are_one=bool(versions_of)) if columns else None
        return RawTableDefinition(domain, named(parse), parse, agreed, feed, event_time, key, bool(snapshot_of))

    return declare
