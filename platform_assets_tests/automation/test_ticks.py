"""What a tick says and remembers, and how the schedule and the sensor of a domain are set."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path

import dagster as dg
import pytest

from platform_assets.errors import PlatformError
from platform_assets_tests.support.automation import AT_ONCE, Daemon
from platform_assets_tests.support.kiosk import kiosk_at, sold
from platform_assets_tests.support.stand_ins import ended
from platform_assets_tests.support.switches import switch

TODAY = datetime.now(timezone.utc).date()


def refused(root: Path, *whys: str) -> Daemon:
    """A daemon whose odd days of January 2026 were delivered and refused, each for another reason."""
    daemon = Daemon(kiosk_at(root, landing_settle_seconds=0))
    for number, _ in enumerate(whys):
        day = f"2026-01-{2 * number + 1:02}"
        daemon.platform.deliver("sold", day, "a.csv", sold(day, 10))
    for request, why in zip(daemon.tick(), whys, strict=True):
        ended(daemon.platform.instance, request, raw_sold=PlatformError(why))
    assert daemon.tick() == []
    return daemon


@pytest.fixture
def on_disk(tmp_path: Path) -> Iterator[dg.DagsterInstance]:
    """An instance that keeps switches."""
    (tmp_path / "home").mkdir()
    with dg.DagsterInstance.local_temp(str(tmp_path / "home")) as instance:
        yield instance


def test_a_tick_names_five_reasons_to_wait_and_counts_the_others(tmp_path: Path) -> None:
    said = refused(tmp_path, *(f"reason {n}" for n in range(1, 7))).said
    assert "raw_sold waits on 2026-01-01: reason 1; " in said
    assert "raw_sold waits on 2026-01-02, 2026-01-04, 2026-01-06, 2026-01-08, 2026-01-10: nothing was deliv" in said
    assert "raw_sold waits on 2026-01-07: reason 4; and 2 more; what is made of it waits, too: " in said
    assert "reason 5" not in said


def test_a_tick_that_names_all_reasons_counts_no_others(tmp_path: Path) -> None:
    said = refused(tmp_path, *(f"reason {n}" for n in range(1, 5))).said
    assert "reason 4; what is made of it waits, too: hours, sold_files, so_far" in said


def test_a_long_reason_is_shown_in_part(tmp_path: Path) -> None:
    whole = " ".join(f"line-{n}" for n in range(1000))
    said = refused(tmp_path, whole).said
    shown = said.partition("2026-01-01: ")[2].partition(";")[0]
    assert whole.startswith(shown.removesuffix(" ..."))
    assert 300 < len(shown) <= 400


def test_while_a_run_is_in_flight_a_tick_remembers_what_was_recorded(tmp_path: Path) -> None:
    daemon = refused(tmp_path, "of the data")
    remembered, recorded = daemon.remembered, len(daemon.events)
    assert "kiosk/raw_sold no_missing_days" in remembered
    job = daemon.platform.definitions.resolve_job_def("kiosk")
    run = daemon.platform.instance.create_run_for_job(job, status=dg.DagsterRunStatus.STARTED)
    daemon.tick()
    assert "1 of kiosk's runs are in flight" in daemon.said
    assert daemon.remembered == remembered
    daemon.platform.instance.report_run_canceled(run)
    daemon.tick()
    assert len(daemon.events) == recorded


def test_a_tick_that_requests_records_what_it_has_found_as_well(tmp_path: Path) -> None:
    daemon = Daemon(kiosk_at(tmp_path, **AT_ONCE))
    daemon.platform.deliver("sold", "2026-01-01", "a.csv", sold("2026-01-01", 10))
    assert daemon.tick()
    assert "kiosk/hours up_to_date" in daemon.failing()
    assert set(daemon.remembered) == set(daemon.failing())


@pytest.mark.parametrize("on", [False, True])
def test_schedules_and_sensors_are_on_by_default_where_that_is_said(tmp_path: Path, on: bool) -> None:
    found = kiosk_at(tmp_path, automation=on, daily_at="05:30", landing_every_seconds=7).definitions
    schedule, sensor = found.resolve_schedule_def("kiosk_daily"), found.resolve_sensor_def("kiosk_landing")
    assert (schedule.cron_schedule, schedule.execution_timezone) == ("30 5 * * *", "UTC")
    assert sensor.minimum_interval_seconds == 7
    assert [schedule.default_status.name, sensor.default_status.name] == ["RUNNING" if on else "STOPPED"] * 2


@pytest.mark.parametrize(
    ("by_default", "said", "builds"),
    [(False, "RUNNING", False), (True, "STOPPED", True), (False, "STOPPED", True), (True, "RUNNING", False)],
)
def test_the_schedule_leaves_the_work_to_the_sensor_while_that_is_on(
    on_disk: dg.DagsterInstance, tmp_path: Path, by_default: bool, said: str, builds: bool
) -> None:
    start = str(TODAY - timedelta(days=3))
    platform = kiosk_at(tmp_path, automation=by_default, kiosk_start=start, landing_settle_seconds=0, daily_at="00:00")
    platform.deliver("sold", start, "a.csv", sold(start, 1))
    on_disk.add_instigator_state(switch("kiosk_landing", said))
    context = dg.build_schedule_context(on_disk, scheduled_execution_time=datetime.now(timezone.utc))
    found = platform.definitions.resolve_schedule_def("kiosk_daily").evaluate_tick(context)
    yesterday = str(TODAY - timedelta(days=1))
    # The days since the delivery, up to yesterday, are there as well.
    expected = [f"{start}...{yesterday}"] if builds else []
    assert [request.tags["platform/days"] for request in found.run_requests or []] == expected


@pytest.mark.parametrize(("said", "last"), [("RUNNING", 1), ("STOPPED", 3)])
def test_the_sensor_builds_days_without_a_delivery_while_the_schedule_is_on(
    on_disk: dg.DagsterInstance, tmp_path: Path, said: str, last: int
) -> None:
    start = TODAY - timedelta(days=3)
    daemon = Daemon(kiosk_at(tmp_path, kiosk_start=str(start), landing_settle_seconds=0, daily_at="00:00"))
    vars(daemon.platform)["instance"] = on_disk
    daemon.platform.deliver("sold", str(start), "a.csv", sold(str(start), 1))
    on_disk.add_instigator_state(switch("kiosk_daily", said))
    (request,) = daemon.tick()
    assert request.tags["platform/days"] == f"{start}...{TODAY - timedelta(days=last)}"
