"""Parquet documents: rows sorted by all columns, the same bytes for the same rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import duckdb
import pyarrow.dataset as ds
import pyarrow.parquet as pq

from platform_assets.exports.formats import SortedFile, copied, identifier


@dataclass(frozen=True)
class Parquet(SortedFile):
    """A Parquet file: rows sorted by all columns, times in UTC and without a zone.

    `columns` are the document's, in order. Of a name such as `month={month}/data.parquet` readers take the columns
    in braces from the folders: they need not be in `columns`.
    """

    columns: tuple[str, ...]

    @property
    def columns_read(self) -> Sequence[str]:
        return self.columns

    def has_rows(self, document: IO[bytes]) -> bool:
        """Whether a document has any, as it says at its end."""
        return bool(pq.ParquetFile(document).metadata.num_rows)

    def _write_one(self, connection: duckdb.DuckDBPyConnection, rows: ds.Dataset, target: Path) -> int:
        cells = list(map(identifier, self.columns))
        return copied(connection, rows, cells, self.columns, target, "FORMAT parquet")
