"""The schedule of every day, and who builds what while the sensor is on."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from platform_assets.lake.engines.engine import Engine
from platform_assets_tests.support.automation import Daemon
from platform_assets_tests.support.due import reasons
from platform_assets_tests.support.kiosk import kiosk_at, sold

TODAY = datetime.now(timezone.utc).date()
DAYS = [str(TODAY - timedelta(days=n)) for n in range(4, -1, -1)]
REST = ("hours", "raw_sold", "so_far", "sold_files")
ALONE = {"kiosk_start": DAYS[0], "landing_settle_seconds": 0, "daily_at": "00:00"}
AT = datetime(TODAY.year, TODAY.month, TODAY.day, tzinfo=timezone.utc)


def tick(daemon: Daemon) -> Any:
    """What the schedule requests now, or why it does not."""
    schedule = daemon.platform.definitions.resolve_schedule_def("kiosk_daily")
    context = dg.build_schedule_context(instance=daemon.platform.instance, scheduled_execution_time=AT)
    found = schedule.evaluate_tick(context)
    return list(found.run_requests or []) or found.skip_message


@pytest.fixture
def daemon(engine: Engine, tmp_path: Path) -> Daemon:
    """A kiosk that began four days ago, and was delivered to on two of its days, and today."""
    found = Daemon(kiosk_at(tmp_path, **ALONE))
    # A schedule is only handed an instance on disk.
    (tmp_path / "home").mkdir()
    vars(found.platform)["instance"] = dg.DagsterInstance.local_temp(str(tmp_path / "home"))
    for day in (DAYS[0], DAYS[2], DAYS[4]):
        found.platform.deliver("sold", day, "a.csv", sold(day, 1))
    return found


def test_the_schedule_builds_all_days_that_are_over_in_one_run_also_those_without_a_delivery(daemon: Daemon) -> None:
    (request,) = tick(daemon)
    assert request.tags["platform/days"] == f"{DAYS[0]}...{DAYS[3]}"
    assert sorted(key.path[-1] for key in request.asset_selection) == list(REST)
    assert daemon.carry_out(request).success
    assert [str(row["day"]) for row in daemon.platform.rows("kiosk/so_far")] == DAYS[:4]
    assert tick(daemon) == "Nothing is due."
    assert {day for its in reasons(daemon.platform, "kiosk").values() for day in its} == {DAYS[4][-2:]}


def test_while_the_sensor_is_on_the_schedule_leaves_the_work_to_it(daemon: Daemon) -> None:
    daemon.use(kiosk_at(daemon.platform.root, automation=True, **ALONE))
    assert tick(daemon) == "The sensor kiosk_landing is on, and builds what is due."
    assert daemon.rest()
    assert [str(row["day"]) for row in daemon.platform.rows("kiosk/so_far")] == DAYS


@pytest.mark.parametrize(("at", "again"), [(AT, True), (AT - timedelta(days=1), False)])
def test_what_a_daemon_had_made_when_it_died_and_nobody_has_begun_is_requested_again_under_its_key(
    daemon: Daemon, at: datetime, again: bool
) -> None:
    (request,) = tick(daemon)
    daemon.platform.instance.create_run_for_job(
        daemon.platform.definitions.resolve_job_def("kiosk"),
        asset_selection=frozenset(request.asset_selection),
        tags={
            **request.tags,
            "dagster/schedule_name": "kiosk_daily",
            ".dagster/scheduled_execution_time": at.isoformat(),
        },
    )
    found = tick(daemon)
    if again:
        assert [one.run_key for one in found] == [request.run_key]
    else:
        assert "1 of kiosk's runs are in flight" in found


def test_while_a_run_is_in_flight_the_schedule_requests_nothing(daemon: Daemon) -> None:
    (request,) = tick(daemon)
    daemon.platform.instance.create_run_for_job(
        daemon.platform.definitions.resolve_job_def("kiosk"),
        asset_selection=frozenset(request.asset_selection),
        status=dg.DagsterRunStatus.STARTED,
    )
    assert "1 of kiosk's runs are in flight" in str(tick(daemon))
