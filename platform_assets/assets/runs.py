"""What the Dagster instance knows of runs."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import dagster as dg

from platform_assets.lake.tables.maintenance import RunState


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
