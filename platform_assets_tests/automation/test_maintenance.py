"""The weekly maintenance: what nobody needs goes, and nothing else."""

from __future__ import annotations

import os
import time
from datetime import datetime, timedelta, timezone
from pathlib import Path

import dagster as dg
import pytest
from deltalake import DeltaTable

from platform_assets.lake.engines.engine import Engine
from platform_assets.lake.tables.commits import SHORT_LOGS
from platform_assets.lake.tables.log import since_checkpoint
from platform_assets_tests.support.automation import AT_ONCE, Daemon
from platform_assets_tests.support.due import reasons
from platform_assets_tests.support.histories import instance
from platform_assets_tests.support.kiosk import kiosk_at, sold
from platform_assets_tests.support.platforms import Platform

KILLED = "0b1d9a4e-3f3c-4b7e-9a53-0a1f0c9d7e21"
DAYS = [f"2026-01-{day:02}" for day in range(1, 13)]
TWO_DAYS, TWO_MONTHS = timedelta(days=2), timedelta(days=60)


@pytest.fixture
def worn(engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Platform:
    """Twelve days, published one by one, and the first one corrected, without checkpoints as other writers may."""
    monkeypatch.setitem(SHORT_LOGS, "delta.checkpointInterval", "100")
    platform = kiosk_at(tmp_path, **AT_ONCE)
    daemon = Daemon(platform)
    for day in DAYS:
        platform.deliver("sold", day, "a.csv", sold(day, 10))
        daemon.rest()
    platform.deliver("sold", DAYS[0], "a.csv", sold(DAYS[0], 11))
    daemon.rest()
    return platform


def older(folder: Path, age: timedelta) -> None:
    """Let all files of a folder be older, and the entries of logs with them."""
    then = time.time() - age.total_seconds()
    for file in folder.rglob("*"):
        if file.is_file():
            os.utime(file, (then, then))


def maintained(platform: Platform) -> dg.ExecuteInProcessResult:
    """One round of maintenance."""
    job = platform.definitions.resolve_job_def("kiosk_maintenance")
    return job.execute_in_process(instance=platform.instance)


def content(platform: Platform) -> list[object]:
    """All that readers see, of all versions."""
    found: list[object] = []
    for table in ("raw_sold", "sold_files", "hours", "so_far"):
        url = platform.url(f"kiosk/{table}")
        newest = DeltaTable(url).version()
        found += [platform.rows(f"kiosk/{table}", version=version) for version in range(newest + 1)]
    return found


def test_what_runs_left_behind_goes_logs_are_summed_up_and_every_version_that_is_kept_stays(worn: Platform) -> None:
    table = worn.catalog.tables[dg.AssetKey(["kiosk", "raw_sold"])]
    left = worn.folder("kiosk/hours") / "runs" / KILLED / "a1b2c3d4" / "day=2026-01-01" / "part-00000.parquet"
    left.parent.mkdir(parents=True)
    left.write_bytes(b"half of it")
    before, newest = content(worn), DeltaTable(table.url).version()
    assert since_checkpoint(table.url, newest) == newest + 1 > 10
    assert maintained(worn).success
    assert since_checkpoint(table.url, newest) == 0
    assert left.exists()  # written within a day: its run may be at work
    older(left.parents[2], TWO_DAYS)
    assert maintained(worn).success
    assert not left.parents[2].exists()
    assert content(worn) == before
    assert DeltaTable(table.url).version() == newest
    assert reasons(worn, "kiosk") == {}


def test_maintenance_waits_for_the_runs_of_each_table_and_they_for_it(engine: Engine, tmp_path: Path) -> None:
    job = kiosk_at(tmp_path).definitions.resolve_job_def("kiosk_maintenance")
    pools = {node.definition.name: node.definition.pools for node in job.nodes}
    assert pools == {
        f"tidy__kiosk__{table}": {f"kiosk/{table}"} for table in ("raw_sold", "sold_files", "hours", "so_far")
    }


def test_old_logs_of_runs_go_and_what_they_built_and_why_they_failed_stays(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    platform = kiosk_at(tmp_path, **AT_ONCE)
    platform.deliver("sold", DAYS[0], "a.csv", sold(DAYS[0], 10, count=60))
    with instance(tmp_path / "home") as history:
        vars(platform)["instance"] = history
        assert Daemon(platform).rest()[-1][-1] == "refused"
        runs = [run.run_id for run in history.get_runs()]
        raw = dg.AssetKey(["kiosk", "raw_sold"])
        materialised = history.fetch_materializations(raw, limit=10).records
        logs = {run: len(history.all_logs(run)) for run in runs}
        job = platform.definitions.resolve_job_def("history_maintenance")

        def forget() -> dict[str, int]:
            assert job.execute_in_process(instance=history).success
            return {run: len(history.all_logs(run)) for run in runs}

        assert forget() == logs
        older(tmp_path / "home" / "history", TWO_MONTHS)
        monkeypatch.setattr("platform_assets.automation.maintenance.datetime", Later)
        assert all(left < logs[run] for run, left in forget().items())
        kept = {str(entry.dagster_event_type) for run in runs for entry in history.all_logs(run)}
        assert "DagsterEventType.STEP_FAILURE" in kept
        assert "DagsterEventType.ASSET_MATERIALIZATION" in kept
        assert kept.isdisjoint({"None", "DagsterEventType.ENGINE_EVENT", "DagsterEventType.STEP_START"})
        assert history.fetch_materializations(raw, limit=10).records == materialised
        assert history.get_materialized_partitions(raw) == {DAYS[0]}
        ends = {dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE}
        assert {run.status for run in history.get_runs() if run.run_id in runs} == ends


class Later(datetime):
    """A clock that is a hundred days ahead."""

    @classmethod
    def now(cls, tz: object = None) -> datetime:
        return datetime.now(timezone.utc) + timedelta(days=100)
