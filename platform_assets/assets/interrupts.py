"""What is said of a run that was told to stop: a sentence, the last of its command, instead of where it was."""

from __future__ import annotations

import multiprocessing
import sys

import click
import dagster as dg

from platform_assets.settings import debugging

INTERRUPTS = (KeyboardInterrupt, dg.DagsterExecutionInterruptedError)
"""What a signal to stop becomes in a run."""
INTERRUPTED = "Interrupted: what the run had not published yet it never will, and what was there before still is."
_NAMES = {kind.__name__ for kind in INTERRUPTS}
_LAST = f"{__name__}.last"

_is_told = False


def is_interrupted(event: dg.DagsterEvent) -> bool:
    """Whether an event says that a step, or a run, was told to stop."""
    error = getattr(event.event_specific_data, "error", None)
    return getattr(error, "cls_name", None) in _NAMES


def say_last(sentence: str) -> None:
    """Print a sentence when the command ends, after all that Dagster prints of the run; nothing where is no command."""
    if (last := _last()) is not None:
        last.append(sentence)


def expect() -> None:
    """From now on, a command that is told to stop ends with a sentence, whatever it does then."""
    _last()


def told() -> None:
    """The process was told to stop: nobody asks where it was then, unless `PLATFORM_DEBUG` does."""
    global _is_told
    _is_told = True
    is_of_a_run = click.get_current_context(silent=True) or multiprocessing.parent_process() or _expected
    if is_of_a_run and not debugging():
        # The only way to tell Dagster, which prints the stack of each step that did not end, and of their run.
        sys.tracebacklimit = 0


_expected: list[click.Context] = []


def _last() -> list[str] | None:
    """What the command is to say when it ends, None where there is none."""
    command = click.get_current_context(silent=True)
    if command is None:
        return None
    last: list[str] | None = command.meta.get(_LAST)
    if last is None:
        last = command.meta[_LAST] = []
        _expected.append(command)
        command.find_root().call_on_close(lambda: _say(last))
    return last


def _say(last: list[str]) -> None:
    said = last or ([INTERRUPTED] if _is_told else [])
    if said:
        click.echo("\n".join(f"ERROR: {sentence}" for sentence in said), err=True)
