"""CSV and TSV documents: sorted, of a fixed format, the same bytes for the same rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import duckdb
import pyarrow.dataset as ds

from platform_assets.errors import DeclarationError
from platform_assets.exports.aside import files_of
from platform_assets.exports.formats import SortedFile, copied, identifier, text

# The backslash first: those of the others are not escaped again.
_ESCAPES = {"\\": "\\\\", "\t": "\\t", "\r": "\\r", "\n": "\\n"}


@dataclass(frozen=True)
class Csv(SortedFile):
    """A CSV file with a header: rows sorted by all columns, NULL an empty cell, LF, UTF-8, times in UTC.

    `columns` are the document's, in order; `times` is a `strftime` format. Without `quotes`, which only documents
    delimited by tabs can be, a tab, CR or LF in a cell is written as `\\t`, `\\r`, `\\n`, a backslash as `\\\\`.
    """

    columns: tuple[str, ...]
    times: str = "%Y-%m-%dT%H:%M:%SZ"
    delimiter: str = ","
    quotes: bool = True

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.quotes and self.delimiter != "\t":
            raise DeclarationError(
                f"{self.file} has no quotes, and {self.delimiter!r} between its cells, which could be in a cell, too: "
                "give it quotes, or tabs"
            )

    @property
    def columns_read(self) -> Sequence[str]:
        return self.columns

    def has_rows(self, document: IO[bytes]) -> bool:
        """Whether a document goes on after its header."""
        document.readline()
        return bool(document.read(1))

    def _write_one(self, connection: duckdb.DuckDBPyConnection, rows: ds.Dataset, target: Path) -> int:
        cells = [self._cell(rows, name) for name in self.columns]
        quoting = "" if self.quotes else ", QUOTE '', ESCAPE ''"
        options = f"FORMAT csv, HEADER, DELIMITER '{self.delimiter}'{quoting}"
        # Rows that are told apart by the name of their file are parts of one: that need not be asked each time.
        files = [] if self.name.fields else files_of(rows)
        return copied(connection, rows, cells, self.columns, target, options, files)

    def _cell(self, rows: ds.Dataset, name: str) -> str:
        cell = identifier(name)
        if str(rows.schema.field(name).type).startswith("timestamp"):
            cell = f"strftime({cell}, {text(self.times)})"
        if not self.quotes:
            cell = f"CAST({cell} AS VARCHAR)"
            for character, written in _ESCAPES.items():
                cell = f"replace({cell}, chr({ord(character)}), '{written}')"
        return f"{cell} AS {identifier(name)}"
