"""What a run has read, and others may replace while it computes: compared with what is there before it publishes."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Protocol

import pyarrow as pa
import pyarrow.compute as pc
from deltalake import DeltaTable

from platform_assets.contracts.compiled import CompiledContract
from platform_assets.errors import Outdated
from platform_assets.lake.tables.days import days_of, files_in, span_text
from platform_assets.lake.tables.made import Known
from platform_assets.lake.tables.published import Published


class Source(Protocol):
    """Something that a run has read."""

    def changed(self) -> str:
        """What is no longer as it was read, in a sentence; empty when all of it is."""


@dataclass(frozen=True)
class DaysRead:
    """The event days [first, last] of a table, as a run has read them in one of its versions.

    `known` is what they were made from.
    """

    table: Published
    first: date
    last: date
    version: int
    files: frozenset[str]
    known: Known

    @classmethod
    def of(cls, table: Published, delta: DeltaTable, first: date, last: date) -> DaysRead:
        """What a reader of these days reads of the version that is loaded."""
        return cls(
            table,
            first,
            last,
            delta.version(),
            _files_of_events(delta, table.contract, first, last),
            table.known(delta),
        )

    @property
    def days(self) -> list[date]:
        """The days that were read: all that are published, where there is no last one."""
        if self.last == date.max:
            return sorted(day for day in self.known.made if self.first <= day <= self.last)
        return [self.first + timedelta(days=n) for n in range((self.last - self.first).days + 1)]

    def changed(self) -> str:
        """Whether the files that may hold rows of these days are still the same."""
        now = self.table.delta()
        if now is not None and now.version() == self.version:
            return ""
        if now is not None and _files_of_events(now, self.table.contract, self.first, self.last) == self.files:
            return ""
        return f"{self.table.key} has changed in {span_text(self.first, self.last)} since this run has read it."


@dataclass(frozen=True)
class PartitionsRead:
    """Partitions of a table of which a run has read what was recorded when they were published."""

    table: Published
    days: tuple[date, ...]
    files: frozenset[str]

    @classmethod
    def of(cls, table: Published, days: Sequence[date]) -> tuple[PartitionsRead, Known]:
        """The partitions as they are now, and what is known of them."""
        delta = table.delta()
        files = files_of_days(delta, table.contract, days)
        return cls(table, tuple(days), files), table.known(delta)

    def changed(self) -> str:
        """Whether the files of these partitions are still the same."""
        now = files_of_days(self.table.delta(), self.table.contract, self.days)
        span = span_text(self.days[0], self.days[-1])
        return "" if now == self.files else f"{self.table.key} has changed in {span} since it was read."


def refuse_changed(sources: Iterable[Source], key: str) -> None:
    """Raise `Outdated` when something that a run has read for an asset is no longer as it was read."""
    for source in sources:
        if changed := source.changed():
            raise Outdated(f"{changed} {key} was not published, what was there before still is: run it again.")


def files_of_days(delta: DeltaTable | None, contract: CompiledContract, days: Collection[date]) -> frozenset[str]:
    """The paths of a table's files in partitions of these days; none before anything was published."""
    if delta is None:
        return frozenset()
    files, wanted = files_in(delta), pa.array(sorted(days), pa.date32())
    return _paths(files, pc.is_in(days_of(files, contract), wanted))


def _files_of_events(delta: DeltaTable, contract: CompiledContract, first: date, last: date) -> frozenset[str]:
    """The paths of the files in which rows of these days may be, by what the log says of the column of each file."""
    files, day = files_in(delta), contract.read_column
    names = set(files.column_names)
    low, high = 2 * [f"partition.{day}"] if f"partition.{day}" in names else (f"min.{day}", f"max.{day}")
    if day is None or not {low, high} <= names:
        return frozenset(files["path"].to_pylist())
    earliest, latest = (pc.cast(files[name], pa.date32()) for name in (low, high))
    within = pc.and_kleene(pc.less_equal(earliest, last), pc.greater_equal(latest, first))
    # A file of which nothing is known may hold any day; one without an event day holds none.
    unknown = pc.is_null(within)
    if f"null_count.{day}" in names:
        nothing = pc.equal(files[f"null_count.{day}"], files["num_records"])
        unknown = pc.and_(unknown, pc.invert(pc.fill_null(nothing, False)))
    return _paths(files, pc.or_(pc.fill_null(within, False), unknown))


def _paths(files: pa.Table, wanted: pa.ChunkedArray | pa.Array) -> frozenset[str]:
    return frozenset(files.filter(wanted)["path"].to_pylist())
