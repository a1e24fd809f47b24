"""The rows of each delivered file, counted: how many there are, how many were rejected, and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from platform_assets.contracts.contract import GOOD_ROW
from platform_assets.lake.audit import Shown
from platform_assets.lake.tables.made import FileRead
from platform_assets.landing.first_look import LandedFile

ACCEPTED, REFUSED = "I", "E"
"""The status of a file of which every row is in the raw table, and of one that was rejected whole."""
_REJECTED = f"NOT ({GOOD_ROW})"
_SHOWN_FILES = 100
_SHOWN_REASONS = 3


@dataclass(frozen=True)
class FileCount:
    """What became of a file: its rows in the table, and of how many rows each rule rejected it, the worst first."""

    file: LandedFile
    rows: int = 0
    rejected: int = 0
    reasons: Counter[str] = field(default_factory=Counter)

    @property
    def good(self) -> int:
        """Rows that break no rule."""
        return self.rows - self.rejected


def counted(rows: DataFrame, files: Sequence[LandedFile]) -> list[FileCount]:
    """Count the staged rows of each file."""
    if not files:
        return []
    by_file = rows.groupBy("delivery_day", "source_file")
    found = by_file.agg(F.count(F.lit(1)).alias("rows"), F.expr(f"count_if({_REJECTED})").alias("rejected")).collect()
    totals = {(row["delivery_day"], row["source_file"]): (row["rows"], row["rejected"]) for row in found}
    reasons: dict[tuple[date, str], Counter[str]] = {}
    if any(rejected for _, rejected in totals.values()):
        broken = rows.where(_REJECTED).withColumn("rule", F.explode("violations"))
        for row in broken.groupBy("delivery_day", "source_file", "rule").count().collect():
            reasons.setdefault((row["delivery_day"], row["source_file"]), Counter())[row["rule"]] = row["count"]
    keys = [(file.day, file.name) for file in files]
    return [
        FileCount(file, *totals.get(key, (0, 0)), reasons.get(key, Counter()))
        for file, key in zip(files, keys, strict=True)
    ]


def files_read(counts: Iterable[FileCount], *, by_content: bool = False) -> dict[date, list[FileRead]]:
    """What is remembered of files, by delivery day and in the order of their names; `by_content` of their contents too.

    Of a file that was rejected whole no row is in the table, and all are rejected.
    """
    found: dict[date, list[FileRead]] = {}
    for one in sorted(counts, key=lambda one: (one.file.day, one.file.name)):
        file = one.file
        read = FileRead(
            name=file.name,
            location=file.url,
            size=file.size,
            modified=file.modified.isoformat() if file.modified else "",
            tag=file.tag,
            sha256=file.sha256,
            rows=file.rows if file.rejected else one.rows,
            rejected=file.rows if file.rejected else one.rejected,
            status=REFUSED if file.rejected else ACCEPTED,
            reason=file.rejected or None,
            missing=", ".join(file.missing) or None,
            extra=", ".join(file.extra) or None,
            content=file.content if by_content else "",
            copy_of=file.copy_of,
        )
        found.setdefault(file.day, []).append(read)
    return found


def reasons_of(counts: Iterable[FileCount]) -> dict[str, int]:
    """How many rows of some files each rule rejected: the worst first, of equals by name."""
    total: Counter[str] = Counter()
    for count in counts:
        total.update(count.reasons)
    return dict(sorted(total.items(), key=lambda item: (-item[1], item[0])))


def shown(counts: Sequence[FileCount]) -> Shown:
    """The files as a table for people: those with the most rejected rows first, of very many the first."""
    worst = sorted(counts, key=lambda count: (-count.rejected, count.file.day, count.file.name))
    rest = worst[_SHOWN_FILES:]
    records = [_record(str(one.file.day), one.file.name, [one]) for one in worst[:_SHOWN_FILES]]
    if rest:
        records.append(_record("", f"... and {len(rest):,} more files", rest))
    return Shown(("day", "file", "bytes", "rows", "good", "rejected", "first reasons"), records)


def _record(day: str, name: str, counts: Sequence[FileCount]) -> tuple[str | int, ...]:
    reasons = list(reasons_of(counts).items())
    said = [f"{rule} {n}" for rule, n in reasons[:_SHOWN_REASONS]]
    said += [f"and {len(reasons) - _SHOWN_REASONS} more"] if len(reasons) > _SHOWN_REASONS else []
    size, rows = sum(one.file.size for one in counts), sum(one.rows for one in counts)
    rejected = sum(one.rejected for one in counts)
    return day, name, size, rows, rows - rejected, rejected, ", ".join(said)
