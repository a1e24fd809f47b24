"""Where errors become failures of Dagster's: one sentence each, told where the UI and the command line look for it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from traceback import extract_tb

import dagster as dg
from deltalake.exceptions import DeltaError
from grpc import RpcError
from py4j.protocol import Py4JError
from pyspark.errors import PySparkException
from pyspark.sql import DataFrame

from platform_assets.errors import Outdated, PlatformError
from platform_assets.lake.tables.log import missing_file

# How the engines say that there is no column of a name.
_NO_COLUMN = re.compile(
    r'attribute ObjectName\(\[Identifier\("(?P<sail>[^"]+)"\)\]\) is missing'
    r"|(?:parameter with name|USING column) (?P<spark>`[^`]+`(?:\.`[^`]+`)*) cannot be resolved"
    r"|Cannot find column (?P<connect>\S+)"
)
# What stands before and after what an engine has to say: its name for it, and codes.
_AROUND = re.compile(r"^\[[A-Z_.]+\] | SQLSTATE: \w+.*$")
_OF_ENGINES = (PySparkException, RpcError, Py4JError, DeltaError)
_LONGEST = 500


@contextmanager
def as_failures(
    attempts_before: int = 1, *, explain: Callable[[Exception], str] | None = None, debug: bool = False
) -> Iterator[None]:
    """Raise `dagster.Failure`, with a sentence, for an error: the UI shows it, and repeats no work in vain.

    What was read or replaced by others meanwhile is worth one more attempt of the step, if there was none before.
    `explain` says what an error of somebody else's means here. What stands in an engine's own error is left out, but
    for `debug`.
    """
    explain = explain or said
    try:
        yield
    except (dg.DagsterError, dg.Failure, dg.RetryRequested):
        raise
    except PlatformError as error:
        cause = None if isinstance(error.__cause__, _OF_ENGINES) and not debug else error.__cause__
        failure = dg.Failure(str(error), allow_retries=error.retry)
        failure.__cause__ = cause
        if isinstance(error, Outdated) and not attempts_before:
            raise dg.RetryRequested(max_retries=1) from failure
        raise failure from cause
    except Exception as error:
        cause = None if isinstance(error, _OF_ENGINES) and not debug else error
        raise dg.Failure(explain(error), allow_retries=False) from cause


@dg.failure_hook(name="say_it_last")
def say_it_last(context: dg.HookContext) -> None:
    """The sentence of a failed step once more, after all that Dagster prints of it."""
    error = context.op_exception
    error = error.__cause__ if isinstance(error, dg.RetryRequested) else error
    if isinstance(error, dg.Failure) and error.description:
        context.log.error(error.description)


def said(error: Exception) -> str:
    """What an error says, in a line."""
    if missing := missing_file(error):
        return missing
    text = str(error).strip()
    first = _AROUND.sub("", text.splitlines()[0]) if text else ""
    shown = first if len(first) <= _LONGEST else f"{first[:_LONGEST]}..."
    return shown if shown and isinstance(error, _OF_ENGINES) else f"{type(error).__name__}: {shown}".rstrip(": ")


def of_transform(error: Exception, place: str, file: str, key: str, frames: Mapping[str, DataFrame]) -> str:
    """What went wrong in a transform: where in its own file, and for a column that there is not, those there are.

    `place` is where the transform begins, for errors of engines, which find out later.
    """
    if missing := missing_file(error):
        return missing
    own = [frame for frame in extract_tb(error.__traceback__) if Path(frame.filename) == Path(file)]
    there = re.sub(r":\d+(?=: )", f":{own[-1].lineno}", place, count=1) if own else place
    kept = f"{key} was not published, what was there before still is."
    no_column = _NO_COLUMN.search(str(error)) if isinstance(error, _OF_ENGINES) else None
    if no_column is None:
        return f"{there}: {said(error)}. {kept}"
    name = next(found for found in no_column.groups() if found).replace("`", "")
    columns = []
    for parameter, frame in frames.items():
        with suppress(Exception):
            columns.append(f"{parameter} has {', '.join(frame.columns)}")
    return f"{there}: there is no column {name}. {'; '.join([*columns, ''])[:-2]}. {kept}"
