"""JSON lines: one object a line, read into one text column per raw column, leniently and without losing types."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import or_
from typing import Any

import pyspark.sql.types as T
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from platform_assets.contracts.compiled import ColumnSpec
from platform_assets.landing.lines import LINE

_KEY = r'"[ \t\r\n]*:'


@dataclass(frozen=True)
class JsonLines:
    """The format of a feed: `.json` or `.jsonl` files, an object a line.

    `read` gives the lines' frame two more structs of the raw columns' names: `text` (each field's value as text,
    NULL when absent, null or empty) and `mistyped` (true where a text field holds another JSON type), and
    `malformed` and `extra_fields`.
    """

    name: str
    suffixes: tuple[str, ...] = (".json", ".jsonl")

    def read(self, lines: DataFrame, columns: Sequence[ColumnSpec]) -> DataFrame:
        """Parse each line; a line that is no JSON object is `malformed`, fields nobody knows are `extra_fields`."""
        paths = {column.name: column.source.field for column in columns if column.source}
        texts = {column.name: column.source.field for column in columns if column.source and column.source.text}
        parsed = lines.withColumn("parsed", F.from_json(LINE, _struct(paths.values(), T.StringType())))
        found = [F.col(f"parsed.{path}") for path in paths.values()]
        nothing = F.coalesce(*found).isNull()
        malformed = F.when(nothing, F.from_json(LINE, "map<string,string>").isNull()).otherwise(False)
        return parsed.select(
            *lines.columns,
            F.struct(*[_present(F.col(f"parsed.{path}")).alias(name) for name, path in paths.items()]).alias("text"),
            _mistyped(texts).alias("mistyped"),
            malformed.alias("malformed"),
            _extra_fields(list(paths.values())).alias("extra_fields"),
        )


def _present(value: Column) -> Column:
    return F.when(value != "", value)


def _struct(paths: Iterable[str], leaf: T.DataType) -> T.StructType:
    """The nested schema of dotted paths, every leaf of one type."""
    tree: dict[str, Any] = {}
    for path in paths:
        *outer, last = path.split(".")
        inner = tree
        for name in outer:
            inner = inner.setdefault(name, {})
        inner[last] = None

    def struct(level: dict[str, Any]) -> T.StructType:
        return T.StructType(
            [T.StructField(name, leaf if below is None else struct(below)) for name, below in level.items()]
        )

    return struct(tree)


def _mistyped(texts: dict[str, str]) -> Column:
    """Which text fields hold a number, a boolean, an object or an array.

    Parsed as text, `55` and `"55"` look the same. A quick search for such a value under one of the names picks
    the few lines that are parsed again, once for each type a value may wrongly have.
    """
    names = "|".join(sorted({path.rsplit(".", 1)[-1] for path in texts.values()}))
    suspicious = F.col(LINE).rlike(f'"(?:{names}){_KEY}[ \\t\\r\\n]*[-0-9tf{{\\[]')
    wrong_types = (
        T.DoubleType(),
        T.BooleanType(),
        T.MapType(T.StringType(), T.StringType()),
        T.ArrayType(T.StringType()),
    )
    parses = [F.from_json(LINE, _struct(texts.values(), wrong)) for wrong in wrong_types]

    def wrongly(path: str) -> Column:
        values = [reduce(lambda struct, name: struct[name], path.split("."), parse) for parse in parses]
        return reduce(or_, [value.isNotNull() for value in values])

    return F.struct(*[F.when(suspicious, wrongly(path)).otherwise(False).alias(name) for name, path in texts.items()])


def _extra_fields(paths: list[str]) -> Column:
    """Names of the fields, top-level and in known objects, that are not among the paths.

    Where a line has no more keys than were found in it, there are none, and it is not parsed again.
    """
    objects = sorted({path.rsplit(".", 1)[0] for path in paths if "." in path})
    leaves = [F.col(f"parsed.{path}").isNotNull().cast("int") for path in paths]
    inner = [F.col(f"parsed.{name}").isNotNull().cast("int") for name in objects]
    known = reduce(lambda a, b: a + b, leaves + inner)
    keys = [F.json_object_keys(LINE)]
    for name in objects:
        nested = F.json_object_keys(F.get_json_object(LINE, f"$.{name}"))
        keys.append(F.transform(nested, lambda key, name=name: F.concat(F.lit(f"{name}."), key)))
    nothing = F.array().cast("array<string>")
    every = F.concat(*[F.coalesce(key, nothing) for key in keys])
    extra = F.array_sort(
        F.array_distinct(F.array_except(every, F.array(*[F.lit(name) for name in [*paths, *objects]])))
    )
    return F.when(F.regexp_count(LINE, F.lit(_KEY)) > known, extra).otherwise(nothing)
