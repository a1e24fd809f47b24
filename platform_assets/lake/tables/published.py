"""A published table as its readers see it: where it lies, what its log says."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timezone
from functools import partial
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from deltalake import DeltaTable

from platform_assets.contracts.compiled import CompiledContract
from platform_assets.errors import PlatformError
from platform_assets.lake import storage
from platform_assets.lake.tables.days import days_of, files_in
from platform_assets.lake.tables.log import damage, damaged, opened
from platform_assets.lake.tables.made import Known, Records


def open_delta(url: str, version: int | None = None) -> DeltaTable:
    """The Delta table at a location; raises `deltalake.exceptions.TableNotFoundError` where there is none."""
    return DeltaTable(url, version=version, storage_options=storage.options(url))


@dataclass(frozen=True)
class Published:
    """A table of the lake: `<lake>/<domain>/<name>`, one Delta table, partitioned by day if it has days.

    Nobody reads what a raw table has of deliveries before the `first_day`.
    """

    domain: str
    name: str
    contract: CompiledContract
    url: str
    keep_versions_days: int = 30
    first_day: date = date.min

    @property
    def key(self) -> str:
        """`<domain>/<name>`, the asset key."""
        return f"{self.domain}/{self.name}"

    def delta(self, version: int | None = None) -> DeltaTable | None:
        """The Delta table, None before anything was published; raises `Damaged` when its log is not whole."""
        told = partial(damaged, self.key, self.url)
        with self.access():
            table = opened(self.url, lambda: open_delta(self.url, version), told)
            if table is None or version is not None:
                return table
            if found := damage(self.url, table.version(), lambda: len(table.file_uris())):
                raise told(*found)
            return table

    def published_rows_by_day(self) -> dict[str, int]:
        """Rows per day of the current version, from the log where it has them; empty before anything was published.

        All rows of a table without days are those of `WHOLE`.
        """
        table = self.delta()
        rows: Counter[str] = Counter()
        if table is not None:
            files = files_in(table)
            for day, counted in zip(days_of(files, self.contract).to_pylist(), self.rows_in(files), strict=True):
                rows[str(day)] += counted
        return dict(sorted(rows.items()))

    def rows_in(self, files: pa.Table, having: str = "") -> list[int]:
        """The rows of each file of a version, or those that have a value of a column, from the log where it has them.

        Others than the platform's runs may write files without saying how many rows these have.
        """
        rows, name = files["num_records"].to_pylist(), f"null_count.{having}"
        nulls = files[name].to_pylist() if name in files.column_names else [None if having else 0] * len(files)
        return [
            self._count(path, having) if all_rows is None or null is None else all_rows - null
            for path, all_rows, null in zip(files["path"].to_pylist(), rows, nulls, strict=True)
        ]

    def _count(self, path: str, having: str) -> int:
        url = storage.join(self.url, path)
        with self.access():
            try:
                file = storage.parquet([url])
            except FileNotFoundError as error:
                raise damaged(self.key, self.url, url, "is not there") from error
            wanted = pc.field(having).is_valid() if having else None
            return int(file.count_rows(filter=wanted)) if file else 0

    @property
    def records(self) -> Records:
        """What its days were made from."""
        return Records(self.url)

    def known(self, table: DeltaTable | None = None) -> Known:
        """What is known of the days of a version that was opened, else of the current one."""
        return Known.of(table or self.delta(), self.contract, self.records, self.first_day)

    def history(self, limit: int | None = None) -> list[dict[str, Any]]:
        """The commits, newest first: version, timestamp (ms since 1970), operation, dagster_run_id, days, rows."""
        table = self.delta()
        return [] if table is None else table.history(limit)

    @contextmanager
    def access(self) -> Iterator[None]:
        """Say in a sentence what the store of the lake refused, or failed to do, for whatever library asked it."""
        try:
            yield
        except PlatformError:
            raise
        except Exception as error:
            failed = storage.failure(error, self.url, "PLATFORM_LAKE: ", f"{self.key} is as it was.")
            if failed is None:
                raise
            raise failed from error


def commit_time(commit: dict[str, Any]) -> datetime:
    """When a commit of `Table.history` was made, UTC."""
    return datetime.fromtimestamp(commit["timestamp"] / 1000, tz=timezone.utc)
