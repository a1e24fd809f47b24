"""Rows that an engine has written aside, by the values of a column, and how DuckDB sees them."""

from __future__ import annotations

from dataclasses import dataclass

import duckdb
import pyarrow as pa
import pyarrow.dataset as ds
from pyarrow.fs import LocalFileSystem

from platform_assets.lake import storage

_PATTERN = frozenset("*?[")


@dataclass(frozen=True)
class Aside:
    """Rows of a data set; `is_whole` is false of one that is filtered: its files have other rows, too."""

    rows: ds.Dataset
    is_whole: bool = True

    @property
    def schema(self) -> pa.Schema:
        """The columns and their types."""
        return self.rows.schema

    def view(self, connection: duckdb.DuckDBPyConnection, name: str) -> None:
        """Make the rows a view of a connection, in place of one with that name."""
        if files := _files(self.rows) if self.is_whole else []:
            connection.unregister(name)  # what is registered hides a view
            # A third faster than through Arrow: it reads them with all its threads.
            connection.read_parquet(files, hive_partitioning=False).create_view(name)
        else:
            connection.register(name, self.rows)


def _files(rows: ds.Dataset) -> list[str]:
    """The files of rows, where DuckDB can read them by itself: on this machine, and with names that are no patterns."""
    is_local = isinstance(rows, ds.FileSystemDataset) and isinstance(rows.filesystem, LocalFileSystem)
    return list(rows.files) if is_local and not _PATTERN.intersection("".join(rows.files)) else []


def rows_by(column: str, url: str) -> dict[str, ds.Dataset]:
    """The rows below a folder, by the values (text) of the column that they are partitioned by."""
    files: dict[str, list[str]] = {}
    for entry in storage.walk(url):
        folder = entry.url.removeprefix(f"{url}/").partition("/")[0]
        if folder.startswith(f"{column}=") and entry.name.endswith(".parquet"):
            files.setdefault(folder.partition("=")[2], []).append(entry.url)
    found = {value: storage.parquet(urls) for value, urls in files.items()}
    return {value: rows for value, rows in found.items() if rows}
