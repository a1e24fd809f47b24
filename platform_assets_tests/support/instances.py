"""An instance of Dagster in memory that writes down most of what runs tell it only when somebody asks for it.

A run tells of hundreds of events: of every step and every verdict, by a few statements of SQL each, which takes longer
than the run itself. While it goes on, a run reads nothing but what was materialised; and most tests read tables.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from threading import local
from typing import Any

import dagster as dg

OF_ASSETS = (
    dg.DagsterEventType.ASSET_MATERIALIZATION,
    dg.DagsterEventType.ASSET_MATERIALIZATION_PLANNED,
    dg.DagsterEventType.ASSET_FAILED_TO_MATERIALIZE,
    dg.DagsterEventType.ASSET_OBSERVATION,
    dg.DagsterEventType.FRESHNESS_STATE_CHANGE,
)
# Dagster has no public name for it.
InMemory: Any = type(dg.DagsterInstance.ephemeral().event_log_storage)


class LateEvents(InMemory):
    """Dagster's own storage in memory: events of assets at once, all others before anything else is read.

    Only their order is another: those that come late stand behind events of assets that came after them.
    """

    @cached_property
    def _late(self) -> list[dg.EventLogEntry]:
        return []

    @cached_property
    def _thread(self) -> local:
        return local()

    def store_event(self, event: dg.EventLogEntry) -> None:
        if event.is_dagster_event and event.dagster_event_type in OF_ASSETS:
            with self._without_late_ones():
                super().store_event(event)
        else:
            self._late.append(event)

    def get_asset_records(self, *wanted: Any, **how: Any) -> Any:
        with self._without_late_ones():
            return super().get_asset_records(*wanted, **how)

    def fetch_observations(self, *wanted: Any, **how: Any) -> Any:
        with self._without_late_ones():
            return super().fetch_observations(*wanted, **how)

    def get_latest_tags_by_partition(self, *wanted: Any, **how: Any) -> Any:
        with self._without_late_ones():
            return super().get_latest_tags_by_partition(*wanted, **how)

    def _connect(self) -> Any:
        if not getattr(self._thread, "without", False):
            with self._without_late_ones():
                while self._late:
                    super().store_event(self._late.pop(0))
        return super()._connect()

    @contextmanager
    def _without_late_ones(self) -> Iterator[None]:
        before, self._thread.without = getattr(self._thread, "without", False), True
        try:
            yield
        finally:
            self._thread.without = before


def in_memory() -> dg.DagsterInstance:
    """`DagsterInstance.ephemeral`, with events that come late."""
    instance = dg.DagsterInstance.ephemeral()
    instance.event_log_storage.__class__ = LateEvents
    return instance
