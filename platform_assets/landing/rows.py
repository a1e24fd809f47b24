"""From fields to judged rows: text as the columns' types, and the names of all rules that a row breaks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from functools import reduce
from operator import or_

import pyspark.sql.types as T
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from platform_assets.contracts.compiled import ColumnSpec
from platform_assets.errors import DeclarationError
from platform_assets.landing import parsing
from platform_assets.landing.lines import LINE

_PARSERS = {T.DateType: parsing.iso_date, T.DoubleType: parsing.double, T.BooleanType: parsing.boolean}


def judged(
    fields: DataFrame,
    columns: Sequence[ColumnSpec],
    parsed: Mapping[str, Column],
    event_time: str | None,
    first_day: date,
) -> DataFrame:
    """The rows of a raw table, good and rejected, from what `Feed.read` gives.

    `parsed` says how each column is parsed, `event_time` is the column whose UTC day is the event's.
    """
    rows = _trimmed(fields, columns)
    rows = rows.withColumns({f"typed_{c.name}": _well_typed(c, parsed[c.name]) for c in columns})
    day = F.to_date(f"typed_{event_time}") if event_time else F.lit(None).cast("date")
    rows = rows.withColumn("day", day)
    rows = rows.withColumn("violations", violations(columns, first_day if event_time else None))
    rejected = F.size("violations") > 0
    return rows.select(
        *[F.col(f"typed_{c.name}").alias(c.name) for c in columns],
        "delivery_day",
        "day",
        "source_file",
        F.when(rejected, F.col(LINE)).alias("raw"),
        "violations",
        "extra_fields",
    )


def default_parse(column: ColumnSpec) -> Column:
    """A field's text as the column's type, NULL when it is not of the type as written, or beyond its range.

    Raises `DeclarationError` for types that need a parse of their own, such as timestamps: their formats differ.
    """
    text, dtype = F.col(f"text.{column.name}"), column.dtype
    if isinstance(dtype, T.StringType):
        return text
    if isinstance(dtype, T.IntegralType):
        return parsing.integer(text, dtype)
    if isinstance(dtype, T.DecimalType):
        return parsing.decimal(text, dtype)
    for kind, parse in _PARSERS.items():
        if isinstance(dtype, kind):
            return parse(text)
    raise DeclarationError(f"{column.name}: a column of type {column.dtype.simpleString()} needs a parse of its own")


def _trimmed(fields: DataFrame, columns: Sequence[ColumnSpec]) -> DataFrame:
    """The fields, without the blanks around those that are trimmed."""
    text = F.col("text")
    for column in columns:
        if column.source and column.source.trimmed:
            value = F.btrim(text[column.name], F.lit(" \t"))
            text = text.withField(column.name, F.when(value != "", value))
    return fields.withColumn("text", text)


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
    alone = {"not_utf8": F.col("not_utf8"), "malformed": F.col("malformed")}
    # Hardly any row breaks a rule: for the others no list of names is made and thinned out.
    any_broken = reduce(or_, (F.coalesce(condition, F.lit(False)) for condition in broken.values()))
    names = F.array_compact(F.array(*[F.when(condition, F.lit(name)) for name, condition in broken.items()]))
    found = F.when(any_broken, names).otherwise(F.array().cast("array<string>"))
    for name, condition in reversed(alone.items()):
        found = F.when(condition, F.array(F.lit(name))).otherwise(found)
    return found
