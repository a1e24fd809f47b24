"""`@raw_table`: a feed and a contract joined into a raw table that keeps every delivered row with its violations."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Protocol

import dagster as dg
import pyspark.sql.types as T
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from platform_assets.contracts.compiled import ColumnSpec, CompiledContract, compiled
from platform_assets.contracts.contract import RawContract
from platform_assets.domain import Domain
from platform_assets.lake import storage
from platform_assets.lake.audit import Finding, audit, check_specs
from platform_assets.lake.tables import Staged, Table
from platform_assets.landing.deliveries import Landed, blank_lines, landed
from platform_assets.landing.lines import LINE, read_lines
from platform_assets.settings import Settings
from platform_assets.table import (
    TABLES_IO,
    Event,
    asset_words,
    chosen_settings,
    column_schema,
    materialise,
    run_days,
)

LIMIT = "reject_limit"
EVERY_LINE = "every_line_kept"
UNKNOWN = "no_unknown_files"
EMPTY = "no_empty_files"
_INTEGER = r"\A-?[0-9]{1,19}\z"


class Format(Protocol):
    """A feed: its folder in landing, the suffixes of its files, and how a line becomes fields."""

    @property
    def name(self) -> str: ...
    @property
    def suffixes(self) -> tuple[str, ...]: ...
    def read(self, lines: DataFrame, columns: Sequence[ColumnSpec]) -> DataFrame: ...


Parse = Callable[..., Mapping[str, Column]]


@dataclass(frozen=True)
class RawTableDefinition:
    """A raw table as its file declares it."""

    domain: Domain
    name: str
    contract: CompiledContract
    feed: Format
    parse: Parse
    event_time: str | None

    @property
    def key(self) -> dg.AssetKey:
        """`<domain>/<table>`."""
        return self.domain.key(self.name)

    @property
    def description(self) -> str:
        """What the table is, for its users."""
        return self.contract.description

    @property
    def landing_key(self) -> dg.AssetKey:
        """The feed in landing, as the asset that others deliver."""
        return dg.AssetKey(["landing", self.feed.name])

    def inputs(self) -> list[str]:
        """A raw table reads no other table."""
        return []

    def table(self, settings: Settings) -> Table:
        """Where the table lies in the lake."""
        return self.domain.table(self.name, self.contract, settings)

    def read(self, lines: DataFrame, settings: Settings) -> DataFrame:
        """Lines (line, not_utf8, delivery_day, source_file) as the raw table's rows, good and rejected."""
        columns = [column for column in self.contract.columns if column.source]
        fields = self.feed.read(lines, columns)
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
            delivered = landed(settings.landing, self.feed.name, self.feed.suffixes, days)
            room = storage.join(table.url, "runs", context.run.run_id, "_landing")
            rows = None
            if delivered.files:
                rows = self.read(read_lines(engine, delivered.files, room), settings)

            def judge(staged: Staged) -> list[Finding]:
                findings = audit(staged, engine, (), {})
                return findings + judge_delivery(staged.read(engine), staged, delivered, self.limits(settings))

            try:
                yield from materialise(context, table, engine, rows, judge)
            except BaseException:
                storage.remove(storage.join(table.url, "runs", context.run.run_id))
                raise

        return dg.asset(
            **asset_words(self, settings),
            deps=[self.landing_key],
            check_specs=check_specs(self.contract, self.key, ()) + self.delivery_checks(),
            io_manager_key=TABLES_IO,
            kinds={"delta", "pyspark"},
            metadata={"dagster/column_schema": column_schema(self.contract)},
        )(compute)

    def limits(self, settings: Settings) -> tuple[float, int]:
        """Share and number of rejected rows above which a delivery is refused."""
        return settings.reject_limit(self.feed.name), settings.reject_rows

    def delivery_checks(self) -> list[dg.AssetCheckSpec]:
        """The checks of a delivery as a whole."""
        described = {
            LIMIT: "No delivery day has more rejected rows than the feed's limit",
            EVERY_LINE: "Every line of every file that is not blank is a row of the table",
            UNKNOWN: "Every delivered file has a suffix that the feed knows",
            EMPTY: "No delivered file is empty",
        }
        return [dg.AssetCheckSpec(name, asset=self.key, description=text) for name, text in described.items()]


def raw_table(
    contract: type[RawContract], feed: Format, *, domain: Domain, event_time: str | None = None
) -> Callable[[Parse], RawTableDefinition]:
    """Declare a raw table: the decorated function, named as the table, gives the columns with a parse of their own.

    It returns column names to expressions over the struct `text` of the fields' text (NULL for what is invalid);
    its keyword-only parameters are settings. `event_time` names the column whose UTC day is the event's.
    """

    def declare(parse: Parse) -> RawTableDefinition:
        return RawTableDefinition(domain, parse.__name__, compiled(contract), feed, parse, event_time)

    return declare


def default_parse(column: ColumnSpec) -> Column:
    """A field's text as the column's type, NULL when it is not of the type as written.

    Raises `ValueError` for types that need a parse of their own, such as timestamps: their formats differ.
    """
    text = F.col(f"text.{column.name}")
    if isinstance(column.dtype, T.StringType):
        return text
    if isinstance(column.dtype, T.IntegralType):
        return F.when(text.rlike(_INTEGER), text.try_cast(column.dtype))
    raise ValueError(f"{column.name}: a column of type {column.dtype.simpleString()} needs a parse of its own")


