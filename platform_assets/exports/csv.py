"""CSV and TSV documents: sorted, of a fixed format, the same bytes for the same rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow.dataset as ds

from platform_assets.lake import storage
from platform_assets.lake.sorting import sorter
from platform_assets.settings import Settings


@dataclass(frozen=True)
class Csv:
    """A CSV file with a header: rows sorted by all columns, NULL an empty cell, LF, UTF-8, times in UTC.

    `columns` are the document's, in order; `times` is a `strftime` format. Without `quotes` a cell stands as it is,
    whatever is in it: for rows in which no delimiter can be.
    """

    file: str
    columns: tuple[str, ...]
    times: str = "%Y-%m-%dT%H:%M:%SZ"
    delimiter: str = ","
    quotes: bool = True

    def write(self, documents: Mapping[Path, ds.Dataset | None], settings: Settings) -> int:
        """Write each file's rows (None: there are none) and return how many; sorts on disk beyond its memory."""
        room = settings.engine_temp or str(next(iter(documents)).parent)
        with sorter(settings, room) as connection:
            return sum(self._write_one(connection, rows, target) for target, rows in documents.items())

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
        if str(rows.schema.field(name).type).startswith("timestamp"):
            return f'strftime("{name}", \'{self.times}\') AS "{name}"'
        return f'"{name}"'


def quoted(path: Path) -> str:
    """A path as SQL text."""
    return "'" + str(path).replace("'", "''") + "'"
