"""The types a column may have, each with its values (extremes first), and how Arrow and pandas hold them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pandas as pd
import pyarrow as pa
import pyspark.sql.types as T
from hypothesis import strategies as st

NASTY_TEXT = [
    "",
    " ",
    "a",
    "A",
    "ab\n",
    "ab\n\n",
    "a\nb",
    "ab\r\n",
    "\t",
    "'",
    '"',
    "`x`",
    "\\",
    "\\n",
    "%_",
    "a%b",
    "${HOME}",
    "\0",
    "a\0",
    "\x0012",
    "\u2028",
    "\x85",
    "é",
    "e\u0301",
    "ß",
    "\u0661\u0662",
    "\uff11",
    "😀",
    "👩\u200d🚀x",
    "\uffff",
    "2026-01-02",
    "1234567890",
    "NULL",
    "null",
    "NaN",
]


@dataclass(frozen=True)
class Kind:
    """One type: `values` may stand in a column, `bounds` in a rule as well."""

    dtype: T.DataType
    arrow: pa.DataType
    values: st.SearchStrategy[Any]
    bounds: st.SearchStrategy[Any]
    series: Callable[[Sequence[Any]], pd.Series]

    def table(self, values: Sequence[Any]) -> pa.Table:
        """Rows (i, x) as the engine gets them; made by Arrow, because times before 1677 are too old for pandas."""
        return pa.table({"i": pa.array(range(len(values)), pa.int64()), "x": pa.array(values, self.arrow)})


def _of(name: str) -> Callable[[Sequence[Any]], pd.Series]:
    return lambda values: pd.Series(list(values), dtype=name)


def _some(extremes: list[Any], others: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.sampled_from(extremes) | others


def _integers(dtype: T.DataType, arrow: pa.DataType, bits: int) -> Kind:
    least, most = -(2 ** (bits - 1)), 2 ** (bits - 1) - 1
    values = _some([0, 1, -1, least, least + 1, most - 1, most], st.integers(least, most))
    return Kind(dtype, arrow, values, values, _of(f"Int{bits}"))


def _floats(dtype: T.DataType, arrow: pa.DataType, width: Any) -> Kind:
    smallest = {32: 2.0**-149, 64: 5e-324}[width]
    finite = _some(
        [0.0, -0.0, 1.0, smallest, -smallest, 0.5, 1e10],
        st.floats(width=width, allow_nan=False, allow_infinity=False),
    )
    strange = st.sampled_from([float("nan"), float("inf"), float("-inf")])
    return Kind(dtype, arrow, finite | strange, finite, _of(f"float{width}"))


def _decimals(precision: int, scale: int) -> Kind:
    most = Decimal(10**precision - 1).scaleb(-scale) if precision < 28 else Decimal("9" * (precision - scale))
    values = _some(
        [Decimal("0"), Decimal("-0"), Decimal(1), most, -most, Decimal("0.10"), Decimal("-0.01")],
        st.decimals(-most, most, places=scale, allow_nan=False, allow_infinity=False),
    )
    return Kind(T.DecimalType(precision, scale), pa.decimal128(precision, scale), values, values, _of("object"))


_DATES = _some(
    [
        date.min,
        date(1582, 10, 4),
        date(1582, 10, 15),
        date(1969, 12, 31),
        date(1970, 1, 1),
        date(2000, 2, 29),
        date.max,
    ],
    st.dates(),
)
_UTC = timezone.utc
_TIMES = _some(
    [
        datetime.min.replace(tzinfo=_UTC),
        datetime(1582, 10, 10, 1, 2, 3, 4, tzinfo=_UTC),
        datetime(1969, 12, 31, 23, 59, 59, 999999, tzinfo=_UTC),
        datetime(1970, 1, 1, tzinfo=_UTC),
        datetime(2038, 1, 19, 3, 14, 8, 1, tzinfo=_UTC),
        datetime.max.replace(tzinfo=_UTC),
    ],
    st.datetimes(timezones=st.just(_UTC)),
)
_ZONES = st.sampled_from([timezone(timedelta(hours=5, minutes=30)), timezone(timedelta(hours=-8)), _UTC])
# A bound may be written in any zone, or without one; not at the ends of time, where other zones have no such year.
_TIME_BOUNDS = _TIMES | st.builds(
    lambda time, zone: time.replace(tzinfo=zone), st.datetimes(datetime(1900, 1, 1), datetime(2100, 1, 1)), _ZONES
)
TEXT = _some(NASTY_TEXT, st.text(max_size=6) | st.text("ab1.\n\\'%", max_size=8))

KINDS = {
    "string": Kind(T.StringType(), pa.string(), TEXT, TEXT, _of("object")),
    "boolean": Kind(T.BooleanType(), pa.bool_(), st.booleans(), st.booleans(), _of("boolean")),
    "byte": _integers(T.ByteType(), pa.int8(), 8),
    "short": _integers(T.ShortType(), pa.int16(), 16),
    "int": _integers(T.IntegerType(), pa.int32(), 32),
    "long": _integers(T.LongType(), pa.int64(), 64),
    "float": _floats(T.FloatType(), pa.float32(), 32),
    "double": _floats(T.DoubleType(), pa.float64(), 64),
    "decimal": _decimals(18, 2),
    "wide decimal": _decimals(38, 10),
    "date": Kind(T.DateType(), pa.date32(), _DATES, _DATES, _of("object")),
    "timestamp": Kind(
        T.TimestampType(), pa.timestamp("us", tz="UTC"), _TIMES, _TIME_BOUNDS, _of("datetime64[us, UTC]")
    ),
}
