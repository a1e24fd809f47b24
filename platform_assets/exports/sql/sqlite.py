"""SQLite: a file; dates and times are texts in it, and decimals numbers of at most fifteen digits."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyspark.sql.types as T
import sqlalchemy as sa

from platform_assets.contracts.compiled import ColumnSpec
from platform_assets.errors import PlatformError
from platform_assets.exports.sql.addresses import Address
from platform_assets.exports.sql.by_sqlalchemy import BySqlAlchemy
from platform_assets.exports.sql.databases import LOCK_SECONDS, STAGED
from platform_assets.exports.sql.rows import Rows
from platform_assets.exports.sql.shapes import Shape, SqlType

# What SQLite keeps of a decimal, as a floating-point number, without a change.
_DIGITS = 15
_TYPES: Mapping[type[T.DataType], SqlType] = {
    T.StringType: (sa.Text(), "TEXT"),
    T.BooleanType: (sa.Boolean(), "BOOLEAN"),
    T.ByteType: (sa.SmallInteger(), "SMALLINT"),
    T.ShortType: (sa.SmallInteger(), "SMALLINT"),
    T.IntegerType: (sa.Integer(), "INTEGER"),
    T.LongType: (sa.BigInteger(), "BIGINT"),
    T.FloatType: (sa.REAL(), "REAL"),
    T.DoubleType: (sa.REAL(), "REAL"),
    T.DateType: (sa.Date(), "DATE"),
    T.TimestampType: (sa.TIMESTAMP(), "TIMESTAMP"),
}


class SQLite(BySqlAlchemy):
    """A connection to a file of SQLite."""

    driver = "sqlite"
    mark = "?"
    plain = {
        T.DateType: lambda array: array.cast(pa.string()),
        T.TimestampType: lambda array: array.cast(pa.timestamp("us")).cast(pa.string()),
        T.DecimalType: lambda array: array.cast(pa.string()),
    }

    def __init__(self, address: Address) -> None:
        super().__init__(address, address.url, {"timeout": LOCK_SECONDS})

    def type_of(self, column: ColumnSpec, is_looked_up: bool) -> SqlType:
        if isinstance(dtype := column.dtype, T.DecimalType):
            return sa.Numeric(dtype.precision, dtype.scale), f"NUMERIC({dtype.precision}, {dtype.scale})"
        return _TYPES[type(dtype)]

    def shape(self, table: str) -> Shape | None:
        kinds = self.query(f"SELECT type FROM sqlite_master WHERE name = '{table}'")
        if not kinds:
            return None
        columns = self.query(f"PRAGMA table_info({self.quoted(table)})")
        return Shape(
            {name: (kind, not is_needed) for _, name, kind, is_needed, _, _ in columns},
            frozenset(name for _, name, _, _, _, place in columns if place),
            "" if kinds[0][0] == "table" else "is no table (a view, perhaps)",
        )

    def stage_like(self, table: str) -> None:
        self.execute(f"DROP TABLE IF EXISTS temp.{STAGED}")
        self.execute(f"CREATE TEMPORARY TABLE {STAGED} AS SELECT * FROM {self.quoted(table)} WHERE false")

    def insert(self, rows: Rows) -> None:
        self.execute("BEGIN")  # one for all: each row would be one of its own
        super().insert(rows)
        self.execute("COMMIT")

    def look(self, column: ColumnSpec, array: Any) -> None:
        super().look(column, array)
        dtype = column.dtype
        if not isinstance(dtype, T.DecimalType) or dtype.precision <= _DIGITS:
            return
        most = pa.scalar(Decimal(10**_DIGITS).scaleb(-dtype.scale), array.type)
        for value in array.filter(pc.greater_equal(pc.abs(array), most)).to_pylist():
            if value is not None and len(value.normalize().as_tuple().digits) > _DIGITS:
                raise PlatformError(
                    f"the column {column.name} has the value {value}, of more than {_DIGITS} digits, which SQLite "
                    "would round: write to another database, or give the column fewer digits"
                )

    def begin(self, table: str) -> None:
        self.execute("BEGIN IMMEDIATE")
