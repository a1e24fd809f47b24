"""What is removed of the history of runs when it is old: what nobody looks into, of runs that are at an end."""

from __future__ import annotations

import os
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from pathlib import Path

import dagster as dg
import pytest
import sqlalchemy as sa

from platform_assets.assets.event_log import EventLog, InBatches
from platform_assets.assets.postgres_event_log import PostgresEventLog
from platform_assets_tests.support.histories import in_batches, instance
from platform_assets_tests.support.processes.hats import materialise
from platform_assets_tests.support.services.postgres import postgres

STAYS = {
    *("ASSET_MATERIALIZATION", "ASSET_MATERIALIZATION_PLANNED", "ASSET_OBSERVATION"),
    *("ASSET_CHECK_EVALUATION", "ASSET_CHECK_EVALUATION_PLANNED", "STEP_FAILURE"),
    *("PIPELINE_START", "PIPELINE_SUCCESS", "PIPELINE_FAILURE"),
}
OLD = datetime(2026, 1, 1, 12, tzinfo=timezone.utc)
SECOND = timedelta(seconds=1)


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> list[dg.EventLogEntry]:
    """All that a run has told which went well, and one that failed, as if it was one."""

    @dg.asset
    def broken() -> None:
        raise ValueError("no felt")

    with instance(tmp_path_factory.mktemp("told"), ours=False) as source:
        good = materialise(source, "2026-01-01", "2026-01-02").run_id
        bad = dg.materialize([broken], instance=source, raise_on_error=False).run_id
        return [event for run in (good, bad) for event in source.all_logs(run)]


def at(told: Collection[dg.EventLogEntry], run: str, time: datetime) -> list[dg.EventLogEntry]:
    """The same, of another run, at another time."""
    return [event._replace(run_id=run, timestamp=time.timestamp()) for event in told]


@contextmanager
def sqlite(folder: Path) -> Iterator[InBatches]:
    """An empty history on disk."""
    with instance(folder / "home") as found:
        log = found.event_log_storage
        assert isinstance(log, EventLog)
        yield log


@contextmanager
def postgresql(folder: Path) -> Iterator[InBatches]:
    """An empty history in a database whose clocks show another time."""
    with postgres() as server:
        engine = sa.create_engine(server.url)
        with engine.begin() as connection:
            connection.execute(sa.text(f"ALTER DATABASE {server.database} SET timezone TO 'Asia/Tokyo'"))
        engine.dispose()
        log = PostgresEventLog(server.url)
        yield log
        log.dispose()


def stored(log: InBatches, events: list[dg.EventLogEntry]) -> None:
    """Store what was told, as Dagster hands it over; in a file of its own it is as old as its last word."""
    for batch in in_batches(events, 1000):
        if len(batch) > 1:
            log.store_event_batch(batch)
        else:
            log.store_event(batch[0])
    if isinstance(log, EventLog):
        log.dispose()
        then = max(event.timestamp for event in events)
        os.utime(log.path_for_shard(events[0].run_id), (then, then))


def kinds(log: InBatches, run: str) -> list[str]:
    """The kinds of what is known of a run, one by one; `None` are its messages."""
    found = [event.dagster_event_type for event in log.get_logs_for_run(run)]
    return sorted(kind.value if kind else "None" for kind in found)


@pytest.mark.parametrize("kept_by", [sqlite, postgresql])
def test_what_ended_runs_have_logged_goes_when_it_is_older_and_all_that_is_looked_at_stays(
    told: list[dg.EventLogEntry], tmp_path: Path, kept_by: type
) -> None:
    with kept_by(tmp_path) as log:
        for run, time in (("old", OLD - SECOND), ("just as old", OLD), ("young", OLD + SECOND), ("slow", OLD - SECOND)):
            stored(log, at(told, run, time))
        whole = kinds(log, "old")
        assert set(whole) > STAYS
        key = dg.AssetKey("hats")
        made = log.get_materialized_partitions(key)
        checked = log.get_asset_check_execution_history(dg.AssetCheckKey(key, "fit"), limit=100)
        removed = log.forget(OLD, ["slow"])
        left = kinds(log, "old")
        assert set(left) == STAYS
        assert left == [kind for kind in whole if kind in STAYS]
        assert removed == len(whole) - len(left)
        assert [kinds(log, run) for run in ("just as old", "young", "slow")] == [whole] * 3
        assert log.get_materialized_partitions(key) == made == {"2026-01-01", "2026-01-02"}
        assert log.get_asset_check_execution_history(dg.AssetCheckKey(key, "fit"), limit=100) == checked
        assert log.forget(OLD, ["slow"]) == 0
        assert log.forget(OLD, []) == removed


def test_files_become_smaller_and_those_of_runs_in_flight_and_of_young_ones_are_not_touched(
    told: list[dg.EventLogEntry], tmp_path: Path
) -> None:
    with sqlite(tmp_path) as log:
        assert isinstance(log, EventLog)
        message = next(event for event in told if not event.dagster_event_type)._replace(user_message="felt" * 250)
        for run, time in (("old", OLD - SECOND), ("young", OLD + SECOND), ("slow", OLD - SECOND)):
            stored(log, at([*told, *[message] * 200], run, time))
        paths = {run: Path(log.path_for_shard(run)) for run in ("old", "young", "slow")}
        before = {run: path.stat() for run, path in paths.items()}
        assert log.forget(OLD, ["slow"]) > 200
        log.dispose()
        after = {run: path.stat() for run, path in paths.items()}
        assert after["old"].st_size < before["old"].st_size / 2
        assert time_of(after["old"]) > OLD  # it is not looked through again for as long
        for run in ("young", "slow"):
            assert (after[run].st_size, after[run].st_mtime) == (before[run].st_size, before[run].st_mtime)


def time_of(found: os.stat_result) -> datetime:
    """When a file was written."""
    assert found.st_mtime <= time.time()
    return datetime.fromtimestamp(found.st_mtime, timezone.utc)
