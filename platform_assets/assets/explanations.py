"""What is said of errors of transforms: which line of the author's file, and which columns there would have been."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from difflib import get_close_matches
from traceback import extract_tb
from typing import Any

import dagster as dg
from pyspark.sql import DataFrame

from platform_assets.assets.signature import declared_at, located
from platform_assets.errors import PlatformError
from platform_assets.lake.engines.refusals import is_gone, missing_column, told
from platform_assets.lake.storage.refusals import is_refused


@contextmanager
def explaining(key: str, function: Callable[..., Any], frames: Mapping[str, DataFrame]) -> Iterator[None]:
    """Raise `PlatformError` for what goes wrong in an author's function, with the table and the line.

    What a store or the engine's server did not do is not of its making, and raised as it is.
    """
    try:
        yield
    except (PlatformError, dg.Failure, dg.RetryRequested):
        raise
    except Exception as error:
        if is_gone(error) or is_refused(error):
            raise
        raise explained(error, key, function, frames) from error


def explained(
    error: Exception, key: str, function: Callable[..., Any], frames: Mapping[str, DataFrame]
) -> PlatformError:
    """What is told of an error of a function, or of an engine with the plan that the function gave."""
    column = missing_column(error)
    where = f"{key}: {_line(error, function, column)}"
    if column is None:
        return PlatformError(f"{where}: {told(error)}. {key} was not published, what was there before still is.")
    columns = {name: _columns(frame) for name, frame in frames.items()}
    there = "; ".join(f"{name} has: {', '.join(names)}" for name, names in columns.items() if names)
    close = get_close_matches(column, {name for names in columns.values() for name in names}, n=1)
    meant = f" Did you mean {close[0]}?" if close else ""
    return PlatformError(f"{where}: there is no column {column}{'; ' if there else ''}{there}.{meant}")


def _line(error: Exception, function: Callable[..., Any], column: str | None) -> str:
    """Where in its author's file the function went wrong, as far as that can be known."""
    file, line = declared_at(function)
    inside = [frame.lineno for frame in extract_tb(error.__traceback__) if frame.filename == file]
    if inside:
        return located(file, inside[-1] or line)
    # An engine on a server looks at a plan after the function: the first line with the column's name will be it.
    return located(file, (_line_with(column, function, file) if column else None) or line)


def _line_with(column: str, function: Callable[..., Any], file: str) -> int | None:
    code = inspect.unwrap(function)
    if code.__code__.co_filename != file:
        return None
    try:
        lines, first = inspect.getsourcelines(code)
    except OSError:
        return None
    named = re.compile(rf"\b{re.escape(column)}\b")
    return next((first + n for n, line in enumerate(lines) if named.search(line)), None)


def _columns(frame: DataFrame) -> list[str]:
    try:
        return list(frame.columns)
    except Exception:  # what is wrong with the input is not what is to be told
        return []
