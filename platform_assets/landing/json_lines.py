"""JSON lines: one object a line, read into one text column per raw column, leniently and without losing types."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import add
from typing import Any

import pyspark.sql.types as T
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from platform_assets.contracts.compiled import ColumnSpec
from platform_assets.contracts.contract import Source
from platform_assets.lake.engines.engine import Engine
from platform_assets.landing.headers import Header
from platform_assets.landing.json_marks import INEXACT, NUMBER, TEXT, marked, with_numbers_as_texts
from platform_assets.landing.lines import LINE
from platform_assets.landing.named_values import read_named
from platform_assets.landing.strict_json import JSON_OPTIONS, KEY, keys, strict

_JSON = "json"
_FRACTIONAL = (T.DoubleType, T.FloatType, T.DecimalType)


@dataclass(frozen=True)
class JsonLines:
    """`.json` or `.jsonl` files, an object a line. Of a field that stands twice in an object, the last counts.

    A line is malformed, too, when no table could hold it: a number beyond a double, half of a surrogate pair, or
    objects in objects more than 127 deep. An integer is written as one (`1e3`, `5.0` and `-0` are none).
    """

    name: str = "json"
    suffixes: tuple[str, ...] = (".json", ".jsonl")
    has_header: bool = False

    def header(self, header: str, columns: Sequence[ColumnSpec]) -> Header:
        """Every object names its own fields: there is no header."""
        return Header()

    def read(
        self, engine: Engine, lines: DataFrame, columns: Sequence[ColumnSpec], header: str | None = None
    ) -> DataFrame:
        """Parse each line; a line that is no JSON object is `malformed`, fields nobody knows are `extra_fields`."""
        if any(column.source and column.source.named for column in columns):
            return read_named(engine, lines, columns)
        line = F.col(LINE)
        sources = {column.name: column.source for column in columns if column.source}
        paths = [source.field for source in sources.values()]
        parsed = lines.withColumn(_JSON, line if engine.reads_strict_json else strict(line))
        parsed = parsed.withColumn("parsed", _from_json(F.col(_JSON), paths))
        if not engine.reads_strict_json:
            parsed = parsed.withColumn("parsed", _last_objects(paths))
        parsed = parsed.withColumn("marked", _from_json(_marked(sources.values()), map(_marked_path, paths)))
        fractional = {c.name for c in columns if isinstance(c.dtype, _FRACTIONAL) and c.source and not c.source.text}
        if fractional:
            parsed = parsed.withColumn("exact", _exact(sources[name].field for name in fractional))
        values = {
            name: _as_written(source.field) if name in fractional else _found(source.field)
            for name, source in sources.items()
        }
        nothing = F.coalesce(*[_found(path) for path in paths]).isNull()
        return parsed.select(
            *lines.columns,
            F.struct(*[_present(value).alias(name) for name, value in values.items()]).alias("text"),
            F.struct(*[_mistyped(source).alias(name) for name, source in sources.items()]).alias("mistyped"),
            F.when(nothing, _members(F.col(_JSON)).isNull()).otherwise(False).alias("malformed"),
            _extra_fields(paths).alias("extra_fields"),
        )


def _found(path: str) -> Column:
    return F.col(f"parsed.{path}")


def _exact(paths: Iterable[str]) -> Column:
    """Numbers at paths as they are written, in the lines that have some which are not read so."""
    line = F.when(F.col(_JSON).rlike(INEXACT), with_numbers_as_texts(marked(F.col(_JSON))))
    return _from_json(line, map(_marked_path, paths))


def _as_written(path: str) -> Column:
    exact = F.col(f"exact.{_marked_path(path)}")
    return F.when(exact.startswith(NUMBER), F.substring(exact, 2, 2**31 - 1)).otherwise(_found(path))


def _present(value: Column) -> Column:
    return F.when(value != "", value)


def _members(text: Column) -> Column:
    """An object's fields, whatever they are called, with their values as text; NULL for text that is no object."""
    return F.from_json(text, "map<string,string>", JSON_OPTIONS)


