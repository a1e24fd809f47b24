"""The days that a table's files hold; all rows of a table without days stand for one, `WHOLE`."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date

import pyarrow as pa
from deltalake import DeltaTable

from platform_assets.contracts.compiled import CompiledContract

WHOLE = date.min
"""What stands for the day of all rows of a table that has none."""
_ALL = "all rows"


def files_in(delta: DeltaTable) -> pa.Table:
    """What the log says of the files that a version reads, a row each: path, num_records, partition.<column>, ..."""
    return pa.table(delta.get_add_actions(flatten=True))


def days_of(files: pa.Table, contract: CompiledContract) -> pa.Array | pa.ChunkedArray:
    """The partition day of each file, as dates."""
    if contract.partition_column is None:
        return pa.repeat(pa.scalar(WHOLE, pa.date32()), len(files))
    return files[f"partition.{contract.partition_column}"]


def day_in(partition_values: Mapping[str, str | None], contract: CompiledContract) -> str | None:
    """The partition day (ISO text) of a file by its partition values; None for rows without a day."""
    if contract.partition_column is None:
        return WHOLE.isoformat()
    return partition_values[contract.partition_column]


def span_text(first: date, last: date) -> str:
    """Days that follow each other, such as `2026-01-01...2026-01-07`."""
    if first == WHOLE:
        return _ALL
    if last == date.max:
        return f"{first} and all days after it"
    return str(first) if first == last else f"{first}...{last}"


def partition_by(contract: CompiledContract) -> list[str] | None:
    """What a Delta table with this contract is partitioned by."""
    return [contract.partition_column] if contract.partition_column else None


def filters(contract: CompiledContract, days: Collection[date]) -> list[tuple[str, str, list[str]]] | None:
    """The partitions of these days, as Delta's filters; None for all rows."""
    column = contract.partition_column
    return [(column, "in", [day.isoformat() for day in days])] if column else None
