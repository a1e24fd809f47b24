"""Columns that a contract knows by a pattern of their names, because nobody knows beforehand which there will be."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pyspark.sql.types as T

from platform_assets.contracts.errors import UncompilableRule
from platform_assets.contracts.rules import Rule, value_rule

# What a rule calls a value of any of the columns.
_VALUE = "value_of_a_column"


@dataclass(frozen=True)
class Pattern:
    """Columns whose whole names match `regex`: all have one type, and may be NULL.

    `name` is what they are called together, `rules` hold for each of their values: `Rule.broken` is of one.
    """

    name: str
    regex: str
    dtype: T.DataType
    description: str
    rules: tuple[Rule, ...]

    def matches(self, column: str) -> bool:
        """Whether a column is one of these."""
        return re.fullmatch(self.regex, column) is not None

    def rules_for(self, columns: Sequence[str]) -> list[Rule]:
        """The rules, broken by a row when the value of one of some columns breaks them."""
        listed = ", ".join(f"`{column}`" for column in columns)
        return [
            replace(
                rule,
                columns=tuple(columns),
                broken=f"exists(array({listed}), {_VALUE} -> {rule.broken})" if columns else "false",
            )
            for rule in self.rules
        ]


def pattern(name: str, dtype: T.DataType, field: Any) -> Pattern:
    """The pattern that a field with `regex=True` says; raises `UncompilableRule` for one that cannot be."""
    regex = field.alias
    if not isinstance(regex, str) or not (regex.startswith("^") and regex.endswith("$")):
        raise UncompilableRule(r'regex=True needs the pattern of whole names: write alias=r"^.+_mean$"')
    try:
        re.compile(regex)
    except re.error as error:
        raise UncompilableRule(f"alias={regex!r} is no regular expression: {error}") from None
    if not field.nullable:
        raise UncompilableRule("columns known by a pattern are not there on all days: write nullable=True")
    if (field.metadata or {}).get("personal"):
        raise UncompilableRule("columns known by a pattern are shown: give personal columns names of their own")
    if isinstance(dtype, (T.ArrayType, T.MapType)):
        raise UncompilableRule("columns known by a pattern hold single values, no arrays and no maps")
    return Pattern(name, regex, dtype, field.description, tuple(_rules(name, dtype, field.checks)))


def refuse_patterns(patterns: Sequence[Pattern], columns: Iterable[str], *, has_days: bool, is_raw: bool) -> None:
    """Refuse patterns of tables that cannot have them, and those that match a column which has a name of its own."""
    if patterns and (is_raw or not has_days):
        raise UncompilableRule(f"{patterns[0].name}: only a table with days, and no raw one, has columns by a pattern")
    for column in columns:
        for one in patterns:
            if one.matches(column):
                raise UncompilableRule(f"column {column} matches the pattern {one.regex} of {one.name}: rename it")


def _rules(name: str, dtype: T.DataType, checks: Iterable[Any]) -> list[Rule]:
    rules = []
    for check in checks:
        said, of_one = value_rule(name, dtype, check), value_rule(_VALUE, dtype, check)
        rules.append(replace(said, broken=of_one.broken.replace(f"`{_VALUE}`", _VALUE)))
    return rules
