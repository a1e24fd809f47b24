"""What is known of runs, with a Dagster instance and without one."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import dagster as dg
import psutil
import pytest

from platform_assets.assets import runs
from platform_assets.assets.runs import dagster_runs, in_flight, of_this_process, switched_on
from platform_assets_tests.support.switches import switch

SESSIONS = [dg.AssetKey(["web", "sessions"])]
STARTED = dg.DagsterRunStatus.STARTED


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    """An instance that knows of no run."""
    with dg.DagsterInstance.ephemeral() as instance:
        yield instance


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


def test_a_run_whose_process_has_died_is_at_an_end_also_when_nobody_asks_how_it_ended(
    instance: dg.DagsterInstance,
) -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        began = psutil.Process(process.pid).create_time()
        tags = of_this_process() | {"platform/process": f"{process.pid} {began}"}
        run_id = idle_run(instance, STARTED, SESSIONS, tags)
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


def test_a_run_whose_process_has_died_is_at_an_end_and_recorded_as_failed(instance: dg.DagsterInstance) -> None:
    tags = of_this_process() | {"platform/process": "4194305 1.0"}  # Linux has no process of that number
    run_id = idle_run(instance, STARTED, SESSIONS, tags)
    assert in_flight(instance, {"web"}) == []
    assert instance.get_run_by_id(run_id).status == dg.DagsterRunStatus.FAILURE


def test_a_process_of_another_machine_is_not_looked_for_here(instance: dg.DagsterInstance) -> None:
    tags = {"platform/host": "another", "platform/process": "4194305 1.0"}
    run_id = idle_run(instance, STARTED, SESSIONS, tags)
    assert in_flight(instance, {"web"}) == [run_id]


def test_a_step_in_a_process_of_its_own_names_the_one_that_carries_out_the_run() -> None:
    assert of_this_process(of_parent=True)["platform/process"].split()[0] == str(os.getppid())
    assert of_this_process("a")["platform/process"].split()[::2] == [str(os.getpid()), "a"]


@pytest.mark.parametrize(("of", "parent"), [("", "the first"), ("the first", "the first"), ("the first", None)])
def test_a_run_that_tries_another_again_has_not_died_with_that_ones_process(
    instance: dg.DagsterInstance, of: str, parent: str | None
) -> None:
    tags = of_this_process() | {"platform/process": f"4194305 1.0 {of}".strip()}
    run_id = idle_run(instance, dg.DagsterRunStatus.NOT_STARTED, SESSIONS, tags, parent_run_id=parent)
    assert in_flight(instance, {"web"}) == [run_id]
    instance.add_run_tags(run_id, {"platform/process": f"4194305 1.0 {run_id}"})
    assert in_flight(instance, {"web"}) == []


@pytest.mark.parametrize("again", [False, True])
def test_a_run_that_has_come_to_no_step_in_minutes_is_at_an_end_also_one_that_tries_another_again(
    instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch, again: bool
) -> None:
    of_the_first = of_this_process("the first") if again else {}
    parent = {"parent_run_id": "the first"} if again else {}
    waiting, *started = (
        idle_run(instance, status, SESSIONS, of_the_first, **parent)
        for status in (dg.DagsterRunStatus.NOT_STARTED, dg.DagsterRunStatus.STARTING, dg.DagsterRunStatus.STARTING)
    )
    for run_id in started:
        begins = dg.DagsterEvent(dg.DagsterEventType.RUN_START.value, "idle")
        instance.report_dagster_event(begins, run_id, timestamp=1_000_000.0)
    lost, at_work = started
    instance.add_run_tags(at_work, of_this_process(at_work))
    monkeypatch.setattr(runs.time, "time", lambda: 1_000_299.0)
    assert set(in_flight(instance, {"web"})) == {waiting, lost, at_work}
    monkeypatch.setattr(runs.time, "time", lambda: 1_000_301.0)
    assert set(in_flight(instance, {"web"})) == {waiting, at_work}
    assert instance.get_run_by_id(lost).status == dg.DagsterRunStatus.FAILURE


def test_a_run_of_all_of_a_job_is_in_flight_for_the_jobs_domain(instance: dg.DagsterInstance) -> None:
    @dg.op
    def nothing() -> None: ...

    made = {}
    for name in ("web", "web_maintenance", "__ASSET_JOB"):
        job = dg.GraphDefinition(name=name, node_defs=[nothing]).to_job()
        made[name] = instance.create_run_for_job(job, status=STARTED).run_id
    assert set(in_flight(instance, {"web"})) == {made["web"], made["__ASSET_JOB"]}
    assert in_flight(instance, {"shop"}) == [made["__ASSET_JOB"]]


def test_a_switch_is_as_somebody_has_set_it_or_else_as_it_is_by_default(tmp_path: Path) -> None:
    found = {}
    with dg.DagsterInstance.local_temp(str(tmp_path)) as instance:
        # Of a code location that had another name there may be an old word.
        for said in ("", "RUNNING", "STOPPED", "DECLARED_IN_CODE", "STOPPED RUNNING"):
            sensor = f"{said} landing"
            for location, status in enumerate(said.split()):
                instance.add_instigator_state(switch(sensor, status, f"location_{location}"))
            found[said] = [switched_on(instance, sensor, by_default) for by_default in (True, False)]
    assert found == {
        "": [True, False],
        "RUNNING": [True, True],
        "STOPPED": [False, False],
        "DECLARED_IN_CODE": [True, False],
        "STOPPED RUNNING": [True, True],
    }


def test_an_instance_that_keeps_no_switches_has_them_as_they_are_by_default(instance: dg.DagsterInstance) -> None:
    assert [switched_on(instance, "web_landing", by_default) for by_default in (True, False)] == [True, False]


def idle_run(
    instance: dg.DagsterInstance,
    status: dg.DagsterRunStatus,
    keys: list[dg.AssetKey],
    tags: dict[str, str] | None = None,
    parent_run_id: str | None = None,
) -> str:
    """A run of some assets that nobody carries out."""
    specs = [dg.AssetSpec(key) for key in keys]

    @dg.multi_asset(specs=specs)
    def nothing() -> None: ...

    job = dg.Definitions(assets=[nothing]).resolve_implicit_global_asset_job_def()
    run = instance.create_run_for_job(
        job,
        status=status,
        tags=tags,
        asset_selection=frozenset(keys),
        parent_run_id=parent_run_id,
        root_run_id=parent_run_id,
    )
    return run.run_id
