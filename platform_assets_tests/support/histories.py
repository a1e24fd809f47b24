"""An instance of one machine in a folder, with the history of runs as it is shipped, or with Dagster's own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import groupby
from pathlib import Path

import dagster as dg
import pytest

from platform_assets.assets.event_log import EventLog
from platform_assets_tests.support.processes.sites import ROOT

SIZE = "DAGSTER_EVENT_BATCH_SIZE"
IN_BATCHES = (
    dg.DagsterEventType.ASSET_MATERIALIZATION,
    dg.DagsterEventType.ASSET_MATERIALIZATION_PLANNED,
    dg.DagsterEventType.ASSET_CHECK_EVALUATION_PLANNED,
    dg.DagsterEventType.ASSET_OBSERVATION,
)


def settled(home: Path, ours: bool = True) -> Path:
    """The folder, with an instance file."""
    home.mkdir(parents=True, exist_ok=True)
    shipped = (ROOT / "deploy" / "local" / "dagster.yaml").read_text()
    (home / "dagster.yaml").write_text(shipped if ours else shipped.partition("event_log_storage:")[0])
    return home


@contextmanager
def instance(home: Path, ours: bool = True) -> Iterator[dg.DagsterInstance]:
    """The instance, whose log finds no variable of a user's own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DAGSTER_HOME", str(settled(home, ours)))
        patch.setenv(SIZE, "")
        patch.delenv(SIZE)  # what a log sets is gone at the end
        with dg.DagsterInstance.get() as found:
            assert isinstance(found.event_log_storage, EventLog) is ours
            yield found


def in_batches(events: Sequence[dg.EventLogEntry], most: int) -> Iterator[list[dg.EventLogEntry]]:
    """Events in order, as Dagster hands them over; of those that go together, `most` at once."""
    for together, some in groupby(events, lambda event: event.dagster_event_type in IN_BATCHES):
        group = list(some)
        size = most if together else 1
        yield from (group[at : at + size] for at in range(0, len(group), size))
