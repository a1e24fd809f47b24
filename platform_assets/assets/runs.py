"""What the Dagster instance knows of runs, and of what starts them."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from typing import Any

import dagster as dg
import psutil

from platform_assets.lake.tables.maintenance import RunState

_HOST, _PROCESS = "platform/host", "platform/process"
_ALL_ASSETS = "__ASSET_JOB"
_LONGEST_BEGINNING = 300
# When a process began is told by a clock, which may have been set since.
_CLOCK_SECONDS = 60
# A daemon may be away for a night.
_LONGEST_PAUSE = 24 * 60 * 60
IN_FLIGHT = [
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
]
"""The statuses of runs that have not ended."""


@contextmanager
def dagster_runs() -> Iterator[Callable[[str], RunState]]:
    """Tells the state of a run by its id; without an instance (`DAGSTER_HOME`) every run is unknown."""
    if not os.environ.get("DAGSTER_HOME"):
        yield lambda run_id: "unknown"
        return
    with dg.DagsterInstance.get() as instance:
        yield states_of(instance)


def states_of(instance: dg.DagsterInstance) -> Callable[[str], RunState]:
    """Tells the state of a run by its id."""

    def state_of(run_id: str) -> RunState:
        run = instance.get_run_by_id(run_id)
        if run is None:
            return "unknown"
        return "finished" if run.is_finished else "in progress"

    return state_of


def of_this_process(run_id: str = "", *, of_parent: bool = False) -> dict[str, str]:
    """The tags of runs that are carried out by this process, or by its parent, and end with it.

    With the run's id they are those of this run alone: another that is made to try it again has a copy of them.
    """
    process = psutil.Process(os.getppid() if of_parent else None)
    return {_HOST: socket.gethostname(), _PROCESS: f"{process.pid} {process.create_time()} {run_id}".strip()}


def job_of(definitions: dg.Definitions, keys: Collection[dg.AssetKey]) -> dg.JobDefinition:
    """The job that builds some assets: their domain's, or that of all domains when they are of several."""
    domains = {key.path[0] for key in keys}
    if len(domains) == 1:
        return definitions.resolve_job_def(domains.pop())
    return definitions.resolve_implicit_global_asset_job_def()


def in_flight(instance: dg.DagsterInstance, domains: Collection[str]) -> list[str]:
    """The ids of runs that have not ended and build something of these domains.

    Runs of processes of this machine that have died are at an end, and recorded as failed; so are runs that began
    minutes ago and have come to no step.
    """
    found = []
    for record in instance.get_run_records(dg.RunsFilter(statuses=IN_FLIGHT)):
        run = record.dagster_run
        if not _builds(run, domains):
            continue
        if _has_died(run) or _has_never_begun(record):
            instance.report_run_failed(run, "The process that carried it out has died.")
        else:
            found.append(run.run_id)
    return found


def _builds(run: dg.DagsterRun, domains: Collection[str]) -> bool:
    """Whether a run may build something of these domains: by its assets, or all of its job's."""
    if run.asset_selection is None:
        return run.job_name in domains or run.job_name.startswith(_ALL_ASSETS)
    return any(key.path[0] in domains for key in run.asset_selection)


def _has_never_begun(record: dg.RunRecord) -> bool:
    """Whether a run has come to no step in minutes: the first that any does is to say which process it is."""
    is_started = record.dagster_run.status == dg.DagsterRunStatus.STARTED and not _process(record.dagster_run)
    return is_started and record.start_time is not None and time.time() - record.start_time > _LONGEST_BEGINNING


def _has_died(run: dg.DagsterRun) -> bool:
    if run.tags.get(_HOST) != socket.gethostname() or not (told := _process(run)):
        return False
    number, began = told
    try:
        process = psutil.Process(int(number))
        is_another = abs(process.create_time() - float(began)) > _CLOCK_SECONDS
        return is_another or process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def _process(run: dg.DagsterRun) -> list[str]:
    """The number of the process that carries out a run, and when it began; nothing before the run has said so.

    One that tries another again begins with a copy of that one's tags.
    """
    told = run.tags.get(_PROCESS, "").split()
    of = told[2:]
    is_copied = of != [run.run_id] and (of or run.parent_run_id)
    return [] if is_copied else told[:2]


def switched_on(instance: dg.DagsterInstance, name: str, default: bool) -> bool:
    """Whether a schedule or sensor is on: somebody has said so, or it is so by default."""
    if instance.schedule_storage is None:
        return default
    states = [one for one in instance.all_instigator_state() if one.instigator_name == name]
    if any(one.status.name == "RUNNING" and not _is_left_over(one.instigator_data) for one in states):
        return True
    return default and all(one.status.name != "STOPPED" for one in states)


def _is_left_over(its: Any) -> bool:
    """Whether it is what is known of a sensor that the daemon has not looked at for long, nor has somebody begun it.

    Dagster never forgets sensors of a code location that has another name now.
    """
    found = [getattr(its, name, None) for name in ("last_tick_start_timestamp", "last_sensor_start_timestamp")]
    newest = max(filter(None, found), default=None)
    return newest is not None and time.time() - newest > _LONGEST_PAUSE + (its.min_interval or 0)
