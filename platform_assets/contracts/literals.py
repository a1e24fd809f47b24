"""Python values as SQL literals of a column's type, which every engine reads as exactly that value."""

from __future__ import annotations

import struct
from datetime import date, datetime, timezone
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pyspark.sql.types as T

from platform_assets.contracts.errors import UncompilableRule

_INTEGER_BITS = {T.ByteType: 8, T.ShortType: 16, T.IntegerType: 32, T.LongType: 64}


def literal(value: Any, dtype: T.DataType) -> str:
    """A Python value as a SQL literal of a column's type.

    Raises `UncompilableRule` for what is not a value of the type: as the bound of a rule it would be a mistake, and
    a comparison across types is where engines differ. Times without a zone are UTC.
    """
    if isinstance(dtype, T.StringType) and isinstance(value, str):
        return text_literal(value)
    if isinstance(dtype, T.BooleanType) and isinstance(value, bool):
        return str(value).lower()
    if isinstance(dtype, T.TimestampType) and isinstance(value, datetime):
        return f"TIMESTAMP '{_utc(value).isoformat(sep=' ', timespec='microseconds')}'"
    if isinstance(dtype, T.DateType) and isinstance(value, date) and not isinstance(value, datetime):
        return f"DATE '{value.isoformat()}'"
    if isinstance(dtype, T.NumericType) and isinstance(value, (int, float, Decimal)) and not isinstance(value, bool):
        return f"CAST('{_number(value, dtype)}' AS {dtype.simpleString()})"
    raise UncompilableRule(f"{value!r} is not a value of a column of type {dtype.simpleString()}")


def text_literal(value: str) -> str:
    r"""Text as a SQL literal; every character that a parser could take for its own is written as its code point.

    These are the quote, the dollar of Spark's `${variable}`, the backtick (so that a column's name in backticks is
    never found inside a text), and all that is not printable ASCII.
    """
    return "'" + "".join(map(_escaped, value)) + "'"


def _escaped(char: str) -> str:
    if char == "\\":
        return r"\\"
    return char if char.isascii() and char.isprintable() and char not in "'$`" else f"\\U{ord(char):08X}"


def _utc(value: datetime) -> datetime:
    aware = value if value.tzinfo else value.replace(tzinfo=timezone.utc)
    try:
        return aware.astimezone(timezone.utc)
    except OverflowError:
        raise UncompilableRule(f"{value} lies outside the years 1 to 9999 (UTC)") from None


def _number(value: float | Decimal, dtype: T.DataType) -> str:
    """A number in decimal digits, when the type has exactly that number (`float`: one that rounds to it)."""
    if not Decimal(value).is_finite():
        raise UncompilableRule(f"the bound {value} is not a finite number: leave it out")
    exact = Fraction(value)
    if isinstance(dtype, T.DecimalType):
        scaled = exact * 10**dtype.scale
        if scaled.denominator == 1 and abs(scaled) < 10**dtype.precision:
            return f"{Decimal(value):f}"
    elif isinstance(dtype, T.IntegralType):
        limit = 2 ** (_INTEGER_BITS[type(dtype)] - 1)
        if exact.denominator == 1 and -limit <= exact < limit:
            return str(exact)
    else:
        nearest = _nearest(value, dtype)
        if nearest is not None and (isinstance(dtype, T.FloatType) or Fraction(nearest) == exact):
            return repr(nearest)
    fraction = ", a fraction as in Decimal('0.1')" if isinstance(dtype, T.DecimalType) else ""
    raise UncompilableRule(f"{value!r} is not a value of a column of type {dtype.simpleString()}: write one{fraction}")


def _nearest(value: float | Decimal, dtype: T.DataType) -> float | None:
    """The number of the floating type nearest to a value; None beyond its range."""
    width = "<f" if isinstance(dtype, T.FloatType) else "<d"
    try:
        nearest: float = struct.unpack(width, struct.pack(width, float(value)))[0]
    except OverflowError:
        return None
    return nearest
