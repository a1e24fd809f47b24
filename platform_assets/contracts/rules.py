"""A contract's rules, compiled to SQL conditions that every engine reads alike."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime, timezone
from decimal import Decimal
from typing import Any

import pyspark.sql.types as T
from pandera.api.checks import Check

from platform_assets.contracts.regex import to_engine

UNIQUE = "unique_key"


class UncompilableRule(ValueError):
    """A contract says something that the platform cannot turn into a rule that runs."""


@dataclass(frozen=True)
class Rule:
    """One rule of a contract.

    `broken` is a SQL condition, true on rows that break the rule and never NULL; for `kind` "key" it is empty,
    because a key is broken by rows together. A `warning` is reported and stops nothing.
    """

    name: str
    kind: str
    columns: tuple[str, ...]
    description: str
    broken: str = ""
    warning: bool = False


def literal(value: Any, dtype: T.DataType) -> str:
    """A Python value as a SQL literal of a column's type; raises `UncompilableRule` where there is none."""
    if isinstance(dtype, T.StringType) and isinstance(value, str):
        escaped = value.replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n")
        return "'" + escaped.replace("\r", "\\r").replace("\t", "\\t").replace("\0", "\\0") + "'"
    if isinstance(dtype, T.BooleanType) and isinstance(value, bool):
        return str(value).lower()
    if isinstance(dtype, T.TimestampType) and isinstance(value, datetime):
        if value.tzinfo is None:
            value = value.replace(tzinfo=timezone.utc)
        return f"TIMESTAMP '{value.astimezone(timezone.utc):%Y-%m-%d %H:%M:%S.%f}'"
    if isinstance(dtype, T.DateType) and isinstance(value, date) and not isinstance(value, datetime):
        return f"DATE '{value.isoformat()}'"
    if isinstance(value, bool) or not isinstance(value, (int, float, Decimal)):
        raise UncompilableRule(f"{value!r} is not a value of a column of type {dtype.simpleString()}")
    if isinstance(dtype, (T.DoubleType, T.FloatType)):
        if not math.isfinite(value):
            raise UncompilableRule("a bound must be finite: leave it out instead")
        return f"CAST('{float(value)!r}' AS DOUBLE)"
    if isinstance(dtype, T.IntegralType):
        if value != int(value):
            raise UncompilableRule(f"{value!r} can never stand in a column of type {dtype.simpleString()}")
        return f"CAST('{int(value)}' AS DECIMAL(38, 0))" if abs(int(value)) >= 2**63 else f"{int(value)}L"
    if isinstance(dtype, T.DecimalType):
        exact = Decimal(str(value))
        return f"CAST('{exact:f}' AS DECIMAL(38, {max(-int(exact.as_tuple().exponent), 0)}))"
    raise UncompilableRule(f"no rule can compare a column of type {dtype.simpleString()}")


def _compare(operator: str, statistic: str) -> Callable[..., str]:
    def compile_comparison(column: str, dtype: T.DataType, **statistics: Any) -> str:
        return f"{column} {operator} {literal(statistics[statistic], dtype)}"

    return compile_comparison


def _in_range(
    column: str, dtype: T.DataType, *, min_value: Any, max_value: Any, include_min: bool, include_max: bool
) -> str:
    low, high = literal(min_value, dtype), literal(max_value, dtype)
    return f"{column} >{'=' * include_min} {low} AND {column} <{'=' * include_max} {high}"


def _one_of(column: str, dtype: T.DataType, values: Iterable[Any]) -> str:
    listed = [literal(value, dtype) for value in values]
    return f"{column} IN ({', '.join(listed)})" if listed else "false"


def _matches(column: str, dtype: T.DataType, pattern: str | re.Pattern[str], prefix: str) -> str:
    _text_only(dtype)
    if isinstance(pattern, re.Pattern):
        if pattern.flags & ~re.UNICODE:
            raise UncompilableRule(f"flags are not the same on every engine: {pattern!r}")
        pattern = pattern.pattern
    try:
        translated = to_engine(pattern)
    except ValueError as error:
        raise UncompilableRule(str(error)) from error
    return f"{column} RLIKE {literal(f'{prefix}(?:{translated})', dtype)}"