def _well_typed(column: ColumnSpec, parsed: Column | None) -> Column:
    value = default_parse(column) if parsed is None else parsed
    if column.source and column.source.text:
        return F.when(~F.col(f"mistyped.{column.name}"), value)
    return value


def violations(columns: Sequence[ColumnSpec], first_day: date | None) -> Column:
    """All rules that a row breaks, by name; what cannot be parsed at all breaks only that rule."""
    broken: list[Column] = []
    for column in columns:
        assert column.source is not None
        text, value = F.col(f"text.{column.name}"), F.col(f"typed_{column.name}")
        invalid = text.isNotNull() & value.isNull()
        for rule in column.rules:
            invalid = invalid | F.expr(rule.broken.replace(f"`{column.name}`", f"`typed_{column.name}`"))
        if column.source.required:
            broken.append(F.when(text.isNull(), F.lit(f"missing_{column.name}")))
        broken.append(F.when(invalid, F.lit(f"invalid_{column.name}")))
    if first_day:
        broken.append(F.when(F.col("day") < F.lit(first_day), F.lit("before_start")))
        late = F.col("day") > F.date_add("delivery_day", 1)
        broken.append(F.when(late, F.lit("after_delivery")))
    alone = {"not_utf8": F.col("not_utf8"), "malformed": F.col("malformed")}
    found = F.array_compact(F.array(*broken))
    for name, condition in reversed(alone.items()):
        found = F.when(condition, F.array(F.lit(name))).otherwise(found)
    return found


def judge_delivery(rows: DataFrame, staged: Staged, delivered: Landed, limits: tuple[float, int]) -> list[Finding]:
    """Whether a delivery may be published: lines kept, share of rejected rows, files that were left out."""
    return [
        _every_line(rows, delivered),
        _limit(rows, staged, limits),
        _files(UNKNOWN, delivered.unknown, "files have a suffix that the feed does not know"),
        _files(EMPTY, delivered.empty, "files are empty"),
    ]


def _files(check: str, names: tuple[str, ...], what: str) -> Finding:
    details = {"files": list(names)}
    return Finding(check, not names, f"{len(names)} {what}: {', '.join(names)}" if names else "none", True, details)


def _every_line(rows: DataFrame, delivered: Landed) -> Finding:
    """Count the rows of each file against its lines, as counted when it was first looked at."""
    by_file = rows.groupBy("delivery_day", "source_file").count() if delivered.files else None
    kept = {(r["delivery_day"], r["source_file"]): r["count"] for r in by_file.collect()} if by_file else {}
    lost: dict[str, str] = {}
    blank = 0
    for file in delivered.files:
        rows_kept = kept.get((file.day, file.name), 0)
        if rows_kept == file.lines:
            continue
        blanks = blank_lines(file.url)
        blank += blanks
        if rows_kept != file.lines - blanks:
            lost[f"{file.day}/{file.name}"] = f"{file.lines - blanks} lines, {rows_kept} rows"
    lines = sum(file.lines for file in delivered.files)
    said = f"{len(lost)} files were not read whole: {lost}" if lost else f"{lines} lines, {blank} of them blank"
    details = {"files": len(delivered.files), "lines": lines, "blank_lines": blank, "lost": lost}
    return Finding(EVERY_LINE, not lost, said, details=details)


def _limit(rows: DataFrame, staged: Staged, limits: tuple[float, int]) -> Finding:
    share, least = limits
    rejected = rejected_by_rule(rows) if staged.files else []
    rejected_rows = {str(day): n for day, rule, n in rejected if rule is None}
    by_rule: Counter[str] = Counter()
    for _, rule, n in rejected:
        if rule is not None:
            by_rule[rule] += n
    over = {
        day: f"{n} of {staged.rows_by_day[day]} rows"
        for day, n in rejected_rows.items()
        if n >= least and n > share * staged.rows_by_day[day]
    }
    total = sum(rejected_rows.values())
    listed = ", ".join(f"{rule} {n}" for rule, n in by_rule.most_common()) or "none"
    said = f"{total} of {staged.rows} rows rejected ({listed})"
    if over:
        days = "; ".join(f"{day}: {what}" for day, what in over.items())
        said += (
            f". Above the limit of {share:.0%} and {least} rows on {days}. Look at the files, or raise "
            "PLATFORM_REJECT_SHARE or PLATFORM_REJECT_LIMITS"
        )
    details = {"rows": staged.rows, "rejected": total, "by_rule": dict(by_rule.most_common())}
    details["extra_fields"] = extra_fields(rows) if staged.files else {}
    return Finding(LIMIT, not over, said, details=details)


def rejected_by_rule(rows: DataFrame) -> list[tuple[date, str | None, int]]:
    """(delivery day, rule, rows that break it), and for rule None the rejected rows of the day."""
    rejected = rows.where(F.size("violations") > 0).select("delivery_day", "violations")
    counted = rejected.groupBy("delivery_day").count().withColumn("rule", F.lit(None).cast("string"))
    rules = (
        rejected.select("delivery_day", F.explode("violations").alias("rule")).groupBy("delivery_day", "rule").count()
    )
    found = counted.select("delivery_day", "rule", "count").unionByName(rules)
    return sorted(((r[0], r[1], r[2]) for r in found.collect()), key=lambda item: (item[0], item[1] or "", item[2]))


def extra_fields(rows: DataFrame) -> dict[str, Any]:
    """Fields that the feed does not know, by name, with the number of rows that have them."""
    named = rows.select(F.explode("extra_fields").alias("field")).groupBy("field").count()
    return {r["field"]: r["count"] for r in named.orderBy("field").limit(100).collect()}
