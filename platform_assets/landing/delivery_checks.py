"""The checks of a delivery as a whole: every line kept, few rows rejected, no file left out."""

from collections import Counter
from datetime import date
from decimal import Decimal
from typing import Any

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from platform_assets.lake.audit import Finding
from platform_assets.lake.tables.staging import Staged
from platform_assets.landing.deliveries import Landed
from platform_assets.landing.feeds import Feed

LIMIT = "reject_limit"
EVERY_LINE = "every_line_kept"
UNKNOWN = "no_unknown_files"
EMPTY = "no_empty_files"
HEADER = "headers_name_columns"
_SHOWN_FIELDS = 100


def delivery_checks(feed: Feed) -> dict[str, str]:
    """The checks that the raw table of a feed has beyond those of its contract: the name to what must hold."""
    described = {
        LIMIT: "No delivery day has more rejected rows than the feed's limit",
        EVERY_LINE: "Every line of every file that is not blank is a row of the table",
        UNKNOWN: "Every delivered file has a suffix that the feed knows",
        EMPTY: "No delivered file is empty",
    }
    if feed.headed:
        described[HEADER] = f"Every file ({', '.join(feed.headed)}) begins with a header that names the feed's columns"
    return described


def judge_delivery(
    rows: DataFrame, staged: Staged, delivered: Landed, limits: tuple[float, int], feed: Feed
) -> list[Finding]:
    """Whether a delivery may be published: lines kept, share of rejected rows, files that were left out."""
    findings = [
        _every_line(rows, delivered),
        _limit(rows, staged, limits),
        _files(UNKNOWN, delivered.unknown, "files have a suffix that the feed does not know"),
        _files(EMPTY, delivered.empty, "files are empty"),
    ]
    if feed.headed:
        said = tuple(f"{file}: {what}" for file, what in delivered.without_header.items())
        findings.append(_files(HEADER, said, "files have no header, all their lines are rejected"))
    return findings


def _files(check: str, names: tuple[str, ...], what: str) -> Finding:
    details = {"files": list(names)}
    return Finding(check, not names, f"{len(names)} {what}: {', '.join(names)}" if names else "none", True, details)


def _every_line(rows: DataFrame, delivered: Landed) -> Finding:
    """Count the rows of each file against its lines, as counted when it was first looked at."""
    by_file = rows.groupBy("delivery_day", "source_file").count() if delivered.files else None
    kept = {(r["delivery_day"], r["source_file"]): r["count"] for r in by_file.collect()} if by_file else {}
    lost: dict[str, str] = {}
    for file in delivered.files:
        due, found = file.rows, kept.get((file.day, file.name), 0)
        if found != due:
            lost[f"{file.day}/{file.name}"] = f"{due} lines, {found} rows"
    lines = sum(file.lines for file in delivered.files)
    blank = sum(file.blank_lines for file in delivered.files)
    said = f"{len(lost)} files were not read whole: {lost}" if lost else f"{lines} lines, {blank} of them blank"
    details = {"files": len(delivered.files), "lines": lines, "blank_lines": blank, "lost": lost}
    return Finding(EVERY_LINE, not lost, said, details=details)


def _limit(rows: DataFrame, staged: Staged, limits: tuple[float, int]) -> Finding:
    share, least = limits
    rejected = rejected_by_rule(rows) if staged.rows else []
    rejected_rows = {str(day): n for day, rule, n in rejected if rule is None}
    by_rule: Counter[str] = Counter()
    for _, rule, n in rejected:
        if rule is not None:
            by_rule[rule] += n
    over = {
        day: f"{n} of {staged.rows_by_day[day]} rows"
        for day, n in rejected_rows.items()
        # Exact: 29 of 100 rows are not more than 0.29, but more than 0.29 * 100 in floating point.
        if n >= least and n > Decimal(str(share)) * staged.rows_by_day[day]
    }
    total = sum(rejected_rows.values())
    listed = ", ".join(f"{rule} {n}" for rule, n in by_rule.most_common()) or "none"
    said = f"{total} of {staged.rows} rows rejected ({listed})"
    if over:
        days = "; ".join(f"{day}: {what}" for day, what in over.items())
        said += (
            f". Above the limit of {share * 100:g}% and {least} rows on {days}. Look at the files, or raise "
            "PLATFORM_REJECT_SHARE or PLATFORM_REJECT_LIMITS"
        )
    details = {"rows": staged.rows, "rejected": total, "by_rule": dict(by_rule.most_common())}
    details["extra_fields"] = extra_fields(rows) if staged.rows else {}
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
    return {r["field"]: r["count"] for r in named.orderBy("field").limit(_SHOWN_FIELDS).collect()}
