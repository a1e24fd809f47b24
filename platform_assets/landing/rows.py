"""From fields to judged rows: text as the columns' types, and the names of all rules that a row breaks."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import reduce
from operator import or_
from typing import Any

import pyspark.sql.types as T
from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from platform_assets.contracts.compiled import ColumnSpec, CompiledContract
from platform_assets.contracts.contract import GOOD_ROW, Source
from platform_assets.contracts.rules import Rule
from platform_assets.errors import DeclarationError
from platform_assets.landing import named_values, parsing
from platform_assets.landing.lines import LINE

UNREADABLE = ("not_utf8", "malformed")
"""The rules of lines of which nobody knows what they should have said."""
_LINE = "_line"
_PARSERS: dict[type[T.DataType], Callable[[Column, Any], Column]] = {
    T.StringType: lambda text, dtype: text,
    T.IntegralType: parsing.integer,
    T.DecimalType: parsing.decimal,
    T.DateType: lambda text, dtype: parsing.iso_date(text),
    T.DoubleType: lambda text, dtype: parsing.double(text),
    T.BooleanType: lambda text, dtype: parsing.boolean(text),
}


@dataclass(frozen=True)
class Key:
    """What tells the rows of a table from each other, of which a delivery brings each once.

    All rows of a key that a delivery has twice are rejected; with `equal_are_one`, only when they differ.
    """

    columns: tuple[str, ...]
    equal_are_one: bool = False

    @property
    def rule(self) -> str:
        """The rule that such rows break."""
        return f"duplicate_{'_'.join(self.columns)}"


def judged(
    fields: DataFrame,
    contract: CompiledContract,
    parsed: Mapping[str, Column],
    *,
    event_time: str | None = None,
    first_day: date,
    key: Key | None = None,
) -> DataFrame:
    """The rows of a raw table, good and rejected, from what `Feed.read` gives.

    `parsed` says how each column is parsed, `event_time` is the column whose UTC day is the event's, `key` what a
    delivery has once.
    """
    columns = contract.sourced
    rows = _as_values(fields, columns)
    rows = rows.withColumns({f"typed_{c.name}": _well_typed(c, parsed[c.name]) for c in columns})
    if event_time:
        rows = rows.withColumn("day", F.to_date(f"typed_{event_time}"))
    rows = rows.select(
        *[F.col(f"typed_{c.name}").alias(c.name) for c in columns],
        "delivery_day",
        *(["day"] if event_time else []),
        *[
            named_values.rejected(of).alias(column.name)
            for column in contract.columns
            for of in columns
            if column.rejects == of.name
        ],
        "source_file",
        violations(columns, first_day if event_time else None).alias("violations"),
        "extra_fields",
        F.col(LINE).alias(_LINE),
    )
    rows = _with_rules(rows, contract.row_rules)
    if key:
        rows = _with_duplicates(rows, key, [column.name for column in columns])
    return rows.withColumn("raw", F.when(~F.expr(GOOD_ROW), F.col(_LINE))).select(*contract.names)


def _with_rules(rows: DataFrame, rules: Sequence[Rule]) -> DataFrame:
    """Rows with the rules over several columns that they break; of those nobody could read nothing is asked."""
    if not rules:
        return rows
    broken = {rule.name: F.expr(rule.broken) for rule in rules}
    more = F.when(_any(broken) & ~_unreadable(), _more(_names_of(broken))).otherwise(F.col("violations"))
    return rows.withColumn("violations", more)


def _any(broken: Mapping[str, Column]) -> Column:
    """Whether any rule is broken; if not, false or NULL. Hardly any row breaks one: for the others no list is made."""
    return reduce(or_, broken.values())


def _names_of(broken: Mapping[str, Column]) -> Column:
    """The names of the rules that are broken."""
    return F.array_compact(F.array(*[F.when(condition, F.lit(name)) for name, condition in broken.items()]))


def _with_duplicates(rows: DataFrame, key: Key, columns: Sequence[str]) -> DataFrame:
    """Rows whose key another row of the delivery has, with that rule; a key that is not known is no key."""
    unknown = [name for column in key.columns for name in (f"missing_{column}", f"invalid_{column}")]
    known = ~_unreadable() & ~F.arrays_overlap("violations", F.array(*map(F.lit, unknown)))
    same = Window.partitionBy("delivery_day", known, *key.columns)
    if key.equal_are_one:
        row = F.xxhash64(*columns, *[F.col(column).isNull() for column in columns], F.array_join("violations", ","))
        repeated = F.min(row).over(same) != F.max(row).over(same)
    else:
        repeated = F.count(F.lit(1)).over(same) > 1
    return rows.withColumn(
        "violations", F.when(known & repeated, _more(F.array(F.lit(key.rule)))).otherwise(F.col("violations"))
    )


def _unreadable() -> Column:
    return F.arrays_overlap("violations", F.array(*map(F.lit, UNREADABLE)))


def _more(rules: Column) -> Column:
    return F.concat("violations", rules)


def default_parse(column: ColumnSpec) -> Column:
    """A field's text as the column's type, NULL when it is not of the type as written, or beyond its range.

    Raises `DeclarationError` for types that need a parse of their own, such as timestamps: their formats differ.
    """
    refuse_unparsable(column)
    if column.source and column.source.named:
        return named_values.accepted(column)
    parse = next(parse for kind, parse in _PARSERS.items() if isinstance(column.dtype, kind))
    return parse(F.col(f"text.{column.name}"), column.dtype)


def refuse_unparsable(column: ColumnSpec) -> None:
    """Raise `DeclarationError` for a column of a type that is written in more than one way."""
    if not isinstance(column.dtype, tuple(_PARSERS)) and not (column.source and column.source.named):
        raise DeclarationError(
            f"{column.name}: a column of type {column.dtype.simpleString()} needs a parse of its own: return it from "
            f'the function, as {{"{column.name}": ...}}'
        )


def _as_values(fields: DataFrame, columns: Sequence[ColumnSpec]) -> DataFrame:
    """The fields, without the blanks around those that are trimmed, and without texts that stand for no value."""
    sources = [(column.name, column.source) for column in columns if column.source]
    if not any(source.trimmed or source.nulls for _, source in sources):
        return fields

    def value(name: str, source: Source) -> Column:
        text = F.col(f"text.{name}")
        if not (source.trimmed or source.nulls):
            return text
        text = F.btrim(text, F.lit(" \t")) if source.trimmed else text
        return F.when(~text.isin("", *source.nulls), text)

    # At once: with a field after another, each would hold the plans of all before it, twice.
    return fields.withColumn("text", F.struct(*[value(name, source).alias(name) for name, source in sources]))


def _well_typed(column: ColumnSpec, parsed: Column) -> Column:
    return F.when(~F.col(f"mistyped.{column.name}"), parsed)


def violations(columns: Sequence[ColumnSpec], first_day: date | None) -> Column:
    """All rules that a row breaks, by name.

    A line that is not UTF-8, or cannot be parsed, breaks only that rule: nobody knows what it should have said.
    """
    broken: dict[str, Column] = {}
    for column in columns:
        assert column.source is not None
        value, mistyped = F.col(f"typed_{column.name}"), F.col(f"mistyped.{column.name}")
        delivered = F.col(f"text.{column.name}").isNotNull() | mistyped
        invalid = delivered & value.isNull()
        for rule in column.rules:
            invalid = invalid | F.expr(rule.broken.replace(f"`{column.name}`", f"`typed_{column.name}`"))
        if column.source.required:
            broken[f"missing_{column.name}"] = ~delivered
        broken[f"invalid_{column.name}"] = invalid
    if first_day:
        broken["before_start"] = F.col("day") < F.lit(first_day)
        broken["after_delivery"] = F.col("day") > F.date_add("delivery_day", 1)
    alone = {name: F.col(name) for name in UNREADABLE}
    found = F.when(_any(broken), _names_of(broken)).otherwise(F.array().cast("array<string>"))
    for name, condition in reversed(alone.items()):
        found = F.when(condition, F.array(F.lit(name))).otherwise(found)
    return found
