"""What a run has read, and others may replace while it computes: compared with what is there before it publishes."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date
from typing import Protocol

import pyarrow as pa
import pyarrow.compute as pc
from deltalake import DeltaTable

from platform_assets.errors import Outdated
from platform_assets.lake.tables.published import Published


class Source(Protocol):
    """Something that a run has read."""

    def changed(self) -> str:
        """What is no longer as it was read, in a sentence; empty when all of it is."""


@dataclass(frozen=True)
class DaysRead:
    """The event days [first, last] of a table, as a run has read them in one of its versions."""

    table: Published
    first: date
    last: date
    version: int
    files: frozenset[str]

    @classmethod
    def of(cls, table: Published, delta: DeltaTable, first: date, last: date) -> DaysRead:
        """What a reader of these days reads of the version that is loaded."""
        return cls(table, first, last, delta.version(), _files_of_events(delta, first, last))

    def changed(self) -> str:
        """Whether the files that may hold rows of these days are still the same."""
        now = self.table.delta()
        if now is not None and now.version() == self.version:
            return ""
        if now is not None and _files_of_events(now, self.first, self.last) == self.files:
            return ""
        days = f"{self.first}" if self.first == self.last else f"{self.first}...{self.last}"
        return f"{self.table.key} has changed in {days} since this run has read it."


def refuse_changed(sources: Iterable[Source], key: str) -> None:
    """Raise `Outdated` when something that a run has read for an asset is no longer as it was read."""
    for source in sources:
        if changed := source.changed():
            raise Outdated(f"{changed} {key} was not published, what was there before still is: run it again.")


def files_of_days(delta: DeltaTable | None, partition: str, days: Collection[date]) -> frozenset[str]:
    """The paths of a table's files in partitions of these days; none before anything was published."""
    if delta is None:
        return frozenset()
    files = pa.table(delta.get_add_actions(flatten=True))
    wanted = pa.array(sorted(days), pa.date32())
    return _paths(files, pc.is_in(files[f"partition.{partition}"], wanted))


def _files_of_events(delta: DeltaTable, first: date, last: date) -> frozenset[str]:
    """The paths of the files in which rows of these event days may be, by what the log says of each file's days."""
    files = pa.table(delta.get_add_actions(flatten=True))
    names = set(files.column_names)
    low, high = ("partition.day", "partition.day") if "partition.day" in names else ("min.day", "max.day")
    if not {low, high} <= names:
        return frozenset(files["path"].to_pylist())
    earliest, latest = (pc.cast(files[name], pa.date32()) for name in (low, high))
    within = pc.and_kleene(pc.less_equal(earliest, last), pc.greater_equal(latest, first))
    # A file of which nothing is known may hold any day; one without an event day holds none.
    unknown = pc.is_null(within)
    if "null_count.day" in names:
        nothing = pc.equal(files["null_count.day"], files["num_records"])
        unknown = pc.and_(unknown, pc.invert(pc.fill_null(nothing, False)))
    return _paths(files, pc.or_(pc.fill_null(within, False), unknown))


def _paths(files: pa.Table, wanted: pa.ChunkedArray) -> frozenset[str]:
    return frozenset(files.filter(wanted)["path"].to_pylist())
