"""Delta tables under the platform's control: stage a run's rows, publish them in one commit, read and restore."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import dagster as dg
import pyarrow as pa
from deltalake import CommitProperties, DeltaTable
from deltalake.exceptions import CommitFailedError, TableNotFoundError
from deltalake.transaction import AddAction
from pyspark.sql import DataFrame
from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_random_exponential

from platform_assets.contracts.compiled import CompiledContract
from platform_assets.lake import storage
from platform_assets.lake.engine import Engine

RUNS = "runs"
# Longer text does not prune files any better, and would bloat the log.
_LONGEST_TEXT_STATISTIC = 64


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
            return DeltaTable(self.url, version=version)
        except TableNotFoundError:
            return None

    def read(self, engine: Engine, first: date, last: date) -> tuple[DataFrame, int]:
        """The rows whose event `day` lies in [first, last], and the table's version they are of.

        The version is pinned: a plan that reads the table twice sees the same rows. Raises `dagster.Failure`
        when nothing was ever published.
        """
        table = self.delta()
        if table is None:
            raise dg.Failure(
                f"{self.key} has no data yet: materialise it first, or select it together with this table "
                f"(nothing was found at {self.url}).",
                allow_retries=False,
            )
        version = table.version()
        reader = engine.session.read.format("delta").option("versionAsOf", version)
        frame = reader.load(engine.folder(self.url))
        return frame.where(f"day BETWEEN DATE '{first}' AND DATE '{last}'"), version

    def stage(self, engine: Engine, rows: DataFrame | None, run_id: str, days: Sequence[date]) -> Staged:
        """Write a run's rows beside the table, invisible to its readers; None is no rows.

        The staged table has the contract's columns, all nullable: what the engine is asked to do is the
        simplest write there is, and the audit finds what should not be NULL.
        """
        url = storage.join(self.url, RUNS, run_id)
        storage.remove(url)
        storage.make_folder(url)
        DeltaTable.create(
            url,
            self.contract.staged_schema,
            partition_by=[self.contract.partition_column],
            configuration={"delta.dataSkippingNumIndexedCols": "-1"},
        )
        if rows is not None:
            writer = rows.select(*self.contract.names).write.format("delta").mode("append")
            writer.save(engine.folder(url))
        return Staged(self, run_id, url, tuple(days), tuple(_staged_files(url, f"{RUNS}/{run_id}/")))

    def publish(self, staged: Staged) -> int:
        """Replace the window's days by the staged files, in one commit; returns the table's new version.

        A conflicting commit by someone else is retried: nothing has to be computed again.
        """
        properties = CommitProperties(
            custom_metadata={
                "dagster_run_id": staged.run_id,
                "days": f"{staged.days[0]}...{staged.days[-1]}",
                "rows": str(staged.rows),
            }
        )
        partition = self.contract.partition_column
        window = [(partition, "in", [day.isoformat() for day in staged.days])]
        version = -1
        for attempt in Retrying(
            retry=retry_if_exception_type(CommitFailedError),
            stop=stop_after_attempt(20),
            wait=wait_random_exponential(multiplier=0.05, max=5),
            reraise=True,
        ):
            with attempt:
                table = self._open_or_create()
                table.create_write_transaction(
                    list(staged.files),
                    mode="overwrite",
                    schema=self._next_schema(table),
                    partition_by=[partition],
                    partition_filters=window,
                    commit_properties=properties,
                )
                version = DeltaTable(self.url).version()
        storage.remove(storage.join(staged.url, "_delta_log"))
        storage.remove(storage.join(staged.url, "_landing"))
        return version

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
        DeltaTable(self.url).restore(version)
        return DeltaTable(self.url).version()

    def history(self, limit: int | None = None) -> list[dict[str, Any]]:
        """The commits, newest first: version, timestamp (ms since 1970), operation, dagster_run_id, days, rows."""
        table = self.delta()
        return [] if table is None else table.history(limit)

    def _open_or_create(self) -> DeltaTable:
        return DeltaTable.create(
            self.url,
            self.contract.delta_schema,
            mode="ignore",
            partition_by=[self.contract.partition_column],
            name=self.key,
            description=self.contract.description,
        )

    def _next_schema(self, table: DeltaTable) -> Any:
        """The contract's schema where the published one can follow it: same columns, or new nullable ones."""
        have = {field.name: field for field in table.schema().fields}
        want = {field.name: field for field in self.contract.delta_schema.fields}
        changed = [
            name
            for name in have
            if name not in want
            or have[name].type != want[name].type
            or have[name].nullable != want[name].nullable
        ]
        changed += [name for name in want if name not in have and not want[name].nullable]
        if changed:
            raise dg.Failure(
                f"The contract of {self.key} has changed in {', '.join(changed)}, which its published days "
                f"cannot follow. Move {self.url} away and backfill the table, or make the change additive "
                "(a new nullable column).",
                allow_retries=False,
            )
        return self.contract.delta_schema


def _staged_files(url: str, prefix: str) -> Iterable[AddAction]:
    """The add actions of a staged table's log, their paths seen from the published table."""
    for entry in storage.entries(storage.join(url, "_delta_log")):
        if not entry.name.endswith(".json"):
            continue
        with storage.reading(entry.url) as log:
            for line in log:
                added = json.loads(line).get("add")
                if added:
                    yield AddAction(
                        path=prefix + added["path"],
                        size=added["size"],
                        partition_values=added["partitionValues"],
                        modification_time=added["modificationTime"],
                        data_change=True,
                        stats=_lean_statistics(added["stats"]),
                    )


def _lean_statistics(stats: str) -> str:
    found = json.loads(stats)
    for bound in ("minValues", "maxValues"):
        found[bound] = {
            column: value
            for column, value in found.get(bound, {}).items()
            if not isinstance(value, str) or len(value) <= _LONGEST_TEXT_STATISTIC
        }
    return json.dumps(found)


def _rows(file: AddAction) -> int:
    return int(json.loads(file.stats)["numRecords"])


def commit_time(commit: dict[str, Any]) -> datetime:
    """When a commit of `Table.history` was made (local time zone of nobody: UTC)."""
    from datetime import timezone

    return datetime.fromtimestamp(commit["timestamp"] / 1000, tz=timezone.utc)
