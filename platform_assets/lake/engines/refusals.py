"""What engines say when they refuse a plan or fail at it, and what is told of that."""

from __future__ import annotations

import re

from pyspark.errors import (
    AnalysisException,
    IllegalArgumentException,
    PySparkException,
    UnsupportedOperationException,
)

# A name may have parts, such as an alias: the last is the column's. Sail's words, and then Spark's.
_MISSING = re.compile(
    r'Identifier\("(?P<sail>[^"]+)"\)\]\) is missing from the schema'
    r"|Cannot find column (?P<joined>\S+)$"
    r"|with name (?:`[^`]+`\.)*`(?P<spark>[^`]+)` cannot be resolved"
    r"|USING column `(?P<using>[^`]+)` cannot be resolved"
)
_CONDITION = re.compile(r"^\[[A-Z0-9_.]+\] ?|\s*SQLSTATE: \w+$")


def missing_column(error: Exception) -> str | None:
    """The column that a plan asks for and no table has, None when that is not what is wrong."""
    if not isinstance(error, PySparkException):
        return None
    found = _MISSING.search(first_line(error))
    return next((name for name in found.groups() if name), None) if found else None


def first_line(error: Exception) -> str:
    """What an error says, without the codes, plans and traces of an engine's."""
    lines = str(error).strip().splitlines() or [""]
    return lines[0].strip()


def told(error: Exception) -> str:
    """An error as a part of a sentence: its kind, and what it says in a line."""
    said = _CONDITION.sub("", first_line(error)).rstrip(".")
    return f"{type(error).__name__}: {said}" if said else type(error).__name__


def is_permanent(error: PySparkException) -> bool:
    """Whether the plan itself is wrong: no later attempt will do."""
    return isinstance(error, (AnalysisException, IllegalArgumentException, UnsupportedOperationException))
