"""What a version of a table holds, as its log tells of it: no row is read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc
from deltalake import DeltaTable

from platform_assets.contracts.contract import RAW
from platform_assets.lake.tables.days import days_of, files_in
from platform_assets.lake.tables.published import Published


@dataclass(frozen=True)
class Contents:
    """Rows by day (ISO text, in order), rejected ones (None where nothing can be rejected), and bytes."""

    rows_by_day: Mapping[str, int]
    rejected: int | None
    size: int

    @property
    def rows(self) -> int:
        """All rows."""
        return sum(self.rows_by_day.values())


def contents_of(table: Published, delta: DeltaTable) -> Contents:
    """The contents of a version of a table."""
    files = files_in(delta)
    by_day = pa.table({"day": days_of(files, table.contract), "rows": pa.array(table.rows_in(files), pa.int64())})
    counted = by_day.group_by("day").aggregate([("rows", "sum")]).sort_by("day")
    rows = dict(zip(map(str, counted["day"].to_pylist()), counted["rows_sum"].to_pylist(), strict=True))
    # Only rejected rows have it.
    rejected = sum(table.rows_in(files, RAW)) if table.contract.is_raw else None
    return Contents(rows, rejected, pc.sum(files["size_bytes"]).as_py() or 0)
