"""Values that engines and file formats like to change: each comes out of a table as the Python value that went in."""

from __future__ import annotations

import struct
from datetime import date, datetime, timezone
from decimal import Decimal
from typing import Annotated, Any

import pyarrow as pa
import pytest
from deltalake import DeltaTable

from platform_assets.contracts.compiled import compiled
from platform_assets.contracts.contract import Contract, Field, T
from platform_assets.lake.engines.engine import Engine
from platform_assets.lake.tables.staging import Staged
from platform_assets.lake.tables.table import Table

DAY = date(2026, 1, 1)
LARGEST = Decimal("99999999999999999999.999999999999999999")
TEXTS = ("", " ", "\0", "a\nb\r\n\t", "NULL", "é", "e\u0301", "👩\u200d🚀", "\u202e\u0085\u2028\ufeff", "\U0010ffff")


class Values(Contract):
    """A column of every type that a contract may have."""

    day: T.DateType = Field(description="UTC day")
    row: T.IntegerType = Field(description="Number of the row")
    truth: T.BooleanType = Field(nullable=True, description="True or false")
    tiny: T.ByteType = Field(nullable=True, description="Integer of 8 bits")
    small: T.ShortType = Field(nullable=True, description="Integer of 16 bits")
    whole: T.IntegerType = Field(nullable=True, description="Integer of 32 bits")
    number: T.LongType = Field(nullable=True, description="Integer of 64 bits")
    single: T.FloatType = Field(nullable=True, description="Number of 32 bits")
    measure: T.DoubleType = Field(nullable=True, description="Number of 64 bits")
    wide: Annotated[T.DecimalType, 38, 18] = Field(nullable=True, description="Widest decimal")
    money: Annotated[T.DecimalType, 9, 2] = Field(nullable=True, description="Narrow decimal")
    since: T.DateType = Field(nullable=True, description="Date")
    moment: T.TimestampType = Field(nullable=True, description="Time, UTC")
    note: T.StringType = Field(nullable=True, description="Text")
    words: Annotated[T.ArrayType, T.StringType(), True] = Field(nullable=True, description="Texts")


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=timezone.utc)  # type: ignore[misc, arg-type]


COLUMNS: dict[str, tuple[pa.DataType, list[Any]]] = {
    "truth": (pa.bool_(), [True, False]),
    "tiny": (pa.int8(), [-(2**7), -1, 0, 2**7 - 1]),
    "small": (pa.int16(), [-(2**15), -1, 0, 2**15 - 1]),
    "whole": (pa.int32(), [-(2**31), -1, 0, 2**31 - 1]),
    "number": (pa.int64(), [-(2**63), -(2**53) - 1, 0, 2**63 - 1]),
    "single": (pa.float32(), [-0.0, 0.0, 2.0**-149, float("nan"), float("inf"), float("-inf"), 2.0**127]),
    "measure": (pa.float64(), [-0.0, 0.0, 5e-324, float("nan"), float("inf"), float("-inf"), 1.7e308, 0.1]),
    "wide": (
        pa.decimal128(38, 18),
        [LARGEST, LARGEST.copy_negate(), Decimal("0E-18"), Decimal("-1E-18"), Decimal("1.500000000000000000")],
    ),
    "money": (pa.decimal128(9, 2), [Decimal("9999999.99"), Decimal("-9999999.99"), Decimal("-0.01"), Decimal("0.10")]),
    "since": (
        pa.date32(),
        [date.min, date(1582, 10, 4), date(1582, 10, 10), date(1582, 10, 15), date(1969, 12, 31), date.max],
    ),
    "moment": (
        pa.timestamp("us", tz="UTC"),
        [
            *(utc(1, 1, 1), utc(1582, 10, 4, 23, 59, 59, 999_999), utc(1582, 10, 10, 1, 2, 3, 4)),
            *(utc(1899, 12, 31, 23, 59, 59, 1), utc(1969, 12, 31, 23, 59, 59, 999_999), utc(1970, 1, 1)),
            *(utc(2038, 1, 19, 3, 14, 8, 1), utc(9999, 12, 31, 23, 59, 59, 999_999)),
        ],
    ),
    "note": (pa.string(), [*TEXTS, "x" * 1_000_000, "👩" * 250_000]),
    "words": (pa.list_(pa.string()), [[], [""], [None, "a", None], list(TEXTS), ["y" * 1_000_000]]),
}
ROWS = 1 + max(len(values) for _, values in COLUMNS.values())


def filled(values: list[Any]) -> list[Any]:
    """The values, and NULL in all rows behind them: every column has at least one."""
    return values + [None] * (ROWS - len(values))


@pytest.fixture(scope="module")
def staged(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Staged:
    """All values, staged; published as well."""
    table = Table("tests", "values", compiled(Values), str(tmp_path_factory.mktemp("values") / "values"))
    arrays = {name: pa.array(filled(values), arrow) for name, (arrow, values) in COLUMNS.items()}
    arrays = {"day": pa.array([DAY] * ROWS), "row": pa.array(range(ROWS), pa.int32())} | arrays
    found = table.stage(engine, engine.session.createDataFrame(pa.table(arrays)), "run", [DAY])
    table.publish(found)
    return found


def exact(value: Any) -> Any:
    """A value that only itself is equal to: NaN too, 0.0 not to -0.0, and 1.0 not to 1.00."""
    return struct.pack("d", value) if isinstance(value, float) else str(value) if isinstance(value, Decimal) else value


def column(table: pa.Table, name: str) -> list[Any]:
    return [exact(value) for value in table.sort_by("row")[name].to_pylist()]


def test_every_type_that_a_contract_may_have_is_tried() -> None:
    assert {"day", "row", *COLUMNS} == set(compiled(Values).names)


@pytest.mark.parametrize("name", COLUMNS)
def test_a_reader_who_knows_nothing_of_the_platform_finds_the_values(staged: Staged, name: str) -> None:
    found = pa.table(DeltaTable(staged.table.url).to_pyarrow_table())
    assert column(found, name) == [exact(value) for value in filled(COLUMNS[name][1])]
    assert found.schema.field(name).type == COLUMNS[name][0]


@pytest.mark.parametrize("name", COLUMNS)
def test_the_engine_finds_the_values(engine: Engine, staged: Staged, name: str) -> None:
    rows, _ = staged.table.read(engine, DAY, DAY)
    expected = [exact(value) for value in filled(COLUMNS[name][1])]
    assert column(rows.select("row", name).toArrow(), name) == expected


@pytest.mark.parametrize("name", COLUMNS)
def test_rows_and_nulls_are_counted_in_the_file_statistics(staged: Staged, name: str) -> None:
    assert staged.rows == ROWS
    nulls = staged.nulls(name)
    assert nulls == ROWS - len(COLUMNS[name][1]) or (name == "words" and nulls is None)


def test_a_file_is_read_by_its_statistics_wherever_a_value_stands(engine: Engine, staged: Staged) -> None:
    rows, _ = staged.table.read(engine, DAY, DAY)
    wanted = {
        "number": f"number = {2**63 - 1}",
        "measure": "measure = 1.7e308D",
        "wide": f"wide = {LARGEST}BD",
        "since": "since = DATE '0001-01-01'",
        "moment": "moment = TIMESTAMP '9999-12-31 23:59:59.999999 UTC'",
        "note": f"note = '{TEXTS[-1]}'",
    }
    assert {name: rows.where(condition).count() for name, condition in wanted.items()} == dict.fromkeys(wanted, 1)
