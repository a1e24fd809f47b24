"""A Delta table under the platform's control: read a span of its days, stage and publish a run's, go back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import pyarrow as pa
from deltalake import DeltaTable
from deltalake.exceptions import DeltaError
from pyspark.sql import DataFrame

from platform_assets.errors import PlatformError
from platform_assets.lake import storage
from platform_assets.lake.engines.engine import Engine
from platform_assets.lake.tables.commits import commit_with_retries, without_library_retries
from platform_assets.lake.tables.published import Published, open_delta
from platform_assets.lake.tables.staging import Staged, stage


class NotPublished(PlatformError):
    """Days of a table that a run reads were never published."""


@dataclass(frozen=True)
class Table(Published):
    """A published table that runs may read and replace days of."""

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
                f"with this table ({self.url})."
            )
        version = table.version()
        reader = engine.session.read.format("delta").option("versionAsOf", version)
        frame = reader.load(engine.folder(self.url)).where(f"day BETWEEN DATE '{first}' AND DATE '{last}'")
        return engine.without_constants(frame), version

    def _published_days(self, table: DeltaTable) -> set[str]:
        return {str(partition[self.contract.partition_column]) for partition in table.partitions()}

    def stage(self, engine: Engine, rows: DataFrame | None, run_id: str, days: Sequence[date]) -> Staged:
        """Write a run's rows beside the table, invisible to its readers; None is no rows.

        Raises `PlatformError` when the published days cannot follow the contract: better now than after hours of work.
        """
        self._refuse_other_schema(self.delta())
        return stage(self, engine, rows, run_id, days)

    def publish(self, staged: Staged) -> int:
        """Replace the window's days by the staged files, in one commit; returns the version that it made.

        A day without rows has a file without rows, so that the table itself knows that the day was published.

        The commit is the last thing that happens: when this raises, nothing was published, unless `holds` says so.
        Raises `PlatformError` when the published days cannot follow the contract.
        """
        with self.access():
            storage.remove(storage.join(staged.url, "_delta_log"))
            return commit_with_retries(lambda: self._commit(staged), self.url)

    def holds(self, staged: Staged) -> bool:
        """Whether the current version has staged files in it."""
        table = self.delta()
        paths = pa.table(table.get_add_actions())["path"].to_pylist() if table else []
        return not {file.path for file in staged.files}.isdisjoint(paths)

    def restore(self, version: int) -> int:
        """Make an older version the current one again, as a new commit; returns the new version.

        Raises `deltalake.exceptions.DeltaError` for a version whose files are no longer there.
        """

        def commit() -> int:
            table = open_delta(self.url)
            new = table.version() + 1
            table.restore(version, commit_properties=without_library_retries())
            return new

        return commit_with_retries(commit, self.url)

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
                commit_properties=without_library_retries(
                    dagster_run_id=staged.run_id,
                    days=f"{staged.days[0]}...{staged.days[-1]}",
                    rows=str(staged.rows),
                ),
            )
        except DeltaError:
            # The commit may stand although what follows it (a checkpoint, the answer of a store) has failed
            # (workaround: deltalake-fails-after-a-commit).
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
            commit_properties=without_library_retries(),
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
            raise PlatformError(
                f"The contract of {self.key} has changed in {', '.join(changed)}, which its published days "
                f"cannot follow: nothing was published. Move {self.url} away and backfill the table, or make the "
                "change additive (a new nullable column)."
            )


def _days(first: date, last: date) -> set[str]:
    return {(first + timedelta(days=n)).isoformat() for n in range((last - first).days + 1)}
