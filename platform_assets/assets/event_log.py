"""Dagster's history of runs, without what takes it most of the time of small and of long runs."""

import os
from collections import OrderedDict
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timezone
from pathlib import Path
from threading import RLock
from typing import Any

import dagster as dg
from dagster._core.storage.event_log import SqlEventLogStorage, SqliteEventLogStorage
from dagster._core.storage.event_log.schema import AssetCheckExecutionsTable, SqlEventLogStorageTable
from sqlalchemy import Connection, Engine, create_engine, or_, text
from sqlalchemy.exc import DatabaseError

from platform_assets.errors import PlatformError

_HISTORY = "history/runs"
# A database for each run: so many are kept open. Others that are at work on one are waited for, in seconds.
_MOST, _LONGEST = 8, 60
_SHOWN = 5
# Dagster asks for it at each event. Without it no event is held back for a batch.
_SIZE = ("DAGSTER_EVENT_BATCH_SIZE", "1000")
_PLANNED_CHECK = dg.DagsterEventType.ASSET_CHECK_EVALUATION_PLANNED
_IN_BATCHES = {
    dg.DagsterEventType.ASSET_MATERIALIZATION,
    dg.DagsterEventType.ASSET_MATERIALIZATION_PLANNED,
    dg.DagsterEventType.ASSET_OBSERVATION,
    _PLANNED_CHECK,
}
# What is of use while a run is looked into, beside the messages of its steps.
_LOG = (
    *(dg.DagsterEventType.ENGINE_EVENT, dg.DagsterEventType.LOGS_CAPTURED, dg.DagsterEventType.STEP_START),
    *(dg.DagsterEventType.STEP_INPUT, dg.DagsterEventType.STEP_OUTPUT, dg.DagsterEventType.STEP_SUCCESS),
    *(dg.DagsterEventType.LOADED_INPUT, dg.DagsterEventType.HANDLED_OUTPUT, dg.DagsterEventType.STEP_WORKER_STARTING),
    *(dg.DagsterEventType.STEP_WORKER_STARTED, dg.DagsterEventType.RESOURCE_INIT_STARTED),
    *(dg.DagsterEventType.RESOURCE_INIT_SUCCESS, dg.DagsterEventType.RESOURCE_INIT_FAILURE),
)
_INSERT = SqlEventLogStorageTable.insert()
_INSERT_TOLD = _INSERT.returning(SqlEventLogStorageTable.c.id, sort_by_parameter_order=True)


class InBatches(SqlEventLogStorage):
    """A log that stores the events of all days of a run's step, or of its plan, in one transaction.

    What it stores of each is what it would store of it alone. A user's own DAGSTER_EVENT_BATCH_SIZE is kept.
    """

    def __init__(self, *arguments: Any, **words: Any) -> None:
        os.environ.setdefault(*_SIZE)
        super().__init__(*arguments, **words)  # type: ignore[no-untyped-call]

    def store_event_batch(self, events: Sequence[dg.EventLogEntry]) -> None:
        """Store events of one run, all or none."""
        runs = {event.run_id for event in events}
        if len(runs) == 1 and {event.dagster_event_type for event in events} <= _IN_BATCHES:
            self._store_together(runs.pop(), events, [self._event_to_row(event) for event in events])
        else:
            super().store_event_batch(events)

    def _store_together(self, run: str, events: Sequence[dg.EventLogEntry], rows: Sequence[dict[str, Any]]) -> None:
        with self.index_transaction() as connection:
            numbers = connection.scalars(_INSERT_TOLD, rows).all()
            self._store_asset_event_tags(connection, events, numbers)
            newest = {
                (row["asset_key"], row["dagster_event_type"]): (event, number)
                for event, row, number in zip(events, rows, numbers, strict=True)
            }
            for event, number in sorted(newest.values(), key=lambda found: found[1]):
                self._store_asset_event(connection, event, number)
            for event, row, number in zip(events, rows, numbers, strict=True):
                if event.dagster_event_type == _PLANNED_CHECK:
                    connection.execute(AssetCheckExecutionsTable.insert(), _planned(event, row, number))

    def forget(self, before: datetime, in_flight: Collection[str]) -> int:
        """Remove what runs have logged before a time, of others than those in flight; how many entries that were.

        What they have materialised and checked, when they began and how they ended, and why a step failed, stays.
        """
        with self.index_connection() as connection:
            return _forget(connection, before, in_flight)


