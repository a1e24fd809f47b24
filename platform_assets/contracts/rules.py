"""A contract's rules, compiled to SQL conditions that every engine reads alike, and to words."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pyspark.sql.types as T
from pandera.api.checks import Check

from platform_assets.contracts.errors import UncompilableRule
from platform_assets.contracts.literals import literal, text_literal
from platform_assets.contracts.regex import to_engine
from platform_assets.errors import naming

UNIQUE = "unique_key"


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


# What a check compiles to: the SQL condition that a value which keeps the rule meets, and the same in words.
Holds = tuple[str, str]

_COMPARED = {
    "=": "is",
    "<>": "is not",
    ">": "is greater than",
    ">=": "is at least",
    "<": "is less than",
    "<=": "is at most",
}


def _compare(column: str, dtype: T.DataType, sign: str, value: Any) -> Holds:
    if isinstance(dtype, T.BooleanType) and sign not in ("=", "<>"):
        raise UncompilableRule("true and false have no order: use eq or ne")
    return f"{column} {sign} {literal(value, dtype)}", f"{_COMPARED[sign]} {_shown(value)}"


def _in_range(
    column: str, dtype: T.DataType, *, min_value: Any, max_value: Any, include_min: bool, include_max: bool
) -> Holds:
    return _both(
        _compare(column, dtype, ">=" if include_min else ">", min_value),
        _compare(column, dtype, "<=" if include_max else "<", max_value),
    )


def _is_in(column: str, dtype: T.DataType, *, allowed_values: Any) -> Holds:
    listed, words = _listed(dtype, allowed_values)
    return f"{column} IN ({listed})" if listed else "false", f"is one of {words}"


def _is_not_in(column: str, dtype: T.DataType, *, forbidden_values: Any) -> Holds:
    listed, words = _listed(dtype, forbidden_values)
    return f"{column} NOT IN ({listed})" if listed else "true", f"is none of {words}"


def _listed(dtype: T.DataType, values: Any) -> tuple[str, str]:
    # Pandera takes a text for its letters and reads a generator up; both are mistakes in a contract.
    if not isinstance(values, Collection) or isinstance(values, (str, bytes)):
        raise UncompilableRule(f"write the values as a list, not as {values!r}")
    # The order of a set differs between processes, a contract's rules must not.
    ordered = sorted(values, key=repr) if isinstance(values, (set, frozenset)) else list(values)
    looked_up = [literal(value, dtype) for value in ordered]
    if isinstance(dtype, (T.FloatType, T.DoubleType)) and 0 in ordered:
        # Sail looks longer lists up by hash, and so tells the two zeros apart (workaround: sail-zeros-in-lists).
        looked_up += [literal(0.0, dtype), literal(-0.0, dtype)]
    return ", ".join(looked_up), ", ".join(map(_shown, ordered)) or "no values"


def _matches(column: str, dtype: T.DataType, *, pattern: str | re.Pattern[str]) -> Holds:
    return _finds(column, dtype, rf"\A(?:{_translated(pattern)})"), f"starts with a match of {_written(pattern)}"


def _contains(column: str, dtype: T.DataType, *, pattern: str | re.Pattern[str]) -> Holds:
    return _finds(column, dtype, _translated(pattern)), f"contains a match of {_written(pattern)}"


def _finds(column: str, dtype: T.DataType, regex: str) -> str:
    return f"{_text(column, dtype)} RLIKE {text_literal(regex)}"


def _translated(pattern: str | re.Pattern[str]) -> str:
    try:
        return to_engine(pattern)
    except ValueError as error:
        raise UncompilableRule(str(error)) from None


def _starts_with(column: str, dtype: T.DataType, *, string: str) -> Holds:
    return f"startswith({_text(column, dtype)}, {literal(string, dtype)})", f"starts with {_shown(string)}"


def _ends_with(column: str, dtype: T.DataType, *, string: str) -> Holds:
    return f"endswith({_text(column, dtype)}, {literal(string, dtype)})", f"ends with {_shown(string)}"


def _length(
    column: str,
    dtype: T.DataType,
    min_value: int | None = None,
    max_value: int | None = None,
    exact_value: int | None = None,
) -> Holds:
    length = f"length({_text(column, dtype)})"
    bounds = ((">=", min_value), ("<=", max_value), ("=", exact_value))
    condition, words = _both(*[_compare(length, T.IntegerType(), sign, n) for sign, n in bounds if n is not None])
    return condition, f"has a length that {words}"


def _both(*conditions: Holds) -> Holds:
    return " AND ".join(sql for sql, _ in conditions), " and ".join(words for _, words in conditions)


def _text(column: str, dtype: T.DataType) -> str:
    if not isinstance(dtype, T.StringType):
        raise UncompilableRule(f"a rule for text cannot stand on a column of type {dtype.simpleString()}")
    return column


def _written(pattern: str | re.Pattern[str]) -> str:
    return code(pattern.pattern if isinstance(pattern, re.Pattern) else pattern)


def _shown(value: Any) -> str:
    if isinstance(value, str):
        return repr(value)
    return value.isoformat(" ") if isinstance(value, datetime) else str(value)


def code(text: str) -> str:
    """Text as code in Markdown, whatever backticks and blanks it has itself."""
    fence = "`" * (1 + max(map(len, re.findall("`+", text)), default=0))
    blank = " " if text[:1] in " `" or text[-1:] in " `" else ""
    return f"{fence}{blank}{text}{blank}{fence}"


# Pandera's checks, under the names of its registry.
_HOLDS: dict[str, Callable[..., Holds]] = {
    "equal_to": lambda column, dtype, value: _compare(column, dtype, "=", value),
    "not_equal_to": lambda column, dtype, value: _compare(column, dtype, "<>", value),
    "greater_than": lambda column, dtype, min_value: _compare(column, dtype, ">", min_value),
    "greater_than_or_equal_to": lambda column, dtype, min_value: _compare(column, dtype, ">=", min_value),
    "less_than": lambda column, dtype, max_value: _compare(column, dtype, "<", max_value),
    "less_than_or_equal_to": lambda column, dtype, max_value: _compare(column, dtype, "<=", max_value),
    "in_range": _in_range,
    "isin": _is_in,
    "notin": _is_not_in,
    "str_matches": _matches,
    "str_contains": _contains,
    "str_startswith": _starts_with,
    "str_endswith": _ends_with,
    "str_length": _length,
}


def is_null(column: str, dtype: T.DataType) -> str:
    """The condition under which Pandera calls a value missing: NULL, and NaN where there is one."""
    if isinstance(dtype, (T.DoubleType, T.FloatType)):
        return f"({column} IS NULL OR isnan({column}))"
    return f"({column} IS NULL)"


def value_rule(column: str, dtype: T.DataType, check: Check) -> Rule:
    """The rule of one Pandera check on one column; raises `UncompilableRule` for what has no SQL."""
    kind, name, quoted = check.registry_name, str(check.name), f"`{column}`"
    with naming(name):
        if kind not in _HOLDS:
            raise UncompilableRule(f"no SQL is known for this check; known are {', '.join(sorted(_HOLDS))}")
        if not check.ignore_na:
            raise UncompilableRule("ignore_na=False has no SQL: use nullable=False")
        if check.groupby is not None:
            raise UncompilableRule("groupby has no SQL: use columns_agree")
        condition, words = _HOLDS[kind](quoted, dtype, **(check.statistics or {}))
    return Rule(
        name=f"{column}_{name}",
        kind="value",
        columns=(column,),
        description=f"`{column}` {words}",
        broken=f"NOT {is_null(quoted, dtype)} AND NOT ({condition})",
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
    """The rules of a contract's `columns_agree`; raises `UncompilableRule` for any other table-wide check."""
    rules = (check.statistics or {}).get("rules")
    if check.name != "columns_agree" or not isinstance(rules, dict) or not rules:
        raise UncompilableRule(
            f"the table-wide check {check.name} has no SQL: write what it says into Config as "
            'columns_agree = {"rules": {"name_of_the_rule": "SQL condition"}}'
        )
    for name, condition in rules.items():
        if not isinstance(condition, str) or not condition.strip():
            raise UncompilableRule(f"the condition of {name} must be a text of SQL, not {condition!r}")
    return [
        # In brackets of its own, a condition cannot end the call that it stands in.
        Rule(name, "agreement", (), condition, f"NOT coalesce(({condition}), true)", bool(check.raise_warning))
        for name, condition in rules.items()
    ]
