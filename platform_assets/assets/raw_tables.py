"""`@raw_table`: a feed and a contract joined into a raw table that keeps every delivered row with its violations."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import reduce
from operator import or_

import dagster as dg
import pyspark.sql.types as T
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from platform_assets.assets.domain import Domain
from platform_assets.assets.tables import (
    TABLES_IO,
    DeclaredTable,
    Event,
    asset_words,
    chosen_settings,
    column_schema,
    make_asset,
    materialise,
    run_days,
)
from platform_assets.contracts.compiled import ColumnSpec, compiled
from platform_assets.contracts.contract import RawContract
from platform_assets.lake import storage
from platform_assets.lake.audit import Finding, audit, check_specs
from platform_assets.lake.engines.engine import Engine
from platform_assets.lake.tables.table import RUNS, Staged
from platform_assets.landing.deliveries import LandedFile
from platform_assets.landing.delivery_checks import delivery_checks, judge_delivery
from platform_assets.landing.feeds import Feed
from platform_assets.landing.lines import LINE
from platform_assets.settings import Settings

_INTEGER = r"\A-?[0-9]+\z"


Parse = Callable[..., Mapping[str, Column]]


@dataclass(frozen=True)
class RawTableDefinition(DeclaredTable):
    """A table of a feed's rows."""

    feed: Feed
    parse: Parse
    event_time: str | None

    @property
    def landing_key(self) -> dg.AssetKey:
        """The feed in landing, as the asset that others deliver."""
        return dg.AssetKey(["landing", self.feed.name])

    def inputs(self) -> list[str]:
        """A raw table reads no other table."""
        return []

    @property
    def sourced(self) -> list[ColumnSpec]:
        """The columns that the feed fills."""
        return [column for column in self.contract.columns if column.source]

    def read(self, engine: Engine, files: Sequence[LandedFile], settings: Settings, room: str) -> DataFrame:
        """The lines of landed files as the raw table's rows, good and rejected; `room` is a folder of the run."""
        columns = self.sourced
        fields = _trimmed(self.feed.read(engine, files, columns, room), columns)
        parsed = self.parse(**chosen_settings(self.parse, settings))
        rows = fields.withColumns({f"typed_{c.name}": _well_typed(c, parsed.get(c.name)) for c in columns})
        first = self.domain.first_day(settings)
        day = F.to_date(f"typed_{self.event_time}") if self.event_time else F.lit(None).cast("date")
        rows = rows.withColumn("day", day)
        rows = rows.withColumn("violations", violations(columns, first if self.event_time else None))
        rejected = F.size("violations") > 0
        return rows.select(
            *[F.col(f"typed_{c.name}").alias(c.name) for c in columns],
            "delivery_day",
            "day",
            "source_file",
            F.when(rejected, F.col(LINE)).alias("raw"),
            "violations",
            "extra_fields",
        )

    def landing_spec(self, settings: Settings) -> dg.AssetSpec:
        """The feed as an asset that is delivered, not built, here."""
        return dg.AssetSpec(
            self.landing_key,
            description=f"Files of the feed {self.feed.name} ({', '.join(self.feed.suffixes)}, plain or .gz), "
            f"delivered to {storage.join(settings.landing, self.feed.name)}/<YYYY-MM-DD>/.",
            group_name="landing",
            owners=[self.domain.owner],
            partitions_def=self.domain.days(settings),
        )

    def asset(self, settings: Settings) -> dg.AssetsDefinition:
        """The Dagster asset: reads the deliveries of the run's days, keeps every row, judges the delivery."""
        table = self.table(settings)

        def compute(context: dg.AssetExecutionContext) -> Iterator[Event]:
            engine = context.resources.engine.engine
            days = run_days(context)
            delivered = self.feed.landed(settings.landing, days, self.sourced)
            run = storage.join(table.url, RUNS, context.run.run_id)
            room = storage.join(run, "_landing")

            def judge(staged: Staged) -> list[Finding]:
                findings = audit(staged, engine, (), {})
                return findings + judge_delivery(
                    staged.read(engine), staged, delivered, self.limits(settings), self.feed
                )

            try:
                rows = self.read(engine, delivered.files, settings, room) if delivered.files else None
                yield from materialise(context, table, engine, rows, judge)
            finally:
                storage.remove(room)
                storage.remove_empty_folder(run)

        return make_asset(
            compute,
            **asset_words(self, settings),
            deps=[self.landing_key],
            check_specs=check_specs(self.contract, self.key, ()) + delivery_checks(self.key, self.feed),
            io_manager_key=TABLES_IO,
            kinds={"delta", "pyspark"},
            metadata={"dagster/column_schema": column_schema(self.contract)},
        )

    def limits(self, settings: Settings) -> tuple[float, int]:
        """Share and number of rejected rows above which a delivery is refused."""
        return settings.reject_limit(self.feed.name), settings.reject_rows


