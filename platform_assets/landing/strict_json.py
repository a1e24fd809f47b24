"""Which lines are JSON, for engines whose own parser takes more: it stops early, or keeps what no table can hold."""

from __future__ import annotations

from functools import reduce
from operator import or_

from pyspark.sql import Column
from pyspark.sql import functions as F

# A text, where none has a quote inside it (`without_quotes_inside`).
QUOTED = r'"([^"]*)"'
KEY = r'"[ \t\r\n]*:'
"""Where a key ends, as a regular expression."""
DEEPEST = 127
# Spark takes text in single quotes, NaN and Infinity for JSON, and numbers of 1,000 digits for none, unless told not
# to; Sail needs not be told.
_SPARK = {"allowSingleQuotes": "false", "allowNonNumericNumbers": "false", "maxNumLen": str(2**31 - 1)}
JSON_OPTIONS = _SPARK | {"maxNestingDepth": str(DEEPEST)}

_SURROGATE = r"\\u[dD][89a-fA-F]"
_ESCAPE_OR_PAIR = r"\\(?:u[dD][89abAB]..\\u[dD][c-fC-F]..|[^u])"
# Only these can be beyond a double: an exponent of three digits, or very many digits.
_PERHAPS_HUGE = r"[0-9][eE]\+?[0-9]{3}|[0-9]{200}"
_NUMBER = r"[0-9]+(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?"


def without_quotes_inside(line: Column) -> Column:
    """The line with another character for each escaped quote or backslash: the next quote ends a text, then.

    A search for texts with escapes in them goes too deep for Java when there are thousands
    (workaround: spark-deep-regexes).
    """
    return F.regexp_replace(line, r'\\["\\]', "\ufffd")


def strict(line: Column) -> Column:
    """The line where it is one whole JSON value that a table can hold, NULL elsewhere."""
    held = F.when(line.rlike(_SURROGATE), ~_has_half_a_pair(line)).otherwise(True)
    held = held & F.when(line.rlike(_PERHAPS_HUGE), ~_has_a_huge_number(line)).otherwise(True)
    return F.when(held & _is_whole(line), line)


def keys(line: Column) -> Column:
    """How many keys a line has, and texts that look like one; a search for blanks after quotes takes longer."""
    has_blanks = reduce(or_, [line.contains(f'"{blank}') for blank in " \t\r\n"])
    at_once = F.length(line) - F.length(F.replace(line, F.lit('":'), F.lit('"')))
    return F.when(has_blanks, F.regexp_count(line, F.lit(KEY))).otherwise(at_once)


def _is_whole(line: Column) -> Column:
    """Whether a parser that reads the line's value has come to its end: a mark after it is found there.

    (workaround: spark-json-text-after-a-value)
    """
    mark = F.md5(line)  # no line holds its own hash
    around = F.concat(F.lit("["), line, F.lit(',"'), mark, F.lit('"]'))
    parts = F.from_json(around, "array<string>", _SPARK | {"maxNestingDepth": str(DEEPEST + 1)})
    return F.coalesce((F.size(parts) == 2) & (F.get(parts, F.lit(1)) == mark), F.lit(False))


def _has_half_a_pair(line: Column) -> Column:
    # (workaround: spark-json-half-pairs)
    return F.regexp_replace(line, _ESCAPE_OR_PAIR, "").rlike(_SURROGATE)


def _has_a_huge_number(line: Column) -> Column:
    # (workaround: spark-json-huge-numbers)
    outside = F.regexp_replace(without_quotes_inside(line), QUOTED, '""')
    numbers = F.regexp_extract_all(outside, F.lit(_NUMBER), F.lit(0))
    return F.exists(numbers, lambda number: number.cast("double") == float("inf"))
