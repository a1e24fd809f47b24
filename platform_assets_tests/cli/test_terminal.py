"""How the command line ends where something is wrong that nobody has foreseen."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable

import pytest
import typer
from typer.testing import CliRunner, Result

from platform_assets.cli import terminal
from platform_assets.cli.terminal import Problem, Sentences, changing, confirm, say_table
from platform_assets.errors import PlatformError
from platform_assets.lake.storage.refusals import Refused

MARK = "mark-3f9a1c"


def ended(error: BaseException) -> Result:
    """A command that ends with an error."""

    def fail() -> None:
        raise error

    return done(fail)


def done(work: Callable[[], None]) -> Result:
    """A command that does some work."""
    app = typer.Typer(cls=Sentences)

    @app.command()
    def fail() -> None:
        work()

    app.callback()(lambda: None)
    return CliRunner().invoke(app, ["fail"])


def caused(cause: Exception) -> Exception:
    """An error that has it as its cause, and says nothing of it."""
    error = ValueError("wrong")
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (lambda: ValueError(f"no {MARK}"), "ValueError: no **********"),
        (lambda: caused(KeyError(MARK)), "ValueError: wrong"),
        (lambda: Problem(f"no {MARK}"), "no **********"),
        (lambda: PlatformError(f"no {MARK}"), "no **********"),
        (lambda: OSError(f"no {MARK}"), "OSError: no **********"),
    ],
)
def test_an_error_that_repeats_a_secret_is_a_sentence_without_it(
    monkeypatch: pytest.MonkeyPatch, made: Callable[[], Exception], said: str
) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", MARK)
    done = ended(made())
    assert (done.exit_code, done.stdout, done.stderr) == (1, "", f"{said}\n")


def test_what_a_store_did_not_do_is_a_sentence_wherever_it_comes_from() -> None:
    done = ended(Refused("the credentials cannot be read: /run/token is not there."))
    assert (done.exit_code, done.output) == (1, "the credentials cannot be read: /run/token is not there.\n")


def test_an_error_that_nobody_has_foreseen_is_raised_as_it_is() -> None:
    error = ValueError("a mistake of the platform")
    assert ended(error).exception is error


def test_a_command_that_is_stopped_says_that_nothing_was_changed() -> None:
    stopped = ended(KeyboardInterrupt())
    assert (stopped.exit_code, stopped.stdout) == (130, "")
    assert stopped.stderr == "Interrupted. Nothing was changed.\n"


def test_a_command_that_is_stopped_at_its_question_says_that_nothing_was_changed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(terminal, "_is_terminal", lambda: True)
    stopped = done(lambda: confirm("Sure?", yes=False))  # there is no answer
    assert stopped.exit_code == 130
    assert stopped.stderr.endswith("Interrupted. Nothing was changed.\n")


def test_a_command_that_is_stopped_in_the_middle_of_a_change_says_what_became_of_it() -> None:
    def change() -> None:
        with changing("Half of it is there."):
            raise KeyboardInterrupt

    stopped = done(change)
    assert (stopped.exit_code, stopped.stderr) == (130, "Interrupted. Half of it is there.\n")


@pytest.mark.parametrize(("columns", "is_folded"), [(10, True), (11, False), (2_000, False)])
def test_cells_are_folded_on_a_narrow_terminal_unless_there_are_too_many_columns(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], columns: int, is_folded: bool
) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "80")
    names = [f"sensor_{number:04}_mean" for number in range(columns)]
    say_table(names, [names])
    headings, _, *cells = re.sub(r"\x1b\[[0-9]*m", "", capsys.readouterr().out).splitlines()
    assert (headings.split() == names) is not is_folded
    assert ([line.split() for line in cells] == [names]) is not is_folded
