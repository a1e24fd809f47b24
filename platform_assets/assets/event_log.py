"""Dagster's history of runs on a laptop's disk, without what takes it half of the time of a small run."""

import os
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from dagster._core.storage.event_log import SqliteEventLogStorage
from sqlalchemy import Connection, Engine, create_engine

_HISTORY = "history/runs"
# A database for each run: so many are kept open. Others that are at work on one are waited for, in seconds.
_MOST, _LONGEST = 8, 60


class EventLog(SqliteEventLogStorage):
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
        os.register_at_fork(after_in_child=self._open.clear)

    @classmethod
    def from_config_value(cls, inst_data: Any, config_value: Any) -> "EventLog":
        """The log of the instance whose folder is `base_dir`."""
        return cls(f"{config_value['base_dir']}/{_HISTORY}", inst_data=inst_data)

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
