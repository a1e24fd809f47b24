"""What the weekly maintenance leaves alone, of tables, of what others are shown, and of the history of runs."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from datetime import datetime, timedelta, timezone
from pathlib import Path
from unittest.mock import Mock

import dagster as dg
import pytest

from platform_assets.assets.event_log import EventLog
from platform_assets.lake.engines.engine import Engine
from platform_assets_tests.support.histories import instance
from platform_assets_tests.support.kiosk import kiosk_at, sold
from platform_assets_tests.support.lake.ages import age
from platform_assets_tests.support.platforms import Platform, failure
from platform_assets_tests.support.till_platform import Till

UNKNOWN = [f"{number}b1d9a4e-3f3c-4b7e-9a53-0a1f0c9d7e21" for number in range(3)]
DAY = "2026-01-01"


def maintained(platform: Platform, name: str = "kiosk") -> dg.ExecuteInProcessResult:
    """One round of maintenance."""
    job = platform.definitions.resolve_job_def(f"{name}_maintenance")
    return job.execute_in_process(instance=platform.instance, raise_on_error=False)


def at_work(platform: Platform, name: str = "kiosk") -> str:
    """A run that is in flight."""
    job = platform.definitions.resolve_job_def(name)
    return platform.instance.create_run_for_job(job, status=dg.DagsterRunStatus.STARTED).run_id


def left(folder: Path, hours: float) -> Path:
    """A file that was written below the folder of a run, so many hours ago."""
    file = folder / "day=2026-01-01" / "part-00000.parquet"
    file.parent.mkdir(parents=True)
    file.write_bytes(b"half of it")
    then = time.time() - hours * 3600
    os.utime(file, (then, then))
    return file


def there(files: Sequence[Path]) -> list[bool]:
    """Which of some files are there."""
    return [file.exists() for file in files]


def test_what_was_replaced_stays_for_as_many_days_as_are_set(engine: Engine, tmp_path: Path) -> None:
    platform = kiosk_at(tmp_path, keep_versions_days=3)
    for hour in (10, 11):
        platform.deliver("sold", DAY, "a.csv", sold(DAY, hour))
        platform.materialise(DAY, select='key:"kiosk/raw_sold"')
    table = platform.catalog.tables[dg.AssetKey(["kiosk", "raw_sold"])]
    now, before = (platform.rows("kiosk/raw_sold", version=version) for version in (2, 1))
    age(table, days=2.95)
    assert maintained(platform).success
    assert platform.rows("kiosk/raw_sold", version=1) == before != now
    age(table, days=0.1)
    assert maintained(platform).success
    with pytest.raises(FileNotFoundError):
        platform.rows("kiosk/raw_sold", version=1)
    assert platform.rows("kiosk/raw_sold") == now


def test_all_that_ended_runs_have_left_goes_after_a_day_and_nothing_of_those_in_flight(
    engine: Engine, tmp_path: Path
) -> None:
    platform = kiosk_at(tmp_path)
    runs = platform.folder("kiosk/hours") / "runs"
    old = [left(runs / run / "a1b2c3d4", 25) for run in UNKNOWN[:2]]
    young = left(runs / UNKNOWN[2] / "a1b2c3d4", 23)
    in_flight = left(runs / at_work(platform) / "a1b2c3d4", 1000)
    assert maintained(platform).success
    assert there([*old, young, in_flight]) == [False, False, True, True]
    assert sorted(path.name for path in runs.iterdir()) == sorted([UNKNOWN[2], in_flight.parents[2].name])


def test_what_is_shown_in_a_database_is_tidied_like_a_table_and_where_none_is_set_there_is_nothing_to_do(
    engine: Engine, tmp_path: Path
) -> None:
    platform = Till(tmp_path)
    place = Path(platform.url("till/totals_sql"))
    old, young = (left(place / f".{run}", hours) for run, hours in zip(UNKNOWN, (25, 23), strict=False))
    in_flight = left(place / f".{at_work(platform, 'till')}", 1000)
    assert maintained(platform, "till").success
    assert there([old, young, in_flight]) == [False, True, True]
    assert maintained(Till(tmp_path / "other", shown=False), "till").success


def test_a_table_that_is_damaged_is_told_in_a_sentence_and_keeps_no_other_from_being_tidied(
    engine: Engine, tmp_path: Path
) -> None:
    platform = kiosk_at(tmp_path)
    log = platform.folder("kiosk/raw_sold") / "_delta_log"
    log.mkdir(parents=True)
    (log / f"{0:020}.json").write_text("no line of a log\n")
    old = left(platform.folder("kiosk/so_far") / "runs" / UNKNOWN[0] / "a1b2c3d4", 25)
    result = maintained(platform)
    assert not result.success
    assert failure(result).startswith("kiosk/raw_sold is damaged: ")
    assert not old.exists()


def test_logs_stay_for_as_many_days_as_are_set_and_those_of_runs_in_flight_longer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    platform = kiosk_at(tmp_path, keep_logs_days=11, keep_versions_days=5)
    forget = Mock(return_value=0)
    monkeypatch.setattr(EventLog, "forget", forget)
    with instance(tmp_path / "home") as history:
        vars(platform)["instance"] = history
        job = platform.definitions.resolve_job_def("kiosk")
        runs = {
            status: history.create_run_for_job(job, status=status).run_id
            for status in (dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.CANCELING, dg.DagsterRunStatus.SUCCESS)
        }
        result = maintained(platform, "history")
    ((before, in_flight),) = (call.args for call in forget.call_args_list)
    ended = runs.pop(dg.DagsterRunStatus.SUCCESS)
    assert set(in_flight) == {*runs.values(), result.run_id}
    assert ended not in in_flight
    assert abs(datetime.now(timezone.utc) - timedelta(days=11) - before) < timedelta(minutes=5)


def test_of_a_history_of_another_kind_nothing_is_removed(tmp_path: Path) -> None:
    platform = kiosk_at(tmp_path)
    run = maintained(platform, "history").run_id
    before = len(platform.instance.all_logs(run))
    assert maintained(platform, "history").success
    assert len(platform.instance.all_logs(run)) == before > 0


@pytest.mark.parametrize("name", ["kiosk", "history"])
def test_maintenance_is_on_sundays_at_its_time_and_on_when_automation_is(tmp_path: Path, name: str) -> None:
    for automation, status in (
        (True, dg.DefaultScheduleStatus.RUNNING),
        (False, dg.DefaultScheduleStatus.STOPPED),
    ):
        platform = kiosk_at(tmp_path, automation=automation, maintain_at="03:45")
        schedule = platform.definitions.resolve_schedule_def(f"{name}_maintenance_weekly")
        assert (schedule.cron_schedule, schedule.execution_timezone) == ("45 3 * * 0", "UTC")
        assert schedule.default_status == status
