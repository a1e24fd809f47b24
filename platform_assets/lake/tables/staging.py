"""Staging: a run's rows written beside a table, invisible to its readers, with what their files say of them."""

from __future__ import annotations

import json
import posixpath
import time
from collections import Counter
from collections.abc import Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property
from uuid import uuid4

import pyarrow as pa
import simplejson
from deltalake import DeltaTable, Schema
from deltalake.transaction import AddAction
from pyarrow import parquet
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from platform_assets.lake import storage
from platform_assets.lake.engines.engine import Engine
from platform_assets.lake.tables.days import day_in, partition_by, span_text
from platform_assets.lake.tables.made import Made
from platform_assets.lake.tables.published import Published
from platform_assets.lake.tables.reads import Source, files_of_days

RUNS = "runs"
_WRITERS = 8
# As many columns have statistics in a log as a rule; of each more, every reader of the table pays for them.
_MOST_STATISTICS = 32
# What files that are written for one day call the day that each row has. Readers of the table do not see it, nor has a
# contract a column that begins so.
_ITS_DAY = "_day"


@dataclass(frozen=True)
class Staged:
    """Rows of one run, written but not published.

    `files` are the Delta add actions of the staged files, with paths relative to the table; `days` is the
    window that publication replaces, and `replaces` the paths of the published files in it when the run staged its
    own, in the table's `version` of then (-1 before anything was published). `sources` is what the run has read, `made`
    the records of what its days were made from.
    """

    table: Published
    run_id: str
    url: str
    days: tuple[date, ...]
    files: tuple[AddAction, ...] = ()
    version: int = -1
    replaces: frozenset[str] = frozenset()
    sources: tuple[Source, ...] = ()
    made: tuple[Made, ...] = ()

    @property
    def attempt(self) -> str:
        """What tells this attempt of the run's step from others: the last part of its folder."""
        return posixpath.basename(self.url)

    @property
    def window(self) -> str:
        """The days as text, such as `2026-01-01...2026-01-07`."""
        return span_text(self.days[0], self.days[-1])

    @cached_property
    def rows_by_day(self) -> dict[str | None, int]:
        """Rows per partition day (ISO text; None for rows without a day, `WHOLE` where a table has no days)."""
        rows: Counter[str | None] = Counter()
        for file in self.files:
            rows[self._day(file)] += _rows(file)
        return dict(sorted(rows.items(), key=lambda item: item[0] or ""))

    @property
    def rows(self) -> int:
        """All staged rows."""
        return sum(_rows(file) for file in self.files)

    @property
    def size(self) -> int:
        """Bytes of the staged files."""
        return sum(file.size for file in self.files)

    @property
    def told(self) -> tuple[AddAction, ...]:
        """The files as the log tells of them: where columns by a pattern are many, without statistics of those."""
        contract = self.table.contract
        if len(contract.names) <= _MOST_STATISTICS or not contract.matched:
            return self.files
        return tuple(_without_statistics(file, set(contract.matched)) for file in self.files)

    def nulls(self, column: str) -> int | None:
        """NULLs in a column, from the file statistics; None where a file has no statistics of it."""
        if column == self.table.contract.partition_column:
            return self.rows_by_day.get(None, 0)
        counts = [json.loads(file.stats).get("nullCount", {}).get(column) for file in self.files]
        return None if None in counts else sum(counts)

    def without(self, days: Collection[date]) -> Staged:
        """The same without some of its days, whose files are removed."""
        column, gone = self.table.contract.partition_column, {day.isoformat() for day in days}
        for file in (file for file in self.files if self._day(file) in gone):
            storage.remove(storage.join(self.table.url, file.path))
        kept = [day for day in self.days if day not in days]
        return replace(
            self,
            days=tuple(kept),
            files=tuple(file for file in self.files if self._day(file) not in gone),
            replaces=frozenset(path for path in self.replaces if not any(f"/{column}={day}/" in path for day in gone)),
            made=tuple(made for made in self.made if made.day not in days),
        )

    def _day(self, file: AddAction) -> str | None:
        return day_in(file.partition_values, self.table.contract)

    def read(self, engine: Engine) -> DataFrame:
        """The staged rows."""
        rows = engine.session.read.format("delta").load(engine.folder(self.url))
        return engine.without_constants(rows.drop(_ITS_DAY))

    def discard(self) -> None:
        """Remove the staged files: for runs that will not publish them."""
        storage.remove(self.url)
        storage.remove_empty_folder(posixpath.dirname(self.url))


def begin(
    table: Published, published: DeltaTable | None, run_id: str, days: Sequence[date], sources: Sequence[Source]
) -> Staged:
    """Where a run's rows are to be written, and what they are to replace of what is published."""
    # A folder for each attempt: a step that a run repeats must never touch the files it has published before.
    url = storage.join(table.url, RUNS, run_id, uuid4().hex[:8])
    return Staged(
        table,
        run_id,
        url,
        tuple(days),
        version=-1 if published is None else published.version(),
        replaces=files_of_days(published, table.contract, days),
        sources=tuple(sources),
    )


