"""A Delta table under the platform's control: read a span of its days, stage and publish a run's, go back."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date, timedelta

from deltalake import DeltaTable, Schema
from deltalake import Field as DeltaField
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from platform_assets.errors import Outdated, PlatformError, TemporaryError
from platform_assets.lake import storage
from platform_assets.lake.engines.engine import Engine
from platform_assets.lake.tables.commits import (
    ATTEMPT,
    RESTORED,
    SHORT_LOGS,
    commit_with_retries,
    version_made_by,
    without_library_retries,
)
from platform_assets.lake.tables.days import WHOLE, filters, partition_by, span_text
from platform_assets.lake.tables.log import FILES, FILES_AFTER
from platform_assets.lake.tables.published import Published, open_delta
from platform_assets.lake.tables.reads import DaysRead, Source, files_of_days, refuse_changed
from platform_assets.lake.tables.staging import Staged, begin, write

LOG_RETENTION = "delta.logRetentionDuration"
"""The property of Delta tables that says how long the log, and with it the history, is kept."""


class NotPublished(PlatformError):
    """Days of a table that a run reads were never published."""


@dataclass(frozen=True)
class Table(Published):
    """A published table that runs may read and replace days of."""

    def opened(self, days: Collection[str]) -> DeltaTable:
        """The current version; raises `NotPublished` when one of the days (ISO text), or anything, is not there."""
        table = self.delta()
        absent = set(days) - (set() if table is None else self.published_days(table))
        if table is None or absent:
            raise NotPublished(
                f"{self.key} has no data yet{_shown(absent)}: materialise it first, or select it together "
                f"with this table ({self.url})."
            )
        return table

    def read(
        self, engine: Engine, first: date, last: date, table: DeltaTable | None = None
    ) -> tuple[DataFrame, DaysRead]:
        """The rows whose event `day` lies in [first, last], and what was read for them.

        The version is pinned: a plan that reads the table twice sees the same rows. The columns are the contract's;
        days published before a column was added have NULL in it. Raises `NotPublished` when one of the days was never
        published (of a raw table, as a delivery day): what is not there yet must not be taken for a day on which
        nothing happened; and `PlatformError` when the published columns cannot be read as the contract's.
        """
        return self._read(engine, table or self.opened(_days(first, last)), first, last)

    def read_all(self, engine: Engine) -> tuple[DataFrame, DaysRead]:
        """All rows of a table without days, or of all published days from the first on; as `read` else."""
        if self.contract.partition_column is None:
            return self.read(engine, WHOLE, WHOLE)
        table = self.delta()
        if table is None or not any(day >= str(self.first_day) for day in self.published_days(table)):
            raise NotPublished(f"{self.key} has no data yet: materialise it first ({self.url}).")
        return self._read(engine, table, self.first_day, date.max)

    def _read(self, engine: Engine, table: DeltaTable, first: date, last: date) -> tuple[DataFrame, DaysRead]:
        changed = self._changes(table)
        if changed:
            raise PlatformError(
                f"The contract of {self.key} has changed in {', '.join(changed)} since its days were published: "
                f"materialise all of them in one run first, {self._span(table)}."
            )
        read = DaysRead.of(self, table, first, last)
        rows = self.rows(engine, table)
        if column := self.contract.read_column:
            rows = rows.where(f"{column} BETWEEN DATE '{first}' AND DATE '{last}'")
        if self.contract.is_raw:
            rows = rows.where(f"{self.contract.partition_column} >= DATE '{self.first_day}'")
        return rows, read

    def rows(self, engine: Engine, table: DeltaTable) -> DataFrame:
        """All rows of the version that was opened, with the contract's columns, and those that match its patterns."""
        reader = engine.session.read.format("delta").option("versionAsOf", table.version())
        frame = engine.without_constants(reader.load(engine.folder(self.url)))
        there = [field.name for field in table.schema().fields]
        columns = [
            F.col(column.name) if column.name in there else F.lit(None).cast(column.dtype).alias(column.name)
            for column in self.contract.having(there).columns
        ]
        return frame.select(*columns)

    def published_days(self, table: DeltaTable) -> set[str]:
        """The days (ISO text) that a version has."""
        column = self.contract.partition_column
        if column is None:
            return {str(WHOLE)} if table.file_uris() else set()
        return {str(partition[column]) for partition in table.partitions()}

    def stage(
        self,
        engine: Engine,
        rows: DataFrame | None,
        run_id: str,
        days: Sequence[date],
        sources: Sequence[Source] = (),
    ) -> Staged:
        """Write a run's rows beside the table, invisible to its readers; None is no rows, `sources` what it has read.

        Raises `PlatformError` when the published days cannot follow the contract: better now than after hours of work.
        """
        published = self.delta()
        self._refuse_other_schema(published, days)
        if published is not None and rows is not None:
            self._refuse_names_that_differ_by_case(published, rows.columns)
        of_run = replace(self, contract=self.contract.having(sorted(rows.columns) if rows else ()))
        return write(begin(of_run, published, run_id, days, sources), engine, rows)

    def publish(self, staged: Staged) -> int:
        """Replace the window's days by the staged files, in one commit; returns the version that it made.

        A day without rows has a file without rows, so that the table itself knows that the day was published.

        The commit is the last thing that happens: when this raises, nothing was published, unless `holds` says so.
        Raises `Outdated` when others have replaced what the run has read, or the days that it replaces;
        `TemporaryError` when staged files are gone; and `PlatformError` when the published days cannot follow the
        contract.
        """
        with self.access():
            _refuse_missing_files(staged)
            refuse_changed(staged.sources, self.key)
            storage.remove(storage.join(staged.url, "_delta_log"))
            # Before the commit: a record that no version refers to is of no consequence, a version without one is.
            self.records.append(staged.made)
            return commit_with_retries(lambda: self._commit(staged), self.url)

    def holds(self, staged: Staged) -> bool:
        """Whether a version of the table was made of the staged files."""
        return self._version_of(staged, self.delta()) is not None

    def restore(self, version: int, seen: int | None = None) -> int:
        """Make an older version the current one again, as a new commit that says so; returns the new version.

        `seen` is the version that whoever asks for it takes to be the current one. Raises `Outdated` when it is not,
        and `deltalake.exceptions.DeltaError` for a version whose files are no longer there.
        """

        def commit() -> int:
            table = open_delta(self.url)
            new = table.version() + 1
            if seen is not None and table.version() != seen:
                raise Outdated(
                    f"{self.key} was published meanwhile, as version {table.version()}: nothing was changed."
                )
            files = len(open_delta(self.url, version).file_uris())
            told = {RESTORED: str(version), FILES_AFTER: str(files)}
            columns = [field for field in table.schema().fields if self.is_by_a_pattern(field.name)]
            table.restore(version, commit_properties=without_library_retries(**told))
            return self._with_columns(open_delta(self.url), columns) or new

        return commit_with_retries(commit, self.url)

    def _refuse_names_that_differ_by_case(self, published: DeltaTable, columns: Sequence[str]) -> None:
        there = {field.name.lower(): field.name for field in published.schema().fields}
        for name in columns:
            if self.is_by_a_pattern(name) and there.get(name.lower(), name) != name:
                raise PlatformError(
                    f"{self.key} has the column {there[name.lower()]}, from which {name} differs by its case alone: no "
                    "table has both. Nothing was published: give them one name, or quite another."
                )

    def is_by_a_pattern(self, column: str) -> bool:
        """Whether a column is one of those that the contract knows by a pattern of their names."""
        return any(pattern.matches(column) for pattern in self.contract.patterns)

    def _with_columns(self, table: DeltaTable, columns: Sequence[DeltaField]) -> int | None:
        """Give an older version the columns that came after it, which no reader should miss; None where it has all."""
        there = {field.name for field in table.schema().fields}
        new = [field for field in columns if field.name not in there]
        if not new:
            return None
        table.alter.add_columns(
            new, commit_properties=without_library_retries(**{FILES_AFTER: str(len(table.file_uris()))})
        )
        return table.version()

    def _commit(self, staged: Staged) -> int:
        table = self._open_or_create()
        if (made := self._version_of(staged, table)) is not None:
            return made
        self._refuse_other_schema(table, staged.days)
        self._refuse_names_that_differ_by_case(table, staged.table.contract.matched)
        if files_of_days(table, self.contract, staged.days) != staged.replaces:
            raise Outdated(
                f"Another run has published {self.key} for {_replaced_by(staged)} while this one was at work. What it "
                "published stands, this run published nothing: run it again."
            )
        self._follow_contract(table)
        new = table.version() + 1
        files = len(table.file_uris()) - len(staged.replaces) + len(staged.files)
        try:
            table.create_write_transaction(
                list(staged.told),
                mode="overwrite",
                schema=self._schema(table, staged),
                partition_by=partition_by(self.contract),
                partition_filters=filters(self.contract, staged.days),
                commit_properties=without_library_retries(
                    **{ATTEMPT: staged.attempt},
                    dagster_run_id=staged.run_id,
                    days=staged.window,
                    rows=str(staged.rows),
                    **{FILES: str(len(staged.files)), FILES_AFTER: str(files)},
                ),
            )
        except Exception:
            # The commit may stand although its call has failed: a checkpoint after it cannot be written, or the
            # answer of a store was lost (workaround: deltalake-fails-after-a-commit).
            made = None
            with suppress(Exception):  # where that cannot be asked, what has failed first is what to tell
                made = self._version_of(staged, self.delta())
            if made is None:
                raise
            return made
        return new

    def _schema(self, table: DeltaTable, staged: Staged) -> Schema:
        """The columns after a commit: those that are there stay where they are, new ones follow by their names."""
        published = [field.name for field in table.schema().fields]
        return self.contract.having(published).having(sorted(staged.table.contract.matched)).delta_schema

    def _version_of(self, staged: Staged, table: DeltaTable | None) -> int | None:
        if table is None:
            return None
        return version_made_by(staged.attempt, self.url, staged.version, table.version())

    def _open_or_create(self) -> DeltaTable:
        return self.delta() or DeltaTable.create(
            self.url,
            self.contract.delta_schema,
            mode="ignore",
            partition_by=partition_by(self.contract),
            name=self.key,
            description=self.contract.description,
            configuration=self._properties,
            commit_properties=without_library_retries(),
            storage_options=storage.options(self.url),
        )

    @property
    def _properties(self) -> dict[str, str]:
        """What the table's log says of itself to every library that writes it."""
        return {LOG_RETENTION: f"interval {self.keep_versions_days} days", **SHORT_LOGS}

    def _follow_contract(self, table: DeltaTable) -> None:
        """Describe a table that was published before as it is described now; its columns follow in the next commit."""
        told = table.metadata()
        if told.description != self.contract.description:
            table.alter.set_table_description(self.contract.description, commit_properties=without_library_retries())
        if not self._properties.items() <= told.configuration.items():
            table.alter.set_table_properties(self._properties, commit_properties=without_library_retries())

    def _refuse_other_schema(self, table: DeltaTable | None, days: Sequence[date]) -> None:
        """Fail unless the table can follow the contract: days that a run leaves as they are must be readable by it."""
        if table is None or self.published_days(table) <= {day.isoformat() for day in days}:
            return
        changed = self._changes(table)
        if changed:
            raise PlatformError(
                f"The contract of {self.key} has changed in {', '.join(changed)}, which its published days "
                "cannot follow: nothing was published. Materialise all of its days in one run, "
                f"{self._span(table)}, or make the change additive (a new nullable column)."
            )

    def _changes(self, table: DeltaTable) -> list[str]:
        """The columns in which published days are not as the contract says, but for new ones that may be NULL."""
        have = {field.name: field for field in table.schema().fields}
        want = {field.name: field for field in self.contract.having(have).delta_schema.fields}
        changed = [
            name
            for name in have
            if name not in want or have[name].type != want[name].type or have[name].nullable != want[name].nullable
        ]
        return changed + [name for name in want if name not in have and not want[name].nullable]

    def _span(self, table: DeltaTable) -> str:
        days = [date.fromisoformat(day) for day in self.published_days(table)]
        return span_text(min(days), max(days))


def _refuse_missing_files(staged: Staged) -> None:
    """See that what is to be published is still there."""
    there = {entry.url for entry in storage.walk(staged.url)}
    gone = [file.path for file in staged.files if storage.join(staged.table.url, file.path) not in there]
    if gone:
        raise TemporaryError(
            f"{len(gone)} of {len(staged.files)} files that this run has written for {staged.table.key} are gone, such "
            f"as {gone[0]}: something removed them while it was at work. Nothing was published: run it again."
        )


def _replaced_by(staged: Staged) -> str:
    return staged.window if WHOLE in staged.days else f"days of {staged.window}"


def _shown(days: Collection[str]) -> str:
    if not days or str(WHOLE) in days:
        return ""
    return f" for {min(days)}" + (f" and {len(days) - 1} more days" if len(days) > 1 else "")


def _days(first: date, last: date) -> set[str]:
    return {(first + timedelta(days=n)).isoformat() for n in range((last - first).days + 1)}
