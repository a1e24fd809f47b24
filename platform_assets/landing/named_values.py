"""Lines of JSON with values under names that nobody knows beforehand: each value with its name and its JSON type."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import reduce
from operator import and_
from typing import NamedTuple

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from platform_assets.contracts.compiled import ColumnSpec
from platform_assets.contracts.contract import Source
from platform_assets.lake.audit import Finding, shortened
from platform_assets.lake.engines.engine import Engine
from platform_assets.landing.json_marks import INEXACT, NUMBER, TEXT, marked, with_numbers_as_texts
from platform_assets.landing.lines import LINE
from platform_assets.landing.strict_json import JSON_OPTIONS, keys, strict

_LONGEST = 64
_SHOWN = 20
_ALL = 2**31 - 1
_NAME = rf"\A[A-Za-z][A-Za-z0-9_ .-]{{0,{_LONGEST - 1}}}\z"
# A name that is stored as it is written, as most are.
_STORED = r"\A[a-z][a-z0-9]*(?:_[a-z0-9]+)*_?\z"
_MEMBERS = "map<string,string>"
_MARKED, _FOUND, _INNER, _REST = "_marked", "_found", "_inner", "_rest"
_OF_OBJECT, _OF_LINE = "_of_object", "_of_line"


class _Fields(NamedTuple):
    """The columns that single fields fill, and the one of named values, by their names."""

    single: Mapping[str, Source]
    column: str
    named: Source


def read_named(engine: Engine, lines: DataFrame, columns: Sequence[ColumnSpec]) -> DataFrame:
    """Parse each line, as `JsonLines.read` says; what of the named values cannot be stored says so itself.

    A number beyond a double is wrong by itself, too: its line is good.
    """
    fields = _fields(columns)
    strictly = engine.reads_strict_json
    rows = lines.withColumn(_MARKED, _marked(F.col(LINE)))
    rows = rows if strictly else rows.withColumn(_MARKED, strict(F.col(_MARKED)))
    rows = rows.withColumn(_FOUND, F.from_json(_MARKED, _schema(fields), JSON_OPTIONS))
    rows = rows.withColumn(_INNER, _inner(fields, strictly=strictly)).withColumn(
        _REST, _rest(fields, strictly=strictly)
    )
    others = F.coalesce(_REST, _none()) if fields.named.others else _none()
    rows = rows.withColumn(_OF_OBJECT, F.coalesce(_INNER, _none())).withColumn(_OF_LINE, others)
    kept = _kept(F.col(_OF_OBJECT), F.col(_OF_LINE))
    single = {name: F.col(f"{_FOUND}.{TEXT}{source.field}") for name, source in fields.single.items()}
    texts = {name: _unmarked(value) for name, value in single.items()}
    wrong = {name: _mistyped(single[name], source) for name, source in fields.single.items()}
    parts = {"kept": kept, "inner": F.col(_OF_OBJECT), "rest": F.col(_OF_LINE)}
    texts[fields.column] = F.struct(*[entries.alias(part) for part, entries in parts.items()])
    wrong[fields.column] = _no_object(fields)
    names = [column.name for column in columns]
    nothing = reduce(and_, (value.isNull() for value in single.values()), F.col(_INNER).isNull())
    extra = F.array().cast("array<string>") if fields.named.others else _names(F.col(_REST))
    return rows.select(
        *lines.columns,
        F.struct(*[texts[name].alias(name) for name in names]).alias("text"),
        F.struct(*[wrong[name].alias(name) for name in names]).alias("mistyped"),
        F.when(nothing, F.from_json(_MARKED, _MEMBERS, JSON_OPTIONS).isNull()).otherwise(False).alias("malformed"),
        extra.alias("extra_fields"),
    )


def accepted(column: ColumnSpec) -> Column:
    """Those of a column's values that can be stored, from what `read_named` gives."""
    return F.transform(F.col(f"text.{column.name}.kept"), _value)


def rejected(column: ColumnSpec) -> Column:
    """Those that cannot, each with its reason."""
    kept, inner, rest = (F.col(f"text.{column.name}.{part}") for part in ("kept", "inner", "rest"))
    wrong = F.filter(_there(inner), lambda entry: _reason(entry).isNotNull())
    both = F.filter(_both(inner, rest), lambda entry, place: _is_wrong(inner, entry, place))
    # Hardly any line has some.
    found = F.when(F.size(kept) == F.size(inner) + F.size(rest), _none()).when(F.size(rest) > 0, both).otherwise(wrong)
    return F.transform(
        found, lambda entry: _rejection(entry, F.coalesce(_reason(entry), F.lit(f"also_in_{column.name}")))
    )


