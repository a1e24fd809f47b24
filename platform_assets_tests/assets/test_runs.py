"""What is known of runs, with a Dagster instance and without one."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import dagster as dg
import psutil
import pytest

from platform_assets.assets import runs
from platform_assets.assets.runs import dagster_runs, in_flight, of_this_process, switched_on


def test_without_an_instance_every_run_is_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DAGSTER_HOME", raising=False)
    with dagster_runs() as state_of:
        assert state_of("any") == "unknown"


def test_the_instance_tells_which_runs_are_at_an_end(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))

    @dg.op
    def nothing() -> None: ...

    @dg.job
    def idle() -> None:
        nothing()

    statuses = (dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.CANCELED, dg.DagsterRunStatus.STARTED)
    with dg.DagsterInstance.get() as instance:
        created = [instance.create_run_for_job(idle, status=status).run_id for status in statuses]
    with dagster_runs() as state_of:
        assert [state_of(run) for run in created] == ["finished", "finished", "in progress"]
        assert state_of("other") == "unknown"


def test_every_run_that_has_not_ended_is_in_flight() -> None:
    ended = {dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED}
    assert set(dg.DagsterRunStatus) - set(runs.IN_FLIGHT) == {
        *ended,
        dg.DagsterRunStatus.MANAGED,
        dg.DagsterRunStatus.SUSPENDED,
    }


@pytest.mark.parametrize("status", ["NOT_STARTED", "STARTING", "STARTED", "CANCELING"])
def test_a_run_that_has_not_ended_is_in_flight_for_the_domains_that_it_builds(status: str) -> None:
    with dg.DagsterInstance.ephemeral() as instance:
        run_id = idle_run(instance, dg.DagsterRunStatus[status], [dg.AssetKey(["web", "sessions"])])
        assert in_flight(instance, {"web", "shop"}) == [run_id]
        assert in_flight(instance, {"listening"}) == []


def test_a_run_whose_process_lives_is_in_flight_also_when_the_clock_was_set_since(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    tags = of_this_process()
    with dg.DagsterInstance.ephemeral() as instance:
        run_id = idle_run(instance, dg.DagsterRunStatus.STARTED, [dg.AssetKey(["web", "sessions"])], tags)
        began = psutil.Process().create_time()
        monkeypatch.setattr(psutil.Process, "create_time", lambda _: began + 5)
        assert in_flight(instance, {"web"}) == [run_id]
        monkeypatch.setattr(psutil.Process, "create_time", lambda _: began + 500)
        assert in_flight(instance, {"web"}) == []


def test_a_run_whose_process_has_died_is_at_an_end_also_when_nobody_asks_how_it_ended() -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        began = psutil.Process(process.pid).create_time()
        tags = of_this_process()
        name = next(name for name, value in tags.items() if value.startswith(f"{os.getpid()} "))
        tags[name] = f"{process.pid} {began}"
        with dg.DagsterInstance.ephemeral() as instance:
            run_id = idle_run(instance, dg.DagsterRunStatus.STARTED, [dg.AssetKey(["web", "sessions"])], tags)
            assert in_flight(instance, {"web"}) == [run_id]
            process.kill()
            os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
            assert psutil.Process(process.pid).status() == psutil.STATUS_ZOMBIE
            assert in_flight(instance, {"web"}) == []


@pytest.mark.parametrize(
    ("status", "started", "looked", "on"),
    [
        ("RUNNING", 0.01, None, True),
        ("RUNNING", 400, 0.01, True),
        ("RUNNING", 400, 0.9, True),
        ("RUNNING", 400, 2, False),
        ("RUNNING", 2, None, False),
        ("STOPPED", 400, 0.01, False),
    ],
)
def test_a_sensor_is_on_while_the_daemon_looks_at_it_and_not_when_its_code_location_has_another_name_now(
    status: str, started: float, looked: float | None, on: bool
) -> None:
    assert switched_on(_instance(_sensor(status, started, looked)), "web_landing", default=False) is on
    assert not switched_on(_instance(_sensor(status, started, looked)), "retail_landing", default=False)


def test_a_sensor_that_somebody_has_stopped_long_ago_stays_off() -> None:
    stopped, gone = _sensor("STOPPED", 400, 100), _sensor("RUNNING", 400, 100)
    assert not switched_on(_instance(stopped, gone), "web_landing", default=True)
    assert switched_on(_instance(gone), "web_landing", default=True)


def _instance(*states: SimpleNamespace) -> Any:
    """An instance that knows of some sensors."""
    return SimpleNamespace(schedule_storage=True, all_instigator_state=lambda: states)


def _sensor(status: str, started: float, looked: float | None) -> SimpleNamespace:
    """What an instance knows of the sensor web_landing, which was begun and looked at so many days ago."""
    began, tick = (days and time.time() - days * 86_400 for days in (started, looked))
    data = SimpleNamespace(last_sensor_start_timestamp=began, last_tick_start_timestamp=tick, min_interval=30)
    return SimpleNamespace(instigator_name="web_landing", status=SimpleNamespace(name=status), instigator_data=data)


def idle_run(
    instance: dg.DagsterInstance,
    status: dg.DagsterRunStatus,
    keys: list[dg.AssetKey],
    tags: dict[str, str] | None = None,
) -> str:
    """A run of some assets that nobody carries out."""
    specs = [dg.AssetSpec(key) for key in keys]

    @dg.multi_asset(specs=specs)
    def nothing() -> None: ...

    job = dg.Definitions(assets=[nothing]).resolve_implicit_global_asset_job_def()
    run = instance.create_run_for_job(job, status=status, tags=tags, asset_selection=frozenset(keys))
    return run.run_id
