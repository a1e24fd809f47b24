"""The history of a run over many days, stored in batches: nothing is told otherwise than by Dagster's own log."""

import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import dagster as dg
import pytest

from platform_assets.assets.event_log import EventLog
from platform_assets_tests.support.histories import IN_BATCHES, SIZE, in_batches, instance, settled
from platform_assets_tests.support.processes.hats import DAYS, hats, materialise, ribbons
from platform_assets_tests.support.processes.sites import ROOT, outside

WEEK = [f"2026-01-0{number}" for number in range(1, 8)]
KINDS = dg.DagsterEventType
WRITTEN = ("create_timestamp", "migration_completed")
VERSION = ["dagster/data_version"]


def started(home: Path, *words: str, **variables: str) -> subprocess.Popen[bytes]:
    """A process that materialises days."""
    command = [sys.executable, "-W", "ignore", "-m", "platform_assets_tests.support.processes.hats", *words]
    environment = outside() | {"DAGSTER_HOME": str(home)} | variables
    return subprocess.Popen(command, cwd=ROOT, env=environment, stderr=subprocess.DEVNULL)


def content(home: Path) -> dict[str, Any]:
    """All that the files of a history have: by file and table, without the times of writing."""
    found: dict[str, Any] = {}
    for file in sorted((home / "history" / "runs").glob("*.db")):
        with closing(sqlite3.connect(file)) as connection:
            connection.row_factory = sqlite3.Row
            assert connection.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
            for (table,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
                rows = map(dict, connection.execute(f"SELECT * FROM {table}"))
                found[f"{file.stem} {table}"] = [
                    {name: value for name, value in row.items() if name not in WRITTEN} for row in rows
                ]
    return found


@pytest.mark.parametrize("most", [1000, 4])
def test_every_row_of_every_table_is_as_if_events_were_stored_one_by_one(tmp_path: Path, most: int) -> None:
    with instance(tmp_path / "source", ours=False) as source:
        run = materialise(source, WEEK[0], WEEK[-1]).run_id
        events = source.all_logs(run)
    assert [len(batch) for batch in in_batches(events, 1000)].count(7) >= 3
    with instance(tmp_path / "theirs", ours=False) as theirs:
        for event in events:
            theirs.event_log_storage.store_event(event)
    with instance(tmp_path / "ours") as ours:
        for batch in in_batches(events, most):
            ours.event_log_storage.store_event_batch(batch)
    found, expected = content(tmp_path / "ours"), content(tmp_path / "theirs")
    assert found == expected
    sizes = {table.split()[1]: len(rows) for table, rows in expected.items() if table.startswith("index ")}
    assert (sizes["asset_keys"], sizes["asset_event_tags"], sizes["asset_check_executions"]) == (3, 3 * 7, 2 * (7 + 1))


def test_events_of_several_kinds_that_come_together_are_stored_as_one_by_one(tmp_path: Path) -> None:
    with instance(tmp_path / "source", ours=False) as source:
        events = source.all_logs(materialise(source, WEEK[0], WEEK[1]).run_id)
    forth = [event for event in events if event.dagster_event_type in IN_BATCHES]
    made = [event for event in forth if event.dagster_event_type == KINDS.ASSET_MATERIALIZATION]
    for name, batch in {"forth": forth, "back": forth[::-1], "made twice": [*forth[::-1], *made]}.items():
        with instance(tmp_path / f"theirs {name}", ours=False) as theirs:
            for event in batch:
                theirs.event_log_storage.store_event(event)
        with instance(tmp_path / f"ours {name}") as ours:
            ours.event_log_storage.store_event_batch(batch)
        found, expected = content(tmp_path / f"ours {name}"), content(tmp_path / f"theirs {name}")
        assert {table: unnumbered(rows) for table, rows in found.items()} == {
            table: unnumbered(rows) for table, rows in expected.items()
        }


def test_events_of_several_runs_that_come_together_are_each_known_of_their_own(tmp_path: Path) -> None:
    with instance(tmp_path / "source", ours=False) as source:
        events = source.all_logs(materialise(source, WEEK[0], WEEK[1]).run_id, of_type=KINDS.ASSET_MATERIALIZATION)
    with instance(tmp_path / "ours") as ours:
        ours.event_log_storage.store_event_batch([event._replace(run_id=run) for run in ("a", "b") for event in events])
        for run in ("a", "b"):
            assert [entry.run_id for entry in ours.all_logs(run)] == [run] * len(events)


def unnumbered(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rows of assets, which have numbers by which nothing is found, in the order of their names."""
    if not rows or "last_materialization" not in rows[0]:
        return rows
    return sorted(({**row, "id": None} for row in rows), key=lambda row: str(row["asset_key"]))


def told(instance: dg.DagsterInstance, run: str) -> Mapping[str, Any]:
    """All that Dagster tells of a run over days by its public names, but for times."""
    log = instance.event_log_storage
    materialised = {key: instance.fetch_materializations(key, limit=100).records for key in (hats.key, ribbons.key)}
    made = {
        key: [
            (record.storage_id, record.partition_key, found.metadata, found.tags)
            for record in records
            if (found := record.asset_materialization)
        ]
        for key, records in materialised.items()
    }
    records = instance.get_asset_records([hats.key, ribbons.key])
    checks = log.get_asset_check_execution_history(dg.AssetCheckKey(hats.key, "fit"), limit=100)
    return {
        "made": made,
        "days": {key: instance.get_materialized_partitions(key) for key in made},
        "status": {key: instance.get_status_by_partition(key, [*WEEK, "2026-01-08"], DAYS) for key in made},
        "newest": {key: log.get_latest_storage_id_by_partition(key, KINDS.ASSET_MATERIALIZATION) for key in made},
        "tags": {key: log.get_latest_tags_by_partition(key, KINDS.ASSET_MATERIALIZATION, VERSION) for key in made},
        "felt": [
            (record.storage_id, record.partition_key, record.event_log_entry.asset_observation)
            for record in instance.fetch_observations(dg.AssetKey("felt"), limit=100).records
        ],
        "assets": [
            (
                record.asset_entry.asset_key,
                record.asset_entry.last_materialization_storage_id,
                record.asset_entry.last_planned_materialization_storage_id,
                record.asset_entry.last_run_id == run,
            )
            for record in records
        ],
        "checks": [(each.status, each.partition, check_metadata(each.event)) for each in checks],
        "events": [
            (event.dagster_event_type, event.step_key, event.dagster_event.partition if event.dagster_event else None)
            for event in instance.all_logs(run)
        ],
    }


def check_metadata(event: dg.EventLogEntry | None) -> Any:
    """What an evaluation says, and of which materialisation; nothing of one that was only planned."""
    found = event.dagster_event.event_specific_data if event and event.dagster_event else None
    if not isinstance(found, dg.AssetCheckEvaluation):
        return None
    of = found.target_materialization_data
    return found.passed, found.severity, found.metadata, of.storage_id if of else None


def test_a_range_of_days_is_told_as_by_dagsters_own_log(tmp_path: Path) -> None:
    found = {}
    for whose in ("ours", "dagsters"):
        with instance(tmp_path / whose, ours=whose == "ours") as log:
            materialise(log, WEEK[0], WEEK[2])
            result = materialise(log, *WEEK[1:7:5])
            assert result.success
            found[whose] = told(log, result.run_id)
    assert found["ours"] == found["dagsters"]
    seen = found["ours"]
    assert seen["days"][hats.key] == set(WEEK)
    assert [row.name for row in seen["status"][hats.key].values() if row] == ["MATERIALIZED"] * 7
    assert {day: metadata["rows"].value for _, day, metadata, _ in seen["made"][hats.key][:6]} == {
        day: number for number, day in enumerate(WEEK[1:])
    }
    assert next(verdict for *_, verdict in seen["checks"] if verdict)[:2] == (False, dg.AssetCheckSeverity.WARN)


def test_the_days_of_a_step_and_of_a_plan_are_stored_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one, many = Mock(side_effect=EventLog.store_event, autospec=True), []
    monkeypatch.setattr(EventLog, "store_event", lambda log, event: one(log, event))
    batch = EventLog.store_event_batch
    monkeypatch.setattr(
        EventLog, "store_event_batch", lambda log, events: (many.append(len(events)), batch(log, events))
    )
    with instance(tmp_path / "home") as ours:
        materialise(ours, WEEK[0], WEEK[-1])
        assert os.environ[SIZE] == "1000"
    assert many == [2 * 7 + 2, 7, 7]
    alone = {call.args[1].dagster_event_type for call in one.call_args_list}
    assert alone & set(IN_BATCHES) == {KINDS.ASSET_OBSERVATION}  # which assets tell as they go


def test_a_users_own_size_of_batches_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DAGSTER_HOME", str(settled(tmp_path / "home")))
    monkeypatch.setenv(SIZE, "0")
    stored = Mock()
    monkeypatch.setattr(EventLog, "store_event_batch", stored)
    with dg.DagsterInstance.get() as ours:
        assert materialise(ours, WEEK[0], WEEK[1]).success
        assert os.environ[SIZE] == "0"
        assert ours.get_materialized_partitions(ribbons.key) == set(WEEK[:2])
    stored.assert_not_called()


def test_a_batch_that_cannot_be_stored_leaves_nothing_and_its_events_are_stored_one_by_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    with instance(tmp_path / "expected") as ours:
        expected = told(ours, materialise(ours, WEEK[0], WEEK[-1]).run_id)
    commit = sqlite3.OperationalError("database is locked")
    with instance(tmp_path / "home") as ours, monkeypatch.context() as patch:
        tagged = Mock(side_effect=[commit, *[None] * 99])
        store = EventLog._store_asset_event

        def store_asset_event(log: EventLog, connection: Any, event: dg.EventLogEntry, number: int) -> None:
            if event.dagster_event_type == KINDS.ASSET_MATERIALIZATION:
                tagged()
            store(log, connection, event, number)

        patch.setattr(EventLog, "_store_asset_event", store_asset_event)
        assert told(ours, materialise(ours, WEEK[0], WEEK[-1]).run_id) == expected
        assert "Falling back" in capfd.readouterr().err


def test_processes_that_materialise_at_the_same_time_are_told_whole(tmp_path: Path) -> None:
    with instance(tmp_path / "home") as ours:  # Dagster makes its databases for one process at a time
        assert ours.get_runs() == []
    home = tmp_path / "home"
    processes = [started(home, WEEK[0], WEEK[-1]) for _ in range(3)]
    assert [process.wait(timeout=300) for process in processes] == [0, 0, 0]
    with instance(home) as ours:
        runs = ours.get_runs()
        assert len(runs) == 3
        for run in runs:
            kinds = [event.dagster_event_type for event in ours.all_logs(run.run_id)]
            assert [kinds.count(kind) for kind in IN_BATCHES] == [14, 14, 2, 7]
        made = [record.run_id for record in ours.fetch_materializations(ribbons.key, limit=100).records]
        assert {run: made.count(run) for run in made} == {run.run_id: 7 for run in runs}
    assert content(home)


@pytest.mark.parametrize(("commits", "in_index", "in_run"), [(0, 0, 0), (1, 3, 0), (2, 3, 3), (4, 6, 6)])
def test_of_a_killed_run_whole_batches_are_known_and_the_next_run_goes_on(
    tmp_path: Path, commits: int, in_index: int, in_run: int
) -> None:
    home = settled(tmp_path / "home")
    killed = started(home, WEEK[0], WEEK[-1], str(commits), **{SIZE: "3"})
    assert killed.wait(timeout=300) == -signal.SIGKILL
    assert content(home)
    with instance(home) as ours:
        (run,) = ours.get_runs()
        assert ours.get_materialized_partitions(hats.key) == set(WEEK[:in_index])
        events = ours.all_logs(run.run_id, of_type=KINDS.ASSET_MATERIALIZATION)
        assert [event.dagster_event.partition for event in events if event.dagster_event] == WEEK[:in_run]
        assert materialise(ours, WEEK[0], WEEK[-1]).success
        for key in (hats.key, ribbons.key):
            assert ours.get_materialized_partitions(key) == set(WEEK)
            assert len(ours.fetch_materializations(key, limit=100).records) == 7 + (in_index if key == hats.key else 0)
