"""What file formats have in common: rows in a total order, by DuckDB, with the engine's memory and then the disk."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import IO, Protocol

import duckdb
import pyarrow.dataset as ds

from platform_assets.exports.names import FileName
from platform_assets.lake.sorting import sorter
from platform_assets.settings import Settings


class Format(Protocol):
    """A file format: the name of its files, how rows become files, and how a file of no rows is known.

    `columns_read` are those of the rows that it asks for. `write` says how many rows it wrote. `has_rows` is asked of
    published files, those of years ago included, and reads no more of one than it must.
    """

    @property
    def file(self) -> str: ...
    @property
    def name(self) -> FileName: ...
    @property
    def columns_read(self) -> Sequence[str]: ...
    def write(self, documents: Mapping[Path, ds.Dataset], settings: Settings) -> int: ...
    def has_rows(self, document: IO[bytes]) -> bool: ...


@dataclass(frozen=True)
class SortedFile(ABC):
    """A format whose files hold sorted rows.

    `file` is the name of a day's file. With columns in braces, `stats_{year}.json`, a day has a file for each of their
    values, and none without rows; a name with slashes makes folders. Raises `DeclarationError` for other braces.
    """

    file: str

    def __post_init__(self) -> None:
        _ = self.name

    @cached_property
    def name(self) -> FileName:
        """The name of the files."""
        return FileName(self.file)

    @property
    @abstractmethod
    def columns_read(self) -> Sequence[str]:
        """The columns of the rows that it asks for."""

    def write(self, documents: Mapping[Path, ds.Dataset], settings: Settings) -> int:
        """Write each file's rows and return how many; sorts on disk beyond its memory."""
        if not documents:
            return 0
        room = settings.engine_temp or str(next(iter(documents)).parent)
        with sorter(settings, room) as connection:
            return sum(self._write_one(connection, rows, target) for target, rows in documents.items())

    @abstractmethod
    def has_rows(self, document: IO[bytes]) -> bool:
        """Whether a published file has rows."""

    @abstractmethod
    def _write_one(self, connection: duckdb.DuckDBPyConnection, rows: ds.Dataset, target: Path) -> int:
        """Write the rows of one file and return how many."""


def copied(
    connection: duckdb.DuckDBPyConnection,
    rows: ds.Dataset,
    cells: Iterable[str],
    order: Iterable[str],
    target: Path,
    options: str,
    files: Sequence[str] = (),
) -> int:
    """Write cells (SQL) of rows in the order of some columns, NULL first, and return of how many rows.

    `files`, if any, are those that the rows are all of: DuckDB reads them in two thirds of the time.
    A Parquet document would say NOT NULL of the columns that are so in them, and not of rows from elsewhere.
    """
    by = ", ".join(f"{identifier(name)} ASC NULLS FIRST" for name in order)
    connection.unregister("document")  # what is registered hides a view
    if files:
        connection.read_parquet(list(files), hive_partitioning=False).create_view("document")
    else:
        connection.register("document", rows)
    shown = f"SELECT {', '.join(cells)} FROM (SELECT * FROM document ORDER BY {by})"
    connection.execute(f"COPY ({shown}) TO {text(str(target))} ({options})")
    (count,) = connection.fetchone() or (0,)
    return int(count)


def text(value: str) -> str:
    """A text as SQL."""
    return "'" + value.replace("'", "''") + "'"


def identifier(name: str) -> str:
    """The name of a column as SQL."""
    return '"' + name.replace('"', '""') + '"'
