"""CSV and TSV documents: sorted, of a fixed format, the same bytes for the same rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import duckdb
import pyarrow.dataset as ds

from platform_assets.errors import DeclarationError
from platform_assets.lake import storage
from platform_assets.lake.sorting import sorter
from platform_assets.settings import Settings

# The backslash first: those of the others are not escaped again.
_ESCAPES = {"\\": "\\\\", "\t": "\\t", "\r": "\\r", "\n": "\\n"}


@dataclass(frozen=True)
class Csv:
    """A CSV file with a header: rows sorted by all columns, NULL an empty cell, LF, UTF-8, times in UTC.

    `columns` are the document's, in order; `times` is a `strftime` format. Without `quotes`, which only documents
    delimited by tabs can be, a tab, CR or LF in a cell is written as `\\t`, `\\r`, `\\n`, a backslash as `\\\\`.
    """

    file: str
    columns: tuple[str, ...]
    times: str = "%Y-%m-%dT%H:%M:%SZ"
    delimiter: str = ","
    quotes: bool = True

    def __post_init__(self) -> None:
        if not self.quotes and self.delimiter != "\t":
            raise DeclarationError(
                f"{self.file} has no quotes, and {self.delimiter!r} between its cells, which could be in a cell, too: "
                "give it quotes, or tabs"
            )

    def write(self, documents: Mapping[Path, ds.Dataset | None], settings: Settings) -> int:
        """Write each file's rows (None: there are none) and return how many; sorts on disk beyond its memory."""
        room = settings.engine_temp or str(next(iter(documents)).parent)
        with sorter(settings, room) as connection:
            return sum(self._write_one(connection, rows, target) for target, rows in documents.items())

    def has_rows(self, document: IO[bytes]) -> bool:
        """Whether a document goes on after its header."""
        document.readline()
        return bool(document.read(1))

    def _write_one(self, connection: duckdb.DuckDBPyConnection, rows: ds.Dataset | None, target: Path) -> int:
        if rows is None:
            with storage.writing(str(target)) as file:
                file.write((self.delimiter.join(self.columns) + "\n").encode())
            return 0
        cells = ", ".join(self._cell(rows, name) for name in self.columns)
        order = ", ".join(f'"{name}" ASC NULLS FIRST' for name in self.columns)
        quoting = "" if self.quotes else ", QUOTE '', ESCAPE ''"
        connection.register("document", rows)
        connection.execute(
            f"COPY (SELECT {cells} FROM (SELECT * FROM document ORDER BY {order})) TO {quoted(target)} "
            f"(FORMAT csv, HEADER, DELIMITER '{self.delimiter}'{quoting})"
        )
        (count,) = connection.fetchone() or (0,)
        return int(count)

    def _cell(self, rows: ds.Dataset, name: str) -> str:
        cell = f'"{name}"'
        if str(rows.schema.field(name).type).startswith("timestamp"):
            cell = f"strftime({cell}, '{self.times}')"
        if not self.quotes:
            cell = f"CAST({cell} AS VARCHAR)"
            for character, written in _ESCAPES.items():
                cell = f"replace({cell}, chr({ord(character)}), '{written}')"
        return f'{cell} AS "{name}"'


def quoted(path: Path) -> str:
    """A path as SQL text."""
    return "'" + str(path).replace("'", "''") + "'"
