"""Delta tables under the platform's control: stage a run's rows, publish them in one commit, read and restore."""

from __future__ import annotations

import json
import posixpath
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta, timezone
from typing import Any
from uuid import uuid4

import dagster as dg
import pyarrow as pa
from deltalake import DeltaTable
from deltalake.exceptions import CommitFailedError, DeltaError, TableNotFoundError
from deltalake.transaction import AddAction
from pyarrow import parquet
from pyspark.sql import DataFrame

from platform_assets.contracts.compiled import CompiledContract
from platform_assets.lake import storage
from platform_assets.lake.engines.engine import Engine
from platform_assets.lake.tables.commits import commit_after_others, nobody_between

RUNS = "runs"
_WRITERS = 8


def open_delta(url: str, version: int | None = None) -> DeltaTable:
    """The Delta table at a location; raises `deltalake.exceptions.TableNotFoundError` where there is none."""
    return DeltaTable(url, version=version, storage_options=storage.options(url))


class NotPublished(dg.Failure):
    """Days of a table that a run reads were never published."""


@dataclass(frozen=True)
class Staged:
    """Rows of one run, written but not published.

    `files` are the Delta add actions of the staged files, with paths relative to the table; `days` is the
    window that publication replaces.
    """

    table: Table
    run_id: str
    url: str
    days: tuple[date, ...]
    files: tuple[AddAction, ...]

    @property
    def rows_by_day(self) -> dict[str | None, int]:
        """Rows per partition day (ISO text; None for rows without a day)."""
        rows: Counter[str | None] = Counter()
        for file in self.files:
            rows[file.partition_values[self.table.contract.partition_column]] += _rows(file)
        return dict(sorted(rows.items(), key=lambda item: item[0] or ""))

    @property
    def rows(self) -> int:
        """All staged rows."""
        return sum(_rows(file) for file in self.files)

    @property
    def size(self) -> int:
        """Bytes of the staged files."""
        return sum(file.size for file in self.files)

    def nulls(self, column: str) -> int | None:
        """NULLs in a column, from the file statistics; None where a file has no statistics of it."""
        if column == self.table.contract.partition_column:
            return self.rows_by_day.get(None, 0)
        counts = [json.loads(file.stats).get("nullCount", {}).get(column) for file in self.files]
        return None if None in counts else sum(counts)

    def read(self, engine: Engine) -> DataFrame:
        """The staged rows."""
        return engine.session.read.format("delta").load(engine.folder(self.url))

    def discard(self) -> None:
        """Remove the staged files: for runs that will not publish them."""
        storage.remove(self.url)
        storage.remove_empty_folder(posixpath.dirname(self.url))