def _text_only(dtype: T.DataType) -> None:
    if not isinstance(dtype, T.StringType):
        raise UncompilableRule(f"a text rule stands on a column of type {dtype.simpleString()}")


def _length(
    column: str,
    dtype: T.DataType,
    min_value: int | None = None,
    max_value: int | None = None,
    exact_value: int | None = None,
) -> str:
    _text_only(dtype)
    bounds = ((">=", min_value), ("<=", max_value), ("=", exact_value))
    return " AND ".join(f"length({column}) {sign} {n}" for sign, n in bounds if n is not None)


def _text_call(function: str) -> Callable[..., str]:
    def compile_call(column: str, dtype: T.DataType, *, string: str) -> str:
        _text_only(dtype)
        return f"{function}({column}, {literal(string, dtype)})"

    return compile_call


# Pandera's check to the condition that a value which keeps the rule meets.
_HOLDS: dict[str, Callable[..., str]] = {
    "equal_to": _compare("=", "value"),
    "not_equal_to": _compare("<>", "value"),
    "greater_than": _compare(">", "min_value"),
    "greater_than_or_equal_to": _compare(">=", "min_value"),
    "less_than": _compare("<", "max_value"),
    "less_than_or_equal_to": _compare("<=", "max_value"),
    "in_range": _in_range,
    "isin": lambda column, dtype, allowed_values: _one_of(column, dtype, allowed_values),
    "notin": lambda column, dtype, forbidden_values: f"NOT ({_one_of(column, dtype, forbidden_values)})",
    "str_matches": lambda column, dtype, pattern: _matches(column, dtype, pattern, r"\A"),
    "str_contains": lambda column, dtype, pattern: _matches(column, dtype, pattern, ""),
    "str_startswith": _text_call("startswith"),
    "str_endswith": _text_call("endswith"),
    "str_length": _length,
}


def is_null(column: str, dtype: T.DataType) -> str:
    """The condition under which Pandera calls a value missing: NULL, and NaN where there is one."""
    if isinstance(dtype, (T.DoubleType, T.FloatType)):
        return f"({column} IS NULL OR isnan({column}))"
    return f"({column} IS NULL)"


def value_rule(column: str, dtype: T.DataType, check: Check) -> Rule:
    """The rule of one Pandera check on one column; raises `UncompilableRule` for checks it does not know."""
    name = f"{column}_{check.name}"
    if check.name not in _HOLDS:
        raise UncompilableRule(f"{name}: no SQL is known for this check; known are {', '.join(sorted(_HOLDS))}")
    if not check.ignore_na:
        raise UncompilableRule(f"{name}: ignore_na=False is not supported; use nullable=False")
    statistics = check.statistics or {}
    quoted = f"`{column}`"
    try:
        holds = _HOLDS[check.name](quoted, dtype, **statistics)
    except UncompilableRule as error:
        raise UncompilableRule(f"{name}: {error}") from None
    said = ", ".join(f"{key}={value!r}" for key, value in statistics.items())
    return Rule(
        name=name,
        kind="value",
        columns=(column,),
        description=f"`{column}` {check.name}({said})",
        broken=f"NOT {is_null(quoted, dtype)} AND NOT ({holds})",
        warning=bool(check.raise_warning),
    )


def null_rule(column: str, dtype: T.DataType) -> Rule:
    """The rule of a column that must not be NULL (nor NaN)."""
    return Rule(
        name=f"{column}_not_null",
        kind="null",
        columns=(column,),
        description=f"`{column}` is never NULL",
        broken=is_null(f"`{column}`", dtype),
    )


def key_rule(columns: Iterable[str]) -> Rule:
    """The rule that no two rows have the same values in these columns, NULL being a value like any other."""
    key = tuple(columns)
    return Rule(UNIQUE, "key", key, f"no two rows have the same {', '.join(key)}")


def agreement_rules(check: Check) -> list[Rule]:
    """The rules of a contract's `columns_agree`."""
    if check.name != "columns_agree":
        raise UncompilableRule(f"the table-wide check {check.name!r} has no SQL; use columns_agree")
    rules: dict[str, str] = (check.statistics or {})["rules"]
    return [
        Rule(name, "agreement", (), condition, broken=f"NOT coalesce({condition}, true)")
        for name, condition in rules.items()
    ]
