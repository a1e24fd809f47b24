"""Delimited text: CSV and TSV lines cut into fields by place, leniently and without losing a character."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from platform_assets.contracts.compiled import ColumnSpec
from platform_assets.contracts.contract import OTHERS
from platform_assets.lake.engines.engine import Engine
from platform_assets.landing.headers import Header
from platform_assets.landing.lines import LINE

_CUT, _FIELDS = "cut", "fields"
_BETWEEN = ", "
_QUOTED = '"(?:[^"]|"")*"'
_PIECE = '"[^"]*"'


@dataclass(frozen=True)
class Delimited:
    """A delimited format: with a header, which names the columns in any order, or without, the columns in theirs.

    With `quotes`, a field may stand in double quotes, in which two of them are one; without, a quote is a character
    like any other. A line is malformed when it has more or fewer fields than the header, or a quote where none may
    be. No field holds a line end.
    """

    name: str
    suffixes: tuple[str, ...]
    delimiter: str
    has_header: bool
    quotes: bool

    def header(self, header: str, columns: Sequence[ColumnSpec]) -> Header:
        """What a file's first line says of its columns."""
        if "\ufffd" in header:
            return Header("the header is not UTF-8")
        names = self._fields_of(header, columns)
        if not names:
            return Header("the header has a quote where none may be")
        fields = _fields(columns)
        lacking = tuple(name for name in _fields(columns, required=True) if name not in names)
        more = tuple(name for name in names if name and name not in fields)
        # Tables of offices have columns without a name at their end, which are none.
        twice = sorted({name for name in names if name and names.count(name) > 1})
        if any(column.is_personal for column in columns):
            # A line that is no header may be taken for one, with what is personal in it.
            twice = list(dict.fromkeys(name if name in fields else "a column" for name in twice))
        problem = f"the header names {', '.join(twice)} more than once" if twice else ""
        return Header(f"the header has no {', '.join(lacking)}" if lacking else problem, lacking, more)

    def read(self, engine: Engine, lines: DataFrame, columns: Sequence[ColumnSpec], header: str | None) -> DataFrame:
        """Cut each line at the delimiters; of a file that should have a header and has none, no line can be read."""
        readable = header is not None or not self.has_header
        fields = _fields(columns)
        names = fields if header is None else self._fields_of(header, columns)
        # Cut first: what stands both in a condition and after it, an engine does twice. NULL here, not for each field.
        fits = (F.size(_CUT) == len(names)) & F.lit(readable)
        cut = lines.withColumn(_CUT, self._cut(F.col(LINE))).withColumn(_FIELDS, F.when(fits, F.col(_CUT)))
        whole = F.col(_FIELDS).isNotNull()

        def value(place: int | None) -> Column:
            text = F.lit(None).cast("string") if place is None else F.get(_FIELDS, F.lit(place))
            return F.nullif(text, F.lit(""))

        known = {column.name: column.source.field for column in columns if column.source}
        places = {name: place for place, name in enumerate(names) if name in fields}
        others = {place: name for place, name in enumerate(names) if name not in places}
        unknown = [F.when(value(place).isNotNull(), F.lit(name)) for place, name in others.items()]
        extra = F.array_sort(F.array_compact(F.array(*unknown))) if unknown else F.array().cast("array<string>")
        together = F.nullif(F.concat_ws(_BETWEEN, *map(value, others)), F.lit(""))
        values = {name: together if field == OTHERS else value(places.get(field)) for name, field in known.items()}
        return cut.select(
            *lines.columns,
            F.struct(*[of_field.alias(name) for name, of_field in values.items()]).alias("text"),
            # Nothing is mistyped; NULL where nothing is known, as in other formats, with which lines are put together
            # (workaround: sail-unions-of-structs).
            F.struct(*[F.when(whole, F.lit(False)).alias(name) for name in known]).alias("mistyped"),
            (~whole).alias("malformed"),
            extra.alias("extra_fields"),
        )

    def _fields_of(self, header: str, columns: Sequence[ColumnSpec]) -> list[str]:
        """The fields that a header names, by their own names where it has others for them."""
        own = {alias: c.source.field for c in columns if c.source for alias in c.source.aliases}
        return [own.get(name, name) for name in self._names(header)]

    def _names(self, header: str) -> list[str]:
        """The names in a header, cut like any line; none where quotes stand wrong."""
        if not self.quotes:
            return header.split(self.delimiter)
        mark = re.escape(self.delimiter)
        field = f'{_QUOTED}|[^"{mark}]*'
        if not re.fullmatch(f"(?:{mark}(?:{field}))+", self.delimiter + header):
            return []
        found = re.findall(f"{mark}({field})", self.delimiter + header)
        return [name[1:-1].replace('""', '"') if name.startswith('"') else name for name in found]

    def _cut(self, line: Column) -> Column:
        """The fields, NULL where quotes stand wrong; lines without quotes, nearly all, are simply split.

        A search for a quoted field with quotes in it goes too deep for Java when there are thousands of them. So the
        pieces that it has are searched, each by itself (`"a""b"` has two); a line feed, which no line holds, is put
        after them and in place of the delimiters between fields (workaround: spark-deep-regexes).
        """
        mark = re.escape(self.delimiter)
        plain = F.split(line, mark)
        if not self.quotes:
            return plain
        misplaced = F.regexp_replace(line, _PIECE, "\n").rlike(rf'"|[^{mark}\n]\n|\n[^{mark}\n]')
        marked = F.regexp_replace(line, f"({_PIECE})|{mark}", "$1\n")
        joined = F.replace(marked, F.lit('"\n"'), F.lit('""'))
        fields = F.split(F.replace(joined, F.lit('"\n'), F.lit('"')), "\n")
        quoted = F.when(~misplaced, F.transform(fields, _unquoted))
        return F.when(line.contains('"'), quoted).otherwise(plain)


def _unquoted(field: Column) -> Column:
    inner = F.substring(field, F.lit(2), F.length(field) - 2)
    return F.when(field.startswith('"'), F.replace(inner, F.lit('""'), F.lit('"'))).otherwise(field)


def _fields(columns: Sequence[ColumnSpec], *, required: bool = False) -> list[str]:
    of_feed = [c.source for c in columns if c.source and c.source.field != OTHERS]
    return [source.field for source in of_feed if source.required or not required]


TSV = Delimited("tsv", (".tsv",), delimiter="\t", has_header=False, quotes=False)
CSV = Delimited("csv", (".csv",), delimiter=",", has_header=True, quotes=True)
