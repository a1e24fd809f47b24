"""How the command line speaks: tables, remarks, and sentences with an exit code where something is wrong."""

from __future__ import annotations

import sys
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NoReturn

import typer
from pydantic import ByteSize
from typer.core import TyperGroup

from platform_assets.errors import as_shown
from platform_assets.masking import is_told_whole

NOT_DONE, WRONG_USE, INTERRUPTED = 1, 2, 130
# Piped output is not for a screen: no cell is folded.
_WIDE = 100_000
# With fewer characters for each column nobody can read folded cells, and with none at all nothing is shown.
_NARROWEST = 8
_CONTROLS = {code: f"\\x{code:02x}" for code in (*range(32), *range(127, 160))}
_CONTROLS |= {ord("\n"): "\\n", ord("\r"): "\\r", ord("\t"): "\\t"}
# Line and paragraph ends, and what turns the direction of text.
_CONTROLS |= {code: f"\\u{code:04x}" for code in (*range(0x2028, 0x202F), *range(0x2066, 0x206A))}


class Problem(Exception):
    """Something the user can put right, as a sentence; `code` is the exit code."""

    def __init__(self, sentence: str, code: int = NOT_DONE) -> None:
        super().__init__(as_shown(sentence))
        self.code = code


class Stopped(KeyboardInterrupt):
    """The user has stopped a command in the middle of a change; it says what became of that."""


@contextmanager
def changing(became: str) -> Iterator[None]:
    """What a command changes; `became` says what is there when somebody stops it meanwhile, as a sentence."""
    try:
        yield
    except KeyboardInterrupt:
        raise Stopped(became) from None


class Sentences(TyperGroup):
    """The commands; what goes wrong in them ends in a sentence and an exit code, not in a traceback."""

    def invoke(self, ctx: Any) -> Any:
        """Run a command; what nobody foresaw is raised as it is."""
        # Data may hold any character, the terminal's encoding may not.
        for stream in (sys.stdout, sys.stderr):
            getattr(stream, "reconfigure", lambda **_: None)(errors="backslashreplace")
        try:
            return super().invoke(ctx)
        except Problem as problem:
            _end(problem)
        except (KeyboardInterrupt, typer.Abort) as stopped:
            _end(Problem(f"Interrupted. {str(stopped) or 'Nothing was changed.'}", INTERRUPTED))
        except BrokenPipeError:
            raise
        except Exception as error:
            explained = _explained(error)
            if explained is None and is_told_whole(error):
                raise
            explained = explained or Problem(f"{type(error).__name__}: {error}")
            _end(explained)


def _end(problem: Problem) -> NoReturn:
    remark(str(problem))
    raise typer.Exit(problem.code)


def _explained(error: Exception) -> Problem | None:
    """The sentence for errors that have one: settings, storage, tables, engines."""
    import dagster as dg
    import duckdb
    from deltalake.exceptions import DeltaError

    from platform_assets.errors import PlatformError
    from platform_assets.lake import storage
    from platform_assets.lake.tables.log import missing_file
    from platform_assets.settings import WrongSettings

    if missing := missing_file(error):
        return Problem(missing)
    if isinstance(error, PlatformError):
        return Problem(str(error), WRONG_USE if isinstance(error, WrongSettings) else NOT_DONE)
    if isinstance(error, dg.DagsterInvariantViolationError) and "DAGSTER_HOME" in str(error):
        return Problem(str(error), WRONG_USE)
    if failed := storage.failure(error, "", "", ""):
        return Problem(str(failed))
    if isinstance(error, OSError) and error.filename:
        return Problem(f"{error.filename}: {error.strerror}.")
    if isinstance(error, (DeltaError, OSError, duckdb.Error)):
        return Problem(f"{type(error).__name__}: {error}")
    return None


def say(text: str = "") -> None:
    """Print to standard output."""
    typer.echo(text)


def remark(text: str) -> None:
    """Print to standard error: what is about the output and not of it."""
    typer.echo(text, err=True)


def end_with(problems: Sequence[str]) -> None:
    """End a command that did all else: what is wrong, a line each, and an exit code that says so; none is fine."""
    for sentence in problems:
        remark(sentence)
    if problems:
        raise typer.Exit(NOT_DONE)


def number(value: int) -> str:
    """A number: with separators for people, without for programs."""
    return f"{value:,}" if sys.stdout.isatty() else str(value)


def size(value: int) -> str:
    """Bytes: rounded for people, exact for programs."""
    return ByteSize(value).human_readable(decimal=True) if sys.stdout.isatty() else str(value)


def confirm(question: str, yes: bool) -> None:
    """Go on when the answer is yes; without a terminal to ask on, and without `--yes`, end with exit code 2."""
    if yes:
        return
    if not _is_terminal():
        raise Problem(f"{question} There is no terminal to ask on, and nothing was changed: --yes does it.", WRONG_USE)
    if not typer.confirm(question):
        raise Problem("Nothing was changed.")


def _is_terminal() -> bool:
    return sys.stdin.isatty() and sys.stdout.isatty()


def printable(text: str) -> str:
    """The text with control characters written out: data must not steer the terminal."""
    return text.translate(_CONTROLS)


def say_table(
    headings: Sequence[str],
    rows: Iterable[Sequence[str | None]],
    right: Collection[str] = (),
    *,
    fold: bool = True,
) -> None:
    """Print rows in columns, whole; the columns named in `right` are aligned there, None is shown as NULL.

    On a terminal that is too narrow cells are folded; where that would be no use (`fold`), and where there are too many
    columns for it, lines are long.
    """
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    if sys.stdout.isatty():
        console, look = Console(), box.SIMPLE_HEAD
        if not fold or console.width < _NARROWEST * len(headings):
            console.width = _WIDE
    else:
        console, look = Console(width=_WIDE, color_system=None, force_terminal=False, legacy_windows=False), None
    padding = (0, 1, 0, 0) if look else (0, 1)
    table = Table(box=look, padding=padding, pad_edge=False, show_edge=False, header_style="bold")
    for heading in headings:
        table.add_column(heading, justify="right" if heading in right else "left", overflow="fold")
    for row in rows:
        table.add_row(*[Text("NULL", "dim") if cell is None else Text(printable(cell)) for cell in row])
    with console.capture() as printed:
        console.print(table)
    say("\n".join(line.rstrip() for line in printed.get().split("\n")).strip("\n"))