@dataclass(frozen=True)
class Table:
    """A published table: `<lake>/<domain>/<name>`, one Delta table partitioned by day."""

    domain: str
    name: str
    contract: CompiledContract
    url: str

    @property
    def key(self) -> str:
        """`<domain>/<name>`, the asset key."""
        return f"{self.domain}/{self.name}"

    def delta(self, version: int | None = None) -> DeltaTable | None:
        """The Delta table, None before anything was published."""
        try:
            with self._access():
                return open_delta(self.url, version)
        except TableNotFoundError:
            return None

    def read(self, engine: Engine, first: date, last: date) -> tuple[DataFrame, int]:
        """The rows whose event `day` lies in [first, last], and the table's version they are of.

        The version is pinned: a plan that reads the table twice sees the same rows. Raises `NotPublished` when one of
        the days was never published (of a raw table, as a delivery day): what is not there yet must not be taken for
        a day on which nothing happened.
        """
        table = self.delta()
        absent = _days(first, last) - (set() if table is None else self._published_days(table))
        if table is None or absent:
            more = f" and {len(absent) - 1} more days" if len(absent) > 1 else ""
            raise NotPublished(
                f"{self.key} has no data yet for {min(absent)}{more}: materialise it first, or select it together "
                f"with this table ({self.url}).",
                allow_retries=False,
            )
        version = table.version()
        reader = engine.session.read.format("delta").option("versionAsOf", version)
        frame = reader.load(engine.folder(self.url)).where(f"day BETWEEN DATE '{first}' AND DATE '{last}'")
        return engine.without_constants(frame), version

    def _published_days(self, table: DeltaTable) -> set[str]:
        return {str(partition[self.contract.partition_column]) for partition in table.partitions()}

    def stage(self, engine: Engine, rows: DataFrame | None, run_id: str, days: Sequence[date]) -> Staged:
        """Write a run's rows beside the table, invisible to its readers; None is no rows.

        The staged table has the contract's columns, all nullable: what the engine is asked to do is the
        simplest write there is, and the audit finds what should not be NULL. Raises `dagster.Failure` when the
        published days cannot follow the contract: better now than after hours of work.
        """
        self._refuse_other_schema(self.delta())
        # A folder for each attempt: a step that a run repeats must never touch the files it has published before.
        staged = Staged(self, run_id, storage.join(self.url, RUNS, run_id, uuid4().hex[:8]), tuple(days), ())
        try:
            with self._access():
                _create_staged(staged)
                if rows is not None:
                    writer = rows.select(*self.contract.names).write.format("delta").mode("append")
                    writer.save(engine.folder(staged.url))
            written = replace(staged, files=tuple(_staged_files(staged)))
            return replace(staged, files=(*written.files, *_empty_days(written)))
        except BaseException:
            staged.discard()
            raise

    def publish(self, staged: Staged) -> int:
        """Replace the window's days by the staged files, in one commit; returns the version that it made.

        A day without rows has a file without rows, so that the table itself knows that the day was published.

        The commit is the last thing that happens: when this raises, nothing was published, unless `holds` says so.
        Raises `dagster.Failure` when the published days cannot follow the contract.
        """
        with self._access():
            storage.remove(storage.join(staged.url, "_delta_log"))
            return commit_after_others(lambda: self._commit(staged), self.url)

    def holds(self, staged: Staged) -> bool:
        """Whether the current version has staged files in it."""
        table = self.delta()
        paths = pa.table(table.get_add_actions())["path"].to_pylist() if table else []
        return not {file.path for file in staged.files}.isdisjoint(paths)

    def published_rows_by_day(self) -> dict[str, int]:
        """Rows per day of the current version, from the log alone; empty before anything was published."""
        table = self.delta()
        rows: Counter[str] = Counter()
        if table is not None:
            for action in pa.table(table.get_add_actions(flatten=True)).to_pylist():
                rows[str(action[f"partition.{self.contract.partition_column}"])] += action["num_records"]
        return dict(sorted(rows.items()))

    def restore(self, version: int) -> int:
        """Make an older version the current one again, as a new commit; returns the new version.

        Raises `deltalake.exceptions.DeltaError` for a version whose files are no longer there.
        """

        def commit() -> int:
            table = open_delta(self.url)
            new = table.version() + 1
            table.restore(version, commit_properties=nobody_between())
            return new

        return commit_after_others(commit, self.url)

    def history(self, limit: int | None = None) -> list[dict[str, Any]]:
        """The commits, newest first: version, timestamp (ms since 1970), operation, dagster_run_id, days, rows."""
        table = self.delta()
        return [] if table is None else table.history(limit)

    @contextmanager
    def _access(self) -> Iterator[None]:
        """Say in a sentence, and without a retry, that the lake's store denies what a library asked of it."""
        try:
            yield
        except Exception as error:
            if not storage.is_denied(error):
                raise
            bucket = self.url.split("/")[2]
            raise dg.Failure(
                f"PLATFORM_LAKE: {storage.DENIED.format(bucket=bucket)}. {self.key} was not published.",
                allow_retries=False,
            ) from error

    def _commit(self, staged: Staged) -> int:
        table = self._open_or_create()
        self._refuse_other_schema(table)
        partition = self.contract.partition_column
        new = table.version() + 1
        try:
            table.create_write_transaction(
                list(staged.files),
                mode="overwrite",
                schema=self.contract.delta_schema,
                partition_by=[partition],
                partition_filters=[(partition, "in", [day.isoformat() for day in staged.days])],
                commit_properties=nobody_between(
                    dagster_run_id=staged.run_id,
                    days=f"{staged.days[0]}...{staged.days[-1]}",
                    rows=str(staged.rows),
                ),
            )
        except DeltaError:
            # The commit may stand although what follows it (a checkpoint, the answer of a store) has failed.
            if not self.holds(staged):
                raise
        return new

    def _open_or_create(self) -> DeltaTable:
        return self.delta() or DeltaTable.create(
            self.url,
            self.contract.delta_schema,
            mode="ignore",
            partition_by=[self.contract.partition_column],
            name=self.key,
            description=self.contract.description,
            commit_properties=nobody_between(),
            storage_options=storage.options(self.url),
        )

    def _refuse_other_schema(self, table: DeltaTable | None) -> None:
        """Fail unless published days can follow the contract: it has the same columns, or new nullable ones."""
        if table is None:
            return
        have = {field.name: field for field in table.schema().fields}
        want = {field.name: field for field in self.contract.delta_schema.fields}
        changed = [
            name
            for name in have
            if name not in want or have[name].type != want[name].type or have[name].nullable != want[name].nullable
        ]
        changed += [name for name in want if name not in have and not want[name].nullable]
        if changed:
            raise dg.Failure(
                f"The contract of {self.key} has changed in {', '.join(changed)}, which its published days "
                f"cannot follow: nothing was published. Move {self.url} away and backfill the table, or make the "
                "change additive (a new nullable column).",
                allow_retries=False,
            )


