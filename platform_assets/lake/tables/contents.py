"""What a version of a table holds, as its log tells of it: no row is read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc
from deltalake import DeltaTable

from platform_assets.contracts.compiled import CompiledContract
from platform_assets.lake.tables.days import days_of, files_in


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


def contents_of(delta: DeltaTable, contract: CompiledContract) -> Contents:
    """The contents of a version."""
    files = files_in(delta)
    by_day = pa.table({"day": days_of(files, contract), "rows": files["num_records"]})
    counted = by_day.group_by("day").aggregate([("rows", "sum")]).sort_by("day")
    rows = dict(zip(map(str, counted["day"].to_pylist()), counted["rows_sum"].to_pylist(), strict=True))
    rejected = None
    if contract.is_raw:
        # Only rejected rows have `raw`, and the files' statistics count its NULLs.
        rejected = (pc.sum(files["num_records"]).as_py() or 0) - (pc.sum(files["null_count.raw"]).as_py() or 0)
    return Contents(rows, rejected, pc.sum(files["size_bytes"]).as_py() or 0)
