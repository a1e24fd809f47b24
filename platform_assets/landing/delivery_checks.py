"""The checks of a delivery as a whole: nothing gone, no file left out or twice, every line kept, few rows rejected."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from pyspark.sql import functions as F

from platform_assets.lake.audit import SAMPLES, Finding, shortened
from platform_assets.lake.tables.staging import Staged
from platform_assets.landing import counts, rejected
from platform_assets.landing.copies import Place
from platform_assets.landing.counts import FileCount
from platform_assets.landing.deliveries import Landed, some
from platform_assets.landing.feeds import Feed
from platform_assets.landing.first_look import LandedFile
from platform_assets.landing.rejected import Rows

LIMIT = "reject_limit"
SNAPSHOTS = "snapshots_have_good_rows"
EVERY_LINE = "every_line_kept"
GOOD_ROWS = "files_have_good_rows"
NOT_EMPTIED = "not_emptied"
UNKNOWN = "no_unknown_files"
DELIVERED = "delivered"
STRANGE = "folders_are_days"
EMPTY = "no_empty_files"
TWICE = "no_content_twice"
HEADER = "headers_name_columns"
FILES = "files_accepted"
COUNTED = "no_content_counted_later"
WARNINGS = frozenset({DELIVERED, STRANGE, EMPTY, TWICE, HEADER, FILES, COUNTED})
ALLOW_EMPTIED = "platform/allow_emptied"
# A file without a good row that is larger than this, as stored, is no slip of a few lines.
_LARGE = 1_000_000
_SHOWN = 100


@dataclass(frozen=True)
class Limits:
    """What a delivery may have: a share of rejected rows, unless they are fewer than so many, and days emptied."""

    share: float
    rows: int
    allow_emptied: bool = False


def delivery_checks(feed: Feed, *, is_snapshot: bool = False) -> dict[str, str]:
    """The checks that the raw table of a feed has beyond those of its contract: the name to what must hold."""
    described = {
        LIMIT: "No delivery day has more rejected rows than the feed's limit",
        EVERY_LINE: "Every line of every file that is not blank is a row of the table",
        GOOD_ROWS: f"Every file has a good row; one of more than {_LARGE:,} bytes that has none stops the run",
        NOT_EMPTIED: "No day that has rows in the table is without a file that has any",
        UNKNOWN: "Every delivered file has a suffix that the feed knows; a delivery with no such file stops the run",
        DELIVERED: "Every day of the run has a folder in landing",
        STRANGE: "Every folder of the feed is a day, from the first day on until today",
        EMPTY: "No delivered file is without rows",
    }
    if feed.once:
        described[COUNTED] = "No file has the content of one that was delivered later, and is counted there"
    else:
        described[TWICE] = "No two files of a delivery have the same content"
    if feed.once or feed.whole_files:
        described[FILES] = "No file was rejected whole"
    if feed.headed and not feed.whole_files:
        described[HEADER] = f"Every file ({', '.join(feed.headed)}) begins with a header that names the feed's columns"
    if is_snapshot:
        described[SNAPSHOTS] = "Every delivery that has a folder has a good row: without one it is no snapshot"
    return described


def judge_delivery(
    rows: Rows, staged: Staged, delivered: Landed, limits: Limits, feed: Feed, by_file: Sequence[FileCount]
) -> list[Finding]:
    """Whether a delivery may be published: nothing gone, lines kept, share of rejected rows, files left out.

    `by_file` is what became of the files that have rows.
    """
    findings = [
        _limit(rows, staged, limits, by_file),
        _every_line(delivered, by_file),
        _good_rows(rows, by_file),
        _not_emptied(staged, delivered, limits),
        _unknown(delivered),
        _delivered(delivered),
        _named(STRANGE, delivered.strange, f"names in {delivered.folder.url} are no deliveries", "folders"),
        _named(EMPTY, delivered.empty, "files have no rows"),
    ]
    if not feed.once:
        twice = _same_content(delivered.files)
        findings.append(_named(TWICE, twice, "files have the content of another, whose rows they repeat"))
    if feed.once or feed.whole_files:
        refused = [f"{file.place}: {file.rejected}" for file in delivered.rejected]
        findings.append(_named(FILES, refused, "files were rejected whole"))
    if feed.headed and not feed.whole_files:
        findings.append(_headers(rows, delivered, by_file))
    return findings


def whole_snapshots(delivered: Landed, by_file: Sequence[FileCount]) -> Finding:
    """Whether every folder of a snapshot feed has a good row: an empty snapshot would mean that all was deleted."""
    good = {one.file.day for one in by_file if one.good}
    missing = set(delivered.missing) if delivered.has_folder else set(delivered.days)
    without = [str(day) for day in delivered.days if day not in good and day not in missing]
    said = (
        f"{len(without)} deliveries have a folder and not a single good row, which is no snapshot: {some(without)}. "
        "Deliver them again, or take the folders away: a day without a folder has no snapshot, and changes nothing"
    )
    return Finding(SNAPSHOTS, not without, said if without else "all have one", details={"days": without})


def counted_later(delivered: Landed, others: Sequence[tuple[Place, str]], domain: str) -> Finding:
    """Whether a content of this delivery is counted in a later one, which was built when it was not here.

    `others` are the contents of files of other days.
    """
    here = {file.content for file in delivered.files}  # each is the first of its content, or it was a copy
    later = [str(place) for place, content in others if content in here]
    counted = _named(COUNTED, sorted(later), "files were counted before one with their content came to an earlier day")
    if counted.passed:
        return counted
    said = f"{counted.summary}. They still are until their days are built again: `platform-assets apply {domain}`"
    return Finding(COUNTED, False, said, True, counted.details)


def _named(check: str, names: Sequence[str], what: str, kind: str = "files") -> Finding:
    said = f"{len(names)} {what}: {some(names)}" if names else "none"
    more = [f"and {len(names) - _SHOWN:,} more"] if len(names) > _SHOWN else []
    return Finding(check, not names, said, True, {kind: [*names[:_SHOWN], *more]})


def _with_samples(finding: Finding, rows: Rows, by_file: Sequence[FileCount]) -> Finding:
    """A finding that did not pass, with some rejected rows of the files that it is about."""
    found = rejected.samples(rows, by_file)
    if not found:
        return finding
    details = dict(finding.details) | {SAMPLES: rejected.shown(found)}
    said = finding.summary + rejected.message(found)
    return Finding(finding.check, finding.passed, said, finding.warning, details)


def _not_emptied(staged: Staged, delivered: Landed, limits: Limits) -> Finding:
    published = staged.table.published_rows_by_day()
    full = {file.day for file in (*delivered.files, *(file for file in delivered.rejected if file.copy_of))}
    lost = {str(day): published[str(day)] for day in delivered.days if published.get(str(day)) and day not in full}
    details = {"days": lost}
    if limits.allow_emptied and lost:
        said = f"{len(lost)} days are emptied, as is allowed: {some(list(lost))}"
        return Finding(NOT_EMPTIED, False, said, True, details)
    way_out = (
        "Bring the files back; if they were taken away on purpose, say so by PLATFORM_ALLOW_EMPTIED=1 or the run's "
        f"tag {ALLOW_EMPTIED}=1"
    )
    if not delivered.has_folder and any(published.values()) and not limits.allow_emptied:
        said = f"{delivered.folder.url} is not there, and {sum(published.values()):,} rows of its files are published"
        return Finding(NOT_EMPTIED, False, f"{said}. {way_out}", details=details)
    days = [f"{day} ({rows:,} rows)" for day, rows in lost.items()]
    said = f"{len(lost)} days are published and have no file with rows any more: {some(days)}. {way_out}"
    return Finding(NOT_EMPTIED, not lost, said if lost else "no day has lost its rows", details=details)


def _unknown(delivered: Landed) -> Finding:
    found = _named(UNKNOWN, delivered.unknown, "files have a suffix that the feed does not know")
    alone = [str(day) for day in delivered.of_unknown_files_alone()]
    if not alone:
        return found
    known = ", ".join(delivered.folder.suffixes)
    said = f"{found.summary}. {some(alone)} has no other files: deliver {known} (or these packed, .gz), or rename them"
    return Finding(UNKNOWN, False, said, details=found.details)


def _delivered(delivered: Landed) -> Finding:
    days = [str(day) for day in delivered.missing]
    url = delivered.folder.url
    said = f"{len(days)} days have no folder in {url}: {some(days)}" if delivered.has_folder else f"{url} is not there"
    return Finding(DELIVERED, not days, said if days else "all days have a folder", True, {"days": days})


def _same_content(files: Sequence[LandedFile]) -> list[str]:
    first: dict[tuple[Any, str], LandedFile] = {}
    twice = []
    for file in files:
        before = first.setdefault((file.day, file.content), file)
        if before is not file:
            twice.append(f"{file.place} (as {before.name})")
    return twice


def _headers(rows: Rows, delivered: Landed, by_file: Sequence[FileCount]) -> Finding:
    said = [f"{file}: {what}" for file, what in delivered.without_header.items()]
    finding = _named(HEADER, said, "files have no header, all their lines are rejected")
    return _with_samples(finding, rows, [one for one in by_file if one.file.place in delivered.without_header])


def _every_line(delivered: Landed, by_file: Sequence[FileCount]) -> Finding:
    """Hold the rows of each file against its lines, as counted when it was first looked at."""
    lost = {one.file.place: f"{one.file.rows} lines, {one.rows} rows" for one in by_file if one.rows != one.file.rows}
    lines = sum(file.lines for file in delivered.files)
    blank = sum(file.blank_lines for file in delivered.files)
    said = f"{len(lost)} files were not read whole: {lost}" if lost else f"{lines} lines, {blank} of them blank"
    details = {"files": len(delivered.files), "lines": lines, "blank_lines": blank, "lost": lost}
    return Finding(EVERY_LINE, not lost, said, details=details)


def _good_rows(rows: Rows, by_file: Sequence[FileCount]) -> Finding:
    bad = [one for one in by_file if one.rows and not one.good]
    large = [one.file.place for one in bad if one.file.size > _LARGE]
    finding = _named(GOOD_ROWS, [one.file.place for one in bad], "files have rows, and not a single good one")
    if large:
        said = (
            f"{finding.summary}. Of more than {_LARGE:,} bytes: {some(large)}. Is it another format, such as a JSON "
            "array on one line, or a page of a web server? Deliver it again, or rename it so that its name starts "
            "with '_'"
        )
        finding = Finding(GOOD_ROWS, False, said, details=finding.details)
    return _with_samples(finding, rows, bad)


def _limit(rows: Rows, staged: Staged, limits: Limits, by_file: Sequence[FileCount]) -> Finding:
    by_day: dict[str, int] = {}
    for one in by_file:
        by_day[str(one.file.day)] = by_day.get(str(one.file.day), 0) + one.rejected
    over = {
        day: f"{n} of {staged.rows_by_day[day]} rows"
        for day, n in sorted(by_day.items())
        # Exact: 29 of 100 rows are not more than 0.29, but more than 0.29 * 100 in floating point.
        if n and n >= limits.rows and n > Decimal(str(limits.share)) * staged.rows_by_day[day]
    }
    by_rule = counts.reasons_of(by_file)
    total = sum(by_day.values())
    listed = ", ".join(f"{rule} {n}" for rule, n in by_rule.items()) or "none"
    details: dict[str, Any] = {"rows": staged.rows, "rejected": total, "by_rule": by_rule}
    details |= {"extra_fields": _extra_fields(rows) if staged.rows else {}, "files": counts.shown(by_file)}
    finding = Finding(LIMIT, not over, f"{total} of {staged.rows} rows rejected ({listed})", details=details)
    if not over:
        return finding
    days = some([f"{day}: {what}" for day, what in over.items()])
    said = (
        f"{finding.summary}. Above the limit of {limits.share * 100:g}% and {limits.rows} rows on {days}. Look at the "
        "files, or raise PLATFORM_REJECT_SHARE or PLATFORM_REJECT_LIMITS"
    )
    refused = Finding(LIMIT, False, said, details=details)
    return _with_samples(refused, rows, [one for one in by_file if str(one.file.day) in over])


def _extra_fields(rows: Rows) -> Mapping[str, int]:
    """Fields that the feed does not know, by name, with the number of rows that have them."""
    every = rows.frame.select(F.explode("extra_fields").alias("field"))
    named = every.select(shortened(F.col("field")).alias("field")).groupBy("field").count()
    return {row["field"]: row["count"] for row in named.orderBy("field").limit(_SHOWN).collect()}
