"""Values of every type that a contract has, as anybody finds them in each kind of database."""

from __future__ import annotations

import math
from datetime import date, datetime, timezone
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any

import pyarrow as pa
import pytest
import sqlalchemy as sa

from platform_assets.contracts.contract import Contract, Field, T
from platform_assets.errors import PlatformError
from platform_assets.exports.sql.periods import Daily
from platform_assets_tests.support.sql import JANUARY, Base, Written, total


class Every(Contract):
    """A column of each type."""

    day: T.DateType = Field(description="Day")
    id: T.LongType = Field(description="Key")
    key: T.StringType = Field(description="Key, too")
    byte: T.ByteType = Field(nullable=True, description="b")
    short: T.ShortType = Field(nullable=True, description="s")
    integer: T.IntegerType = Field(nullable=True, description="i")
    text: T.StringType = Field(nullable=True, description="t")
    yes: T.BooleanType = Field(nullable=True, description="y")
    real: T.FloatType = Field(nullable=True, description="r")
    double: T.DoubleType = Field(nullable=True, description="d")
    at: T.TimestampType = Field(nullable=True, description="a")
    money: Annotated[T.DecimalType, 15, 2] = Field(nullable=True, description="m")
    order: T.LongType = Field(nullable=True, description="A word of SQL")

    class Config:
        unique = ["day", "id", "key"]


DAY = date(2026, 1, 2)
AT = datetime(2026, 1, 2, 23, 59, 59, 123456, tzinfo=timezone.utc)
FULL = {
    "day": DAY,
    "id": 2**63 - 1,
    "key": "a",
    "byte": -128,
    "short": 32767,
    "integer": -(2**31),
    "text": "x" * 70_000 + "😀\t\\n'",
    "yes": True,
    "real": 1.5,
    "double": 0.1,
    "at": AT,
    "money": Decimal("9999999999999.99"),
    "order": -(2**63),
}
EMPTY = dict.fromkeys(FULL) | {"day": DAY, "id": 0, "key": ""}
TYPES = {
    "day": pa.date32(),
    "id": pa.int64(),
    "key": pa.string(),
    "byte": pa.int8(),
    "short": pa.int16(),
    "integer": pa.int32(),
    "text": pa.string(),
    "yes": pa.bool_(),
    "real": pa.float32(),
    "double": pa.float64(),
    "at": pa.timestamp("us", "UTC"),
    "money": pa.decimal128(15, 2),
    "order": pa.int64(),
}


def _of(*rows: dict[str, Any], **other: pa.DataType) -> pa.Table:
    kinds = TYPES | other
    return pa.table({name: pa.array([row[name] for row in rows], kind) for name, kind in kinds.items()})


def _every(base: Base, folder: Path) -> Written:
    return Written(base, folder, Every, Daily("day"), "every")


def _found(base: Base) -> list[dict[str, Any]]:
    """The rows, read by SQLAlchemy as what the database says that they are."""
    with base.engine.connect() as connection:
        table = sa.Table("every", sa.MetaData(), autoload_with=connection)
        return [dict(row) for row in connection.execute(sa.select(table).order_by(table.c.id)).mappings()]


def _utc(value: datetime) -> datetime:
    return value.replace(tzinfo=timezone.utc) if value.tzinfo is None else value.astimezone(timezone.utc)


@pytest.mark.parametrize("stored", [pa.timestamp("us", "UTC"), pa.timestamp("ns")], ids=["zoned", "naive"])
def test_values_of_every_type_and_null_are_found_again(base: Base, tmp_path: Path, stored: pa.DataType) -> None:
    row = FULL | {"at": AT if stored.tz else AT.replace(tzinfo=None)}
    _every(base, tmp_path).write({"2026-01-02": _of(row, EMPTY, at=stored)})
    empty, full = _found(base)
    assert empty == EMPTY
    assert _utc(full.pop("at")) == AT
    assert Decimal(str(full.pop("money"))) == FULL["money"]
    full["double"] = float(full["double"])
    assert full == {name: value for name, value in FULL.items() if name not in ("at", "money")}


def test_keys_that_differ_in_case_or_in_a_blank_at_the_end_are_two(base: Base, tmp_path: Path) -> None:
    rows = [EMPTY | {"key": key} for key in ("a", "A", "a ", "ä")]
    _every(base, tmp_path).write({"2026-01-02": _of(*rows)})
    assert sorted(key for (key,) in base.rows("every", "key")) == ["A", "a", "a ", "ä"]


@pytest.mark.parametrize("kind", ["postgresql", "mysql"])
def test_decimals_of_all_digits_are_exact(base_of: Any, tmp_path: Path, kind: str) -> None:
    table = Written(base_of(kind), tmp_path)
    table.write({JANUARY: [total(1, "Ada", "9999999999999999.99"), total(2, "Ada", "0.01")]})
    with table.base.engine.connect() as connection:
        (summed,) = connection.exec_driver_sql("SELECT sum(total) FROM totals").one()
    assert summed == Decimal("10000000000000000.00")


def test_sqlite_keeps_fifteen_digits_and_refuses_more_instead_of_rounding(base_of: Any, tmp_path: Path) -> None:
    table = Written(base_of("sqlite"), tmp_path)
    table.write({JANUARY: [total(1, "Ada", "9999999999999.99"), total(2, "Ada", "20000000000000.00")]})
    for amount in ("12345678901234.56", "-12345678901234.56"):
        with pytest.raises(PlatformError, match=rf"total has the value {amount}, of more than 15 digits"):
            table.write({JANUARY: [total(1, "Ada", amount)]})
    assert [amount for _, _, amount in table.base.totals()[JANUARY]] == ["9999999999999.99", "20000000000000.00"]


def test_a_text_with_nul_is_refused_where_no_text_can_hold_it(base_of: Any, tmp_path: Path) -> None:
    with pytest.raises(PlatformError, match="a text of the column name has the character NUL, which postgresql://"):
        Written(base_of("postgresql"), tmp_path).write({JANUARY: [total(1, "a\0b")]})


@pytest.mark.parametrize("kind", ["postgresql", "sqlite"])
def test_rows_that_cannot_be_read_are_told_in_the_words_of_their_reader(
    base_of: Any, tmp_path: Path, kind: str
) -> None:
    rows = _of(EMPTY | {"money": Decimal("1.005")}, money=pa.decimal128(15, 3))
    with pytest.raises(pa.ArrowInvalid, match="would cause data loss"):
        _every(base_of(kind), tmp_path).write({"2026-01-02": rows})


def test_a_key_that_is_too_long_is_refused_and_not_cut(base_of: Any, tmp_path: Path) -> None:
    with pytest.raises(PlatformError, match="a text of the column key is longer than a column of the key can be"):
        _every(base_of("mysql"), tmp_path).write({"2026-01-02": _of(EMPTY | {"key": "x" * 192})})


@pytest.mark.parametrize("kind", ["mysql", "sqlite"])
@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_what_is_no_number_is_refused_and_not_made_null(base_of: Any, tmp_path: Path, kind: str, value: float) -> None:
    with pytest.raises(PlatformError, match=r"the column double has a value that is no number \(NaN or infinite\)"):
        _every(base_of(kind), tmp_path).write({"2026-01-02": _of(EMPTY, EMPTY | {"id": 1, "double": value})})
    assert base_of(kind).rows("every") == []