def raw_table(
    contract: type[RawContract], feed: Feed, *, domain: Domain, event_time: str | None = None
) -> Callable[[Parse], RawTableDefinition]:
    """Declare a raw table: the decorated function, named as the table, gives the columns with a parse of their own.

    It returns column names to expressions over the struct `text` of the fields' text and the file's `format` (NULL
    for what is invalid); its keyword-only parameters are settings. `event_time` names the column whose UTC day is the
    event's.
    """

    def declare(parse: Parse) -> RawTableDefinition:
        return RawTableDefinition(domain, parse.__name__, compiled(contract), feed, parse, event_time)

    return declare


def default_parse(column: ColumnSpec) -> Column:
    """A field's text as the column's type, NULL when it is not of the type as written, or beyond its range.

    Raises `ValueError` for types that need a parse of their own, such as timestamps: their formats differ.
    """
    text = F.col(f"text.{column.name}")
    if isinstance(column.dtype, T.StringType):
        return text
    if isinstance(column.dtype, T.IntegralType):
        return F.when(text.rlike(_INTEGER), text.try_cast(column.dtype))
    raise ValueError(f"{column.name}: a column of type {column.dtype.simpleString()} needs a parse of its own")


def _trimmed(fields: DataFrame, columns: Sequence[ColumnSpec]) -> DataFrame:
    """The fields, without the blanks around those that are trimmed."""
    text = F.col("text")
    for column in columns:
        if column.source and column.source.trimmed:
            value = F.btrim(text[column.name], F.lit(" \t"))
            text = text.withField(column.name, F.when(value != "", value))
    return fields.withColumn("text", text)


def _well_typed(column: ColumnSpec, parsed: Column | None) -> Column:
    value = default_parse(column) if parsed is None else parsed
    return F.when(~F.col(f"mistyped.{column.name}"), value)


def violations(columns: Sequence[ColumnSpec], first_day: date | None) -> Column:
    """All rules that a row breaks, by name.

    A line that is not UTF-8, or cannot be parsed, breaks only that rule: nobody knows what it should have said.
    """
    broken: dict[str, Column] = {}
    for column in columns:
        assert column.source is not None
        value, mistyped = F.col(f"typed_{column.name}"), F.col(f"mistyped.{column.name}")
        delivered = F.col(f"text.{column.name}").isNotNull() | mistyped
        invalid = delivered & value.isNull()
        for rule in column.rules:
            invalid = invalid | F.expr(rule.broken.replace(f"`{column.name}`", f"`typed_{column.name}`"))
        if column.source.required:
            broken[f"missing_{column.name}"] = ~delivered
        broken[f"invalid_{column.name}"] = invalid
    if first_day:
        broken["before_start"] = F.col("day") < F.lit(first_day)
        broken["after_delivery"] = F.col("day") > F.date_add("delivery_day", 1)
    alone = {"not_utf8": F.col("not_utf8"), "malformed": F.col("malformed")}
    # Hardly any row breaks a rule: for the others no list of names is made and thinned out.
    any_broken = reduce(or_, (F.coalesce(condition, F.lit(False)) for condition in broken.values()))
    names = F.array_compact(F.array(*[F.when(condition, F.lit(name)) for name, condition in broken.items()]))
    found = F.when(any_broken, names).otherwise(F.array().cast("array<string>"))
    for name, condition in reversed(alone.items()):
        found = F.when(condition, F.array(F.lit(name))).otherwise(found)
    return found
