"""What the Dagster instance knows of runs, and of what starts them."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager

import dagster as dg
import psutil

from platform_assets.lake.tables.maintenance import RunState

MAINTENANCE = "platform/maintenance"
"""The tag of runs that build nothing."""
_HOST, _PROCESS = "platform/host", "platform/process"
# When a process began is told by a clock, which may have been set since.
_CLOCK_SECONDS = 60
_IN_FLIGHT = [
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
]


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


def of_this_process() -> dict[str, str]:
    """The tags of runs that are carried out by this process, and end with it."""
    return {_HOST: socket.gethostname(), _PROCESS: f"{os.getpid()} {psutil.Process().create_time()}"}


def in_flight(instance: dg.DagsterInstance, domains: Collection[str]) -> list[str]:
    """The ids of runs that have not ended and may build something of these domains.

    Runs of processes of this machine that have died are at an end, and recorded as failed.
    """
    found = []
    for run in instance.get_runs(dg.RunsFilter(statuses=_IN_FLIGHT)):
        if MAINTENANCE in run.tags:
            continue
        if run.asset_selection is not None and not any(key.path[0] in domains for key in run.asset_selection):
            continue
        if _has_died(run.tags):
            instance.report_run_failed(run, "The process that carried it out has died.")
        else:
            found.append(run.run_id)
    return found


def _has_died(tags: Mapping[str, str]) -> bool:
    if tags.get(_HOST) != socket.gethostname():
        return False
    number, began = tags[_PROCESS].split()
    try:
        return abs(psutil.Process(int(number)).create_time() - float(began)) > _CLOCK_SECONDS
    except psutil.NoSuchProcess:
        return True


def switched_on(instance: dg.DagsterInstance, name: str, default: bool) -> bool:
    """Whether a schedule or sensor is on: somebody has said so, or it is so by default."""
    if instance.schedule_storage is None:
        return default
    said = [one.status.name for one in instance.all_instigator_state() if one.instigator_name == name]
    if "RUNNING" in said:
        return True
    return default and "STOPPED" not in said
