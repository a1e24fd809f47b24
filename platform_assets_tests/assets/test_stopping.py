"""What a run that is told to stop has a right to: some seconds, and then an end that is recorded as its own."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator

import dagster as dg
import pytest

from platform_assets.assets import stopping
from platform_assets.assets.resources import EngineResource
from platform_assets_tests.assets.test_runs import idle_run

ENDED = (dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED)


# How the timer was set that ends the process if nothing else does.
TIMERS: list[tuple[float, ...]] = []


class Ended(BaseException):
    """The process would have ended."""


@pytest.fixture
def instance(monkeypatch: pytest.MonkeyPatch) -> Iterator[dg.DagsterInstance]:
    """An instance of Dagster, in a process that watches no run yet, has no patience, and tells when it ends."""

    def ends(code: int) -> None:
        raise Ended(code)

    monkeypatch.setattr(stopping, "LONGEST", 0)
    monkeypatch.setattr(stopping, "_runs", {})
    monkeypatch.setattr(stopping, "_is_watched", False)
    monkeypatch.setattr(stopping.os, "_exit", ends)
    monkeypatch.setattr(signal, "setitimer", lambda which, *seconds: TIMERS.append(seconds) or (30.0, 0.0))
    TIMERS.clear()
    with dg.DagsterInstance.ephemeral() as instance:
        yield instance


def told(*signals: int) -> None:
    """Let the watch see some signals, and then that there will be no more."""
    read, write = os.pipe()
    try:
        for one in signals:
            os.write(write, bytes([one]))
        os.close(write)
        stopping._watch(read)
    finally:
        os.close(read)


def begun(instance: dg.DagsterInstance, status: dg.DagsterRunStatus) -> str:
    """A run of this process."""
    run_id = idle_run(instance, status, [dg.AssetKey(["web", "sessions"])])
    stopping._runs[run_id] = instance
    return run_id


def status_of(instance: dg.DagsterInstance, run_id: str) -> dg.DagsterRunStatus:
    """What the instance knows of a run."""
    run = instance.get_run_by_id(run_id)
    assert run
    return run.status


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_run_that_does_not_end_by_itself_is_ended_and_recorded_as_failed(
    instance: dg.DagsterInstance, capsys: pytest.CaptureFixture[str], number: int
) -> None:
    run_id = begun(instance, dg.DagsterRunStatus.STARTED)
    with pytest.raises(Ended, match="143"):
        told(number)
    assert "The run was told to stop" in capsys.readouterr().err
    assert status_of(instance, run_id) == dg.DagsterRunStatus.FAILURE


@pytest.mark.parametrize("status", ENDED)
def test_a_run_that_has_ended_stays_what_it_was(instance: dg.DagsterInstance, status: dg.DagsterRunStatus) -> None:
    run_id = begun(instance, status)
    with pytest.raises(Ended):
        told(signal.SIGTERM)
    assert status_of(instance, run_id) == status


def test_a_history_that_does_not_answer_keeps_no_process_alive(
    instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(run_id: str) -> None:
        raise ConnectionError(run_id)

    begun(instance, dg.DagsterRunStatus.STARTED)
    monkeypatch.setattr(instance, "get_run_by_id", fails)
    with pytest.raises(Ended):
        told(signal.SIGTERM)


def test_other_signals_and_those_after_a_run_end_nothing(instance: dg.DagsterInstance) -> None:
    run_id = begun(instance, dg.DagsterRunStatus.STARTED)
    told(signal.SIGCHLD, signal.SIGWINCH)
    stopping.end(run_id)
    told(signal.SIGTERM, signal.SIGINT)


def test_a_process_that_goes_on_after_its_run_has_stopped_in_time_is_let_be(
    instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_id = begun(instance, dg.DagsterRunStatus.STARTED)
    monkeypatch.setattr(stopping.time, "sleep", lambda seconds: stopping.end(run_id))
    told(signal.SIGINT)
    assert status_of(instance, run_id) == dg.DagsterRunStatus.STARTED
    assert TIMERS == [(2.0,), (30.0, 0.0)], "the timer is not as it was before"


def test_a_process_that_is_still_leaving_after_its_run_has_stopped_in_time_is_ended(
    instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    leaving: list[Callable[[], None]] = []
    run_id = begun(instance, dg.DagsterRunStatus.STARTED)

    def leaves(seconds: float) -> None:
        stopping.end(run_id)
        for each in leaving:
            each()

    monkeypatch.setattr(stopping, "_is_leaving", False)
    monkeypatch.setattr(stopping.atexit, "register", leaving.append)
    monkeypatch.setattr(stopping.time, "sleep", leaves)
    with pytest.raises(Ended):
        told(signal.SIGTERM)


def test_an_event_loop_that_listens_for_signals_goes_on_listening(instance: dg.DagsterInstance) -> None:
    read, write = os.pipe()
    os.set_blocking(write, False)
    before = signal.set_wakeup_fd(write)
    try:
        stopping.begin("run", instance)
        assert signal.set_wakeup_fd(write) == write
        assert not stopping._is_watched
    finally:
        signal.set_wakeup_fd(before)
        os.close(read)
        os.close(write)


def test_a_run_is_watched_from_its_first_resource_to_its_last(
    instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stopping, "_is_watched", True)
    seen = []

    @dg.op(required_resource_keys={"engine"})
    def look() -> None:
        seen.extend(stopping._runs)

    @dg.job(resource_defs={"engine": EngineResource()})
    def job() -> None:
        look()

    assert seen == []
    assert job.execute_in_process(instance=instance).run_id in seen
    assert stopping._runs == {}