def _from_json(line: Column, paths: Iterable[str]) -> Column:
    """A line's values at dotted paths, all as text, as a struct like the paths."""
    tree: dict[str, Any] = {}
    for path in paths:
        reduce(lambda inner, name: inner.setdefault(name, {}), path.split("."), tree)

    def struct(level: dict[str, Any]) -> T.StructType:
        return T.StructType(
            [T.StructField(name, struct(below) if below else T.StringType()) for name, below in level.items()]
        )

    return F.from_json(line, struct(tree), JSON_OPTIONS)


def _last_objects(paths: Iterable[str]) -> Column:
    """What was parsed, without an object after which its field stands again as something else: Spark keeps it.

    (workaround: spark-json-earlier-objects)
    """
    parsed, with_marks = F.col("parsed"), marked(F.col(_JSON))
    for outer in _outers(paths):
        again = F.regexp_count(_JSON, F.lit(rf'"{re.escape(outer.rpartition(".")[2])}{KEY}|\\u00')) > 1
        path = _marked_path(outer)
        last = F.when(again, _at(_from_json(with_marks, [path]), path)).otherwise("{")
        parsed = parsed.withField(outer, F.when(last.startswith("{"), _found(outer)))
    return parsed


def _outers(paths: Iterable[str]) -> list[str]:
    """The objects that the paths lead through."""
    return sorted({path.rpartition(".")[0] for path in paths} - {""})


def _marked(sources: Iterable[Source]) -> Column:
    """The line with a mark before each of its texts where types are in doubt, NULL for all other lines.

    Parsed as text, `55` and `"55"` look the same; marked, the text is `_55`. A quick search picks the few lines
    in which a number, a boolean, an object or an array follows one of the names (or an escape, which may hide a
    name), or the text of a number has a sign.
    """
    sources = list(sources)
    names = "|".join(sorted({re.escape(source.field.rsplit(".", 1)[-1]) for source in sources if source.text}))
    doubts = [F.col(_JSON).rlike(rf'"(?:{names}){KEY}[ \t\r\n]*[-0-9tf{{\[]|\\u00')] if names else []
    doubts += [_found(source.field).startswith("-") for source in sources if not source.text]
    doubtful = F.coalesce(*[F.when(doubt, True) for doubt in doubts])
    return F.when(doubtful, marked(F.col(_JSON)))


def _marked_path(path: str) -> str:
    return ".".join(TEXT + name for name in path.split("."))


def _mistyped(source: Source) -> Column:
    """Whether a text is no text, a number is a signed text (`"-5"`), or a required field's object is no object."""
    value = F.col(f"marked.{_marked_path(source.field)}")
    wrong = ~value.startswith(TEXT) if source.text else value.startswith(f"{TEXT}-")
    outer = source.field.rpartition(".")[0]
    if outer and source.required:
        other = _from_json(F.when(_found(outer).isNull(), F.col(_JSON)), [outer])
        wrong = F.when(_at(other, outer).isNotNull(), True).otherwise(wrong)
    return F.coalesce(wrong, F.lit(False))


def _at(struct: Column, path: str) -> Column:
    return reduce(lambda inner, name: inner[name], path.split("."), struct)


def _extra_fields(paths: Sequence[str]) -> Column:
    """Names of the fields, top-level and in known objects, that are not among the paths.

    Where a line has no more keys than were found in it, there are none, and it is not parsed again.
    """
    outers = _outers(paths)
    present = [_found(path).isNotNull().cast("int") for path in [*paths, *outers]]

    def unknown(outer: str) -> Column:
        inside = F.col(_JSON) if not outer else _at(_from_json(F.col(_JSON), [outer]), outer)
        known = [path.rpartition(".")[2] for path in [*paths, *outers] if path.rpartition(".")[0] == outer]
        # Spark names a field twice that stands twice (workaround: spark-json-names-twice).
        names = F.filter(F.array_distinct(F.map_keys(_members(inside))), lambda name: ~name.isin(known))
        return F.transform(names, lambda name: F.concat(F.lit(f"{outer}."), name)) if outer else names

    nothing = F.array().cast("array<string>")
    every = F.concat(*[F.coalesce(unknown(outer), nothing) for outer in ["", *outers]])
    return F.when(keys(F.col(_JSON)) > reduce(add, present), F.array_sort(every)).otherwise(nothing)


JSON_LINES = JsonLines()