def write(staged: Staged, engine: Engine, rows: DataFrame | None) -> Staged:
    """Write a run's rows into the folder that is theirs; None is no rows.

    The staged table has the contract's columns, all nullable: what the engine is asked to do is the
    simplest write there is, and the audit finds what should not be NULL.
    """
    try:
        with staged.table.access():
            written = replace(staged, files=tuple(_written(staged, engine, rows)))
            return replace(staged, files=(*written.files, *_empty_days(written)))
    except BaseException:
        with suppress(Exception):  # what has failed first is what to tell
            staged.discard()
        raise


def _written(staged: Staged, engine: Engine, rows: DataFrame | None) -> list[AddAction]:
    """The files of a run's rows, each of one day.

    Engines sort what they partition, which takes a fifth of the time of ten million sales. A window of one day is
    written as if all rows were of that day, unsorted, with the day that each row has beside it: should one have
    another, all is written again.
    """
    contract = staged.table.contract
    if rows is None:
        _create_staged(staged, contract.staged_schema)
        return []
    rows = rows.select(*contract.names)
    column = contract.partition_column
    if column and len(staged.days) == 1:
        (day,) = staged.days
        known = pa.schema(contract.staged_schema).append(pa.field(_ITS_DAY, pa.date32()))
        as_one = rows.withColumns({_ITS_DAY: F.col(column), column: F.lit(day)})
        files = _appended(staged, engine, as_one, Schema.from_arrow(known))
        if all(_is_of(day, file) for file in files):
            return [_without_statistics(file, [_ITS_DAY]) for file in files]
        staged.discard()
    return _appended(staged, engine, rows, contract.staged_schema)


def _appended(staged: Staged, engine: Engine, rows: DataFrame, schema: Schema) -> list[AddAction]:
    _create_staged(staged, schema)
    rows.write.format("delta").mode("append").save(engine.folder(staged.url))
    return _staged_files(staged)


def _is_of(day: date, file: AddAction) -> bool:
    """Whether all rows of a file that was written for a day have that day, from its statistics."""
    said = json.loads(file.stats)
    if not said["numRecords"]:
        return True
    ends = (said[which].get(_ITS_DAY) for which in ("minValues", "maxValues"))
    return said["nullCount"].get(_ITS_DAY) == 0 and all(end == day.isoformat() for end in ends)


def _create_staged(staged: Staged, schema: Schema) -> None:
    # When a store's answer is lost, the library creates it once more.
    DeltaTable.create(
        staged.url,
        schema,
        partition_by=partition_by(staged.table.contract),
        configuration={"delta.dataSkippingNumIndexedCols": "-1"},
        storage_options=storage.options(staged.url),
    )


def _staged_files(staged: Staged) -> list[AddAction]:
    """The add actions of a staged table's log, their paths seen from the published table."""
    prefix = posixpath.relpath(staged.url, staged.table.url)
    # By path: an engine that never got a store's answer may have committed the same files again
    # (workaround: sail-commits-again).
    files: dict[str, AddAction] = {}
    for entry in storage.entries(storage.join(staged.url, "_delta_log")):
        if not entry.name.endswith(".json"):
            continue
        with storage.reading(entry.url) as log:
            for line in log:
                added = json.loads(line).get("add")
                if added:
                    files[added["path"]] = AddAction(
                        path=posixpath.join(prefix, added["path"]),
                        size=added["size"],
                        partition_values=added["partitionValues"],
                        modification_time=added["modificationTime"],
                        data_change=True,
                        stats=added["stats"],
                    )
    return list(files.values())


def _empty_days(staged: Staged) -> list[AddAction]:
    """A file without rows for each day of the window that has none."""
    contract = staged.table.contract
    column = contract.partition_column
    rows = staged.rows_by_day
    empty = [day.isoformat() for day in staged.days if not rows.get(day.isoformat())]
    if not empty:
        return []
    schema = pa.schema(contract.delta_schema)
    if column:
        schema = schema.remove(contract.names.index(column))
    content = pa.BufferOutputStream()
    parquet.write_table(schema.empty_table(), content)
    data = content.getvalue().to_pybytes()
    stats = json.dumps({"numRecords": 0, "nullCount": dict.fromkeys(schema.names, 0)})

    def write(day: str) -> AddAction:
        folder = [f"{column}={day}"] if column else []
        url = storage.join(staged.url, *folder, "empty.parquet")
        with storage.writing(url) as file:
            file.write(data)
        return AddAction(
            path=posixpath.relpath(url, staged.table.url),
            size=len(data),
            partition_values={column: day} if column else {},
            modification_time=int(time.time() * 1000),
            data_change=True,
            stats=stats,
        )

    with ThreadPoolExecutor(_WRITERS) as pool:
        return list(pool.map(write, empty))


def _without_statistics(file: AddAction, columns: Collection[str]) -> AddAction:
    """What is said of a file, but for the smallest and largest value, and the number of NULLs, of some columns."""
    said = {
        what: {name: one for name, one in of.items() if name not in columns} if isinstance(of, dict) else of
        # Decimals have more digits than floats, and who filters by them looks only into files that may have some.
        for what, of in simplejson.loads(file.stats, use_decimal=True).items()
    }
    return replace(file, stats=simplejson.dumps(said, use_decimal=True))


def _rows(file: AddAction) -> int:
    return int(json.loads(file.stats)["numRecords"])