def _kept(inner: Column, rest: Column) -> Column:
    """The members that can be stored."""
    alone = F.filter(inner, lambda entry: entry["value"].isNotNull() & _reason(entry).isNull())
    # What a function of single members asks of the whole line is copied for each of them: few lines have a rest.
    both = F.filter(_both(inner, rest), lambda entry, place: ~_is_wrong(inner, entry, place))
    return F.when(F.size(rest) > 0, both).otherwise(alone)


def _none() -> Column:
    """No members, as engines type them."""
    return F.map_entries(F.from_json(F.lit("{}"), _MEMBERS))


def _there(entries: Column) -> Column:
    return F.filter(entries, lambda entry: entry["value"].isNotNull())


def _both(inner: Column, rest: Column) -> Column:
    return F.concat(_there(inner), _there(rest))


def _is_wrong(inner: Column, entry: Column, place: Column) -> Column:
    """Whether a member of an object, or one of the rest of the line after those, cannot be stored."""
    there = _there(inner)
    stored = F.transform(F.filter(there, lambda one: _reason(one).isNull()), _name)
    return _reason(entry).isNotNull() | ((place >= F.size(there)) & F.array_contains(stored, _name(entry)))


def _rejection(entry: Column, reason: Column) -> Column:
    value = _as_delivered(entry["value"])
    return F.struct(_written(entry).alias("name"), value.alias("value"), reason.alias("reason"))


def no_rejected_values(check: str, rows: DataFrame, column: str) -> Finding:
    """What is told of staged rows whose single values were rejected: how many, by reason, of the names with most."""
    each = rows.select(F.explode(column).alias("one")).select(shortened(F.col("one.name")).alias("name"), "one.reason")
    named = each.groupBy("name", "reason").agg(F.count("*").alias("values"))
    found = named.orderBy(F.desc("values"), "name", "reason").limit(_SHOWN + 1).collect()
    if not found:
        return Finding(check, True, "none was rejected", True)
    most = {f"{row['name']} ({row['reason']})": row["values"] for row in found[:_SHOWN]}
    more = ", and more" if len(found) > _SHOWN else ""
    said = ", ".join(f"{name} {number}" for name, number in most.items())
    return Finding(check, False, f"single values of good lines were rejected: {said}{more}", True, {"values": most})


def _fields(columns: Sequence[ColumnSpec]) -> _Fields:
    sources = {column.name: column.source for column in columns if column.source}
    ((named, source),) = ((name, source) for name, source in sources.items() if source.named)
    return _Fields({name: its for name, its in sources.items() if name != named}, named, source)


def _marked(line: Column) -> Column:
    return F.when(line.rlike(INEXACT), with_numbers_as_texts(marked(line))).otherwise(marked(line))


def _schema(fields: _Fields) -> str:
    single = [f"`{TEXT}{source.field}`: string" for source in fields.single.values()]
    return f"struct<{', '.join([*single, f'`{TEXT}{fields.named.field}`: {_MEMBERS}'])}>"


def _as_text(fields: _Fields) -> Column:
    """The object as text; what else stands in its place, as that."""
    name = f"{TEXT}{fields.named.field}"
    return F.from_json(_MARKED, f"struct<`{name}`: string>", JSON_OPTIONS)[name]


def _inner(fields: _Fields, *, strictly: bool) -> Column:
    """The members of the object; NULL where there is none.

    Of an object after which its field stands again as something else, Spark keeps the members
    (workaround: spark-json-earlier-objects).
    """
    members = F.col(f"{_FOUND}.{TEXT}{fields.named.field}")
    if strictly:
        return _entries(members, strictly=True)
    again = F.regexp_count(_MARKED, F.lit(rf'"{TEXT}{re.escape(fields.named.field)}"|\\u00')) > 1
    last = F.from_json(_as_text(fields), _MEMBERS, JSON_OPTIONS)
    return _entries(F.when(again, last).otherwise(members), strictly=False)


def _no_object(fields: _Fields) -> Column:
    """Whether something else stands in the place of the object."""
    return F.coalesce(F.when(F.col(_INNER).isNull(), ~_as_text(fields).startswith("{")), F.lit(False))


