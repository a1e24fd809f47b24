"""What the Dagster instance knows of runs."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager

import dagster as dg

from platform_assets.lake.tables.maintenance import RunState

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

        def state_of(run_id: str) -> RunState:
            run = instance.get_run_by_id(run_id)
            if run is None:
                return "unknown"
            return "finished" if run.is_finished else "in progress"

        yield state_of


def in_flight(instance: dg.DagsterInstance, domains: Collection[str]) -> list[str]:
    """The ids of runs that have not ended and build something of these domains."""
    runs = instance.get_runs(dg.RunsFilter(statuses=_IN_FLIGHT))
    return [
        run.run_id
        for run in runs
        if run.asset_selection is None or any(key.path[0] in domains for key in run.asset_selection)
    ]
