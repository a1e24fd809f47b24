"""Rows that an engine has written aside, in a folder of their own for each value of a column."""

from __future__ import annotations

import pyarrow.dataset as ds
import pyarrow.parquet as pq
from pyarrow.fs import LocalFileSystem

from platform_assets.lake import storage

_PATTERN = frozenset("*?[")


def files_of(rows: ds.Dataset) -> list[str]:
    """The files of rows that DuckDB can read by itself: on this machine, with names that are no patterns; else none.

    Nor has a data set any that is filtered: its files have other rows, too.
    """
    if not isinstance(rows, ds.FileSystemDataset) or not isinstance(rows.filesystem, LocalFileSystem):
        return []
    if _PATTERN.intersection("".join(rows.files)):
        return []
    is_whole = rows.count_rows() == sum(pq.read_metadata(file).num_rows for file in rows.files)
    return list(rows.files) if is_whole else []


def rows_by(column: str, url: str) -> dict[str, ds.Dataset]:
    """The rows below a folder, by the values (text) of the column that they are partitioned by."""
    files: dict[str, list[str]] = {}
    for entry in storage.walk(url):
        folder = entry.url.removeprefix(f"{url}/").partition("/")[0]
        if folder.startswith(f"{column}=") and entry.name.endswith(".parquet"):
            files.setdefault(folder.partition("=")[2], []).append(entry.url)
    found = {value: storage.parquet(urls) for value, urls in files.items()}
    return {value: rows for value, rows in found.items() if rows}