def _rest(fields: _Fields, *, strictly: bool) -> Column:
    """The members of the line that no column is for; NULL where, by the number of its keys, there are none."""
    line = F.col(_MARKED)
    known = [f"{TEXT}{source.field}" for source in (*fields.single.values(), fields.named)]
    found = sum((F.col(f"{_FOUND}.{name}").isNotNull().cast("int") for name in known), F.lit(0))
    members = _entries(F.from_json(line, _MEMBERS, JSON_OPTIONS), strictly=strictly)
    others = F.filter(members, lambda entry: ~entry["key"].isin(known))
    return F.when(keys(line) > found + F.coalesce(F.size(_INNER), F.lit(0)), others)


def _entries(members: Column, *, strictly: bool) -> Column:
    """What a map holds; of a key that stands twice, the last."""
    every = F.map_entries(members)
    if strictly:
        return every
    # (workaround: spark-json-names-twice)
    names = F.array_distinct(F.map_keys(members))
    last = F.transform(names, lambda name: F.element_at(F.filter(every, lambda entry: entry["key"] == name), -1))
    return F.when(F.size(names) < F.size(every), last).otherwise(every)


def _names(entries: Column) -> Column:
    names = F.array_sort(F.transform(entries, lambda entry: F.substring(entry["key"], 2, _ALL)))
    return F.coalesce(names, F.array().cast("array<string>"))


def _value(entry: Column) -> Column:
    """A member as a value with its type."""
    written, value, name = _written(entry), entry["value"], _name(entry)
    is_text = value.startswith(TEXT)
    return F.struct(
        name.alias("name"),
        F.when(name != written, written).alias("written_as"),
        _number(value).alias("value"),
        F.when(is_text, F.substring(value, 2, _ALL)).alias("value_text"),
        F.when(is_text, "text").when(_is_boolean(value), "boolean").otherwise("number").alias("value_type"),
    )


def _reason(entry: Column) -> Column:
    """Why a member cannot be stored, NULL when it can."""
    written, value = _written(entry), entry["value"]
    is_named = F.when(written.rlike(_STORED), F.length(written) <= _LONGEST).otherwise(written.rlike(_NAME))
    return F.when(~is_named, "invalid_name").when(~value.startswith(TEXT) & _number(value).isNull(), "invalid_value")


def _written(entry: Column) -> Column:
    return F.substring(entry["key"], 2, _ALL)


def _name(entry: Column) -> Column:
    """A member's name in lower snake case."""
    written = _written(entry)
    words = F.regexp_replace(written, r"([a-z0-9])([A-Z])", "$1 $2")
    return F.when(written.rlike(_STORED), written).otherwise(F.lower(F.regexp_replace(words, r"[ ._-]+", "_")))


def _is_boolean(value: Column) -> Column:
    return value.isin("true", "false")


def _number(value: Column) -> Column:
    """A number, and a boolean as one; NULL for all else, and for what is beyond a double."""
    is_other = value.startswith(TEXT) | value.startswith("{") | value.startswith("[")
    number = F.when(~is_other, F.ltrim(value, F.lit(NUMBER)).try_cast("double"))
    number = F.when(F.abs(number) < F.lit(float("inf")), number + F.lit(0.0))
    return F.when(_is_boolean(value), (value == "true").cast("double")).otherwise(number)


def _as_delivered(value: Column) -> Column:
    """A value without its marks: a text as it is, an object or an array as JSON."""
    held = F.regexp_replace(value, rf'([{{\[,:])"{NUMBER}([^"]*)"', "$1$2")
    held = F.regexp_replace(held, rf'([{{\[,:])"{TEXT}', '$1"')
    is_held = value.startswith("{") | value.startswith("[")
    return F.when(is_held, held).otherwise(F.regexp_replace(value, rf"\A[{TEXT}{NUMBER}]", ""))


def _unmarked(value: Column) -> Column:
    text = F.when(value.startswith(TEXT) | value.startswith(NUMBER), F.substring(value, 2, _ALL))
    text = text.otherwise(value)
    return F.when(text != "", text)


def _mistyped(value: Column, source: Source) -> Column:
    """Whether a text is no text, or a number is a signed text (`"-5"`)."""
    wrong = ~value.startswith(TEXT) if source.text else value.startswith(f"{TEXT}-")
    return F.coalesce(wrong, F.lit(False))