def _forget(connection: Connection, before: datetime, in_flight: Collection[str]) -> int:
    its = SqlEventLogStorageTable.c
    is_log = or_(its.dagster_event_type.is_(None), its.dagster_event_type.in_([kind.value for kind in _LOG]))
    utc = before.astimezone(timezone.utc).replace(tzinfo=None)  # as it is stored: PostgreSQL would take its own zone
    gone = SqlEventLogStorageTable.delete().where(is_log, its.timestamp < utc, its.run_id.not_in(list(in_flight)))
    return connection.execute(gone).rowcount


def _planned(event: dg.EventLogEntry, row: dict[str, Any], number: int) -> list[dict[str, Any]]:
    """What is stored of a planned check: one record for each day of the run."""
    planned = event.get_dagster_event().asset_check_planned_data
    days = planned.partitions_subset.get_partition_keys() if planned.partitions_subset else [None]
    return [
        {
            "asset_key": planned.asset_key.to_string(),
            "check_name": planned.check_name,
            "partition": day,
            "run_id": event.run_id,
            "execution_status": "PLANNED",
            "evaluation_event": row["event"],
            "evaluation_event_timestamp": row["timestamp"],
            "evaluation_event_storage_id": number,
        }
        for day in days
    ]


class EventLog(InBatches, SqliteEventLogStorage):
    """Dagster's own log, in its own files, that opens each of them once and not for every event.

    In an instance file (the folder is that of the instance):

        event_log_storage:
          module: platform_assets.assets.event_log
          class: EventLog
          config:
            base_dir:
              env: DAGSTER_HOME
    """

    def __init__(self, *arguments: Any, **words: Any) -> None:
        self._open: OrderedDict[str, Engine] = OrderedDict()
        super().__init__(*arguments, **words)
        self._db_lock = RLock()  # type: ignore[assignment]  # of one thread, which writes into two files together
        os.register_at_fork(after_in_child=self._open.clear)

    @classmethod
    def from_config_value(cls, inst_data: Any, config_value: Any) -> "EventLog":
        """The log of the instance whose folder is `base_dir`."""
        return cls(f"{config_value['base_dir']}/{_HISTORY}", inst_data=inst_data)

    def _store_together(self, run: str, events: Sequence[dg.EventLogEntry], rows: Sequence[dict[str, Any]]) -> None:
        with self.run_connection(run) as connection:
            connection.execute(_INSERT, rows)
            super()._store_together(run, events, rows)

    def forget(self, before: datetime, in_flight: Collection[str]) -> int:
        """Remove what runs have logged; raises `PlatformError`, at the end, for files that cannot be looked through."""
        forgotten = 0
        problems = []
        for run in sorted(set(self.get_all_run_ids()) - set(in_flight)):
            path = Path(self.path_for_shard(run))
            # What was written later was looked through, or is not old enough.
            if path.stat().st_mtime > before.timestamp():
                continue
            try:
                forgotten += self._forget_of(run, before)
            except DatabaseError as error:
                problems.append(f"{path} ({error.orig})")
        if problems:
            raise PlatformError(
                f"{forgotten} entries from before {before.date()} were removed. {len(problems)} files could not be "
                f"looked through, and are as they were: {', '.join(problems[:_SHOWN])}. One that is damaged may be "
                "moved away: it holds the log of one run alone."
            )
        return forgotten

    def _forget_of(self, run: str, before: datetime) -> int:
        with self.run_connection(run) as connection:
            forgotten = _forget(connection, before, ())
        with self._db_lock, self._engine(run).connect() as connection:
            connection.execution_options(isolation_level="AUTOCOMMIT").execute(text("VACUUM"))
        return forgotten

    @contextmanager
    def _connect(self, shard: str) -> Iterator[Connection]:
        with self._db_lock:
            engine = self._engine(shard)
            if shard not in self._initialized_dbs:
                self._initdb(engine)
                self._initialized_dbs.add(shard)
            with engine.begin() as connection:
                yield connection

    def _engine(self, shard: str) -> Engine:
        engine = self._open.pop(shard, None)
        if engine is None:
            while len(self._open) >= _MOST:
                self._open.popitem(last=False)[1].dispose()
            engine = create_engine(self.conn_string_for_shard(shard), connect_args={"timeout": _LONGEST})
        self._open[shard] = engine
        return engine

    def dispose(self) -> None:
        """Close all files."""
        with self._db_lock:
            while self._open:
                self._open.popitem()[1].dispose()
        super().dispose()