def _create_staged(staged: Staged) -> None:
    contract = staged.table.contract
    try:
        DeltaTable.create(
            staged.url,
            contract.staged_schema,
            partition_by=[contract.partition_column],
            configuration={"delta.dataSkippingNumIndexedCols": "-1"},
            storage_options=storage.options(staged.url),
        )
    except CommitFailedError:
        # Nobody else writes there: this is our own commit, of which a store's answer was lost.
        open_delta(staged.url)


def _staged_files(staged: Staged) -> list[AddAction]:
    """The add actions of a staged table's log, their paths seen from the published table."""
    prefix = posixpath.relpath(staged.url, staged.table.url)
    # By path: an engine that never got a store's answer may have committed the same files again.
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
    schema = pa.schema(contract.delta_schema).remove(contract.names.index(column))
    content = pa.BufferOutputStream()
    parquet.write_table(schema.empty_table(), content)
    data = content.getvalue().to_pybytes()
    stats = json.dumps({"numRecords": 0, "nullCount": dict.fromkeys(schema.names, 0)})

    def write(day: str) -> AddAction:
        url = storage.join(staged.url, f"{column}={day}", "empty.parquet")
        with storage.writing(url) as file:
            file.write(data)
        return AddAction(
            path=posixpath.relpath(url, staged.table.url),
            size=len(data),
            partition_values={column: day},
            modification_time=int(time.time() * 1000),
            data_change=True,
            stats=stats,
        )

    with ThreadPoolExecutor(_WRITERS) as pool:
        return list(pool.map(write, empty))


def _days(first: date, last: date) -> set[str]:
    return {(first + timedelta(days=n)).isoformat() for n in range((last - first).days + 1)}


def _rows(file: AddAction) -> int:
    return int(json.loads(file.stats)["numRecords"])


def commit_time(commit: dict[str, Any]) -> datetime:
    """When a commit of `Table.history` was made, UTC."""
    return datetime.fromtimestamp(commit["timestamp"] / 1000, tz=timezone.utc)
