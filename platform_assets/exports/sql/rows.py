"""Rows on their way into a database: of the contract's types, in batches, never more than one of them in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
import pyspark.sql.types as T

from platform_assets.contracts.compiled import ColumnSpec, CompiledContract

_ROWS = 10_000
_TYPES: Mapping[type[T.DataType], pa.DataType] = {
    T.StringType: pa.string(),
    T.BooleanType: pa.bool_(),
    # Databases have no smaller number.
    T.ByteType: pa.int16(),
    T.ShortType: pa.int16(),
    T.IntegerType: pa.int32(),
    T.LongType: pa.int64(),
    T.FloatType: pa.float32(),
    T.DoubleType: pa.float64(),
    T.DateType: pa.date32(),
    T.TimestampType: pa.timestamp("us", tz="UTC"),
}
Look = Callable[[ColumnSpec, Any], None]
"""Raises an error for values of a column, an Arrow array, that a database would not hold as they are."""


@dataclass(frozen=True)
class Rows:
    """The rows of a period, and how many there are."""

    contract: CompiledContract
    dataset: ds.Dataset | None = None
    count: int = 0

    @property
    def names(self) -> list[str]:
        """The columns, in order."""
        return self.contract.names

    @property
    def schema(self) -> pa.Schema:
        """The columns with their types in Arrow."""
        return pa.schema([(column.name, arrow_type(column.dtype)) for column in self.contract.columns])

    def batches(self, look: Look) -> Iterator[Any]:
        """Batches of the rows, each looked at, column by column."""
        if self.dataset is None:
            return
        schema = self.schema
        for batch in self.dataset.to_batches(columns=self.names, batch_size=_ROWS):
            arrays = []
            for column, kind in zip(self.contract.columns, schema.types, strict=True):
                array = _as(batch.column(column.name), kind)
                look(column, array)
                arrays.append(array)
            if batch.num_rows:
                yield pa.record_batch(arrays, schema=schema)

    def tuples(self, look: Look, plain: Mapping[type[T.DataType], Callable[[Any], Any]]) -> Iterator[Sequence[Any]]:
        """Batches as lists of tuples, of Python's own values; `plain` makes arrays of some types others before."""
        makes = [plain.get(type(column.dtype), lambda array: array) for column in self.contract.columns]
        for batch in self.batches(look):
            columns = [make(array).to_pylist() for make, array in zip(makes, batch.columns, strict=True)]
            yield list(zip(*columns, strict=True))


def arrow_type(dtype: T.DataType) -> pa.DataType:
    """The type of a contract in Arrow."""
    if isinstance(dtype, T.DecimalType):
        return pa.decimal128(dtype.precision, dtype.scale)
    return _TYPES[type(dtype)]


def _as(array: Any, kind: pa.DataType) -> Any:
    if pa.types.is_timestamp(kind) and array.type.tz is None:
        # Engines that write no zone write UTC.
        return pc.assume_timezone(array.cast(pa.timestamp("us")), "UTC")
    return array.cast(kind)
