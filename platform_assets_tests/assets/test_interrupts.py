"""What is said of a run that is told to stop: a sentence when its command ends, and not where it was."""

import sys
from collections.abc import Iterator
from types import SimpleNamespace

import click
import dagster as dg
import pytest

from platform_assets.assets import interrupts, stopping
from platform_assets.assets.failures import as_failures
from platform_assets.assets.interrupts import INTERRUPTED, is_interrupted

KEPT = "what was there before still is."


@pytest.fixture(autouse=True)
def nobody_told(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A process that was not told to stop, and shows what it showed before afterwards."""
    monkeypatch.setattr(interrupts, "_is_told", False)
    monkeypatch.setattr(interrupts, "_expected", [])
    monkeypatch.setattr(stopping, "_listen", lambda: None)
    yield
    vars(sys).pop("tracebacklimit", None)


@dg.asset(key=["shop", "hats"])
def hats(context: dg.AssetExecutionContext) -> None:
    """An asset that is told to stop."""
    with as_failures(context):
        raise dg.DagsterExecutionInterruptedError


def test_a_step_that_is_told_to_stop_says_of_its_table_that_nothing_was_published(
    capsys: pytest.CaptureFixture[str],
) -> None:
    command = click.Context(click.Command("dagster"))
    with dg.DagsterInstance.ephemeral() as instance, command, pytest.raises(dg.DagsterExecutionInterruptedError):
        dg.materialize([hats], instance=instance)
    said = capsys.readouterr().err
    assert said.endswith(f"ERROR: Interrupted: nothing of shop/hats was published, {KEPT}\n")
    assert "Stack Trace" not in said


@pytest.mark.parametrize("debug", [False, True])
def test_where_a_run_was_is_shown_to_those_who_ask_for_it(monkeypatch: pytest.MonkeyPatch, debug: bool) -> None:
    monkeypatch.setattr(interrupts, "debugging", lambda: debug)
    with click.Context(click.Command("dagster")):
        interrupts.told()
    assert getattr(sys, "tracebacklimit", None) == (None if debug else 0)


def test_at_a_prompt_errors_show_where_they_come_from_after_a_run_was_told_to_stop() -> None:
    interrupts.told()
    assert not hasattr(sys, "tracebacklimit")


@pytest.mark.parametrize("told", [False, True])
def test_a_command_that_is_told_to_stop_outside_of_any_step_ends_with_a_sentence(
    capsys: pytest.CaptureFixture[str], told: bool
) -> None:
    with click.Context(click.Command("dagster")):
        stopping.expect()
        if told:
            interrupts.told()
    assert capsys.readouterr().err == (f"ERROR: {INTERRUPTED}\n" if told else "")


@pytest.mark.parametrize(("name", "is_one"), [("KeyboardInterrupt", True), ("ValueError", False), (None, False)])
def test_events_of_steps_and_of_runs_tell_whether_they_were_told_to_stop(name: str | None, is_one: bool) -> None:
    error = name and SimpleNamespace(cls_name=name)
    event = SimpleNamespace(event_specific_data=SimpleNamespace(error=error))
    assert is_interrupted(event) is is_one  # type: ignore[arg-type]  # what is asked of an event
    assert not is_interrupted(SimpleNamespace(event_specific_data=None))  # type: ignore[arg-type]


def test_what_is_read_and_what_is_published_is_told_apart(capsys: pytest.CaptureFixture[str]) -> None:
    key = dg.AssetKey(["shop", "hats"])
    written, read = dg.build_output_context(asset_key=key), dg.build_input_context(asset_key=key)
    with click.Context(click.Command("dagster")):
        for context in (written, read):
            with pytest.raises(KeyboardInterrupt), as_failures(context):
                raise KeyboardInterrupt
    published, made = [line for line in capsys.readouterr().err.splitlines() if line.startswith("ERROR: ")]
    assert published.startswith("ERROR: Interrupted while shop/hats was published: it is whole, as before or as new")
    assert made == "ERROR: Interrupted while shop/hats was read: nothing was published of what is made from it."
