"""What engines say when they refuse a plan or fail at it, and what is told of that."""

from __future__ import annotations

import re

from py4j.protocol import Py4JError
from pyspark.errors import PySparkException

from platform_assets.masking import without_values

ENGINE_ERRORS = (PySparkException, Py4JError)
"""What engines and their clients raise."""
# A name may have parts, such as an alias: the last is the column's. Sail's words, and then Spark's.
_MISSING = re.compile(
    r'Identifier\("(?P<sail>[^"]+)"\)\]\) is missing from the schema'
    r"|Cannot find column (?P<joined>\S+)$"
    r"|with name (?:`[^`]+`\.)*`(?P<spark>[^`]+)` cannot be resolved"
    r"|USING column `(?P<using>[^`]+)` cannot be resolved"
)
# What the client of Spark Connect raises for all else, such as a server that is gone; by its name, as the import of
# its module takes a second.
_OF_NO_KIND = "SparkConnectGrpcException"
# A server that was started again knows nothing of what was asked before.
_GONE = re.compile(r"StatusCode\.UNAVAILABLE|INVALID_HANDLE\.(SESSION|OPERATION)_(NOT_FOUND|CHANGED|CLOSED)")
_CODES = re.compile(r"^\[[A-Z0-9_.]+\] ?|\s*SQLSTATE: \w+;?$")


def missing_column(error: Exception) -> str | None:
    """The column that a plan asks for and no table has, None when that is not what is wrong."""
    if not isinstance(error, PySparkException):
        return None
    found = _MISSING.search(first_line(error))
    return next((name for name in found.groups() if name), None) if found else None


def first_line(error: Exception) -> str:
    """What an error says first, or of Java what was the cause of all; no plans, no traces."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    causes = [line for line in lines if line.startswith(("Caused by: ", ": "))]
    if isinstance(error, Py4JError) and causes:
        return causes[-1].removeprefix("Caused by").removeprefix(": ")
    return lines[0] if lines else ""


def told(error: Exception, *, hides_values: bool = False) -> str:
    """An error as a part of a sentence: its kind, and what it says in a line, with values of rows in it or without."""
    said = _CODES.sub("", first_line(error)).rstrip(".")
    said = without_values(said) if hides_values else said
    return f"{type(error).__name__}: {said}" if said else type(error).__name__


def is_gone(error: BaseException) -> bool:
    """Whether the server of a session no longer answers, or is another one than before."""
    return isinstance(error, PySparkException) and bool(_GONE.search(str(error)))


def is_of_the_plan(error: Exception) -> bool:
    """Whether an engine fails at what it was asked for, and not for want of something: no later attempt will do."""
    return isinstance(error, PySparkException) and type(error).__name__ != _OF_NO_KIND
