"""What is requested by itself, and when: deliveries first, nothing twice in one state, nothing that must wait."""

from __future__ import annotations

import os
from datetime import date, datetime, timedelta, timezone
from pathlib import Path

import dagster as dg
import pytest

from platform_assets.automation.history import STATES
from platform_assets.errors import OutsideError, PlatformError, TemporaryError
from platform_assets.lake.engines.engine import Engine
from platform_assets_tests.support.automation import AT_ONCE, Daemon, told
from platform_assets_tests.support.due import applied, reasons
from platform_assets_tests.support.kiosk import kiosk_at, sold
from platform_assets_tests.support.lake.overtaking import overtaken
from platform_assets_tests.support.platforms import Platform

DAYS = [f"2026-01-{day:02}" for day in range(1, 10)]
BAD = "sold_at\n" + "never\n" * 20
REST = ("hours", "so_far", "sold_files")


@pytest.fixture
def week(engine: Engine, tmp_path: Path) -> Daemon:
    """A daemon that waits for nothing, and three days that were delivered."""
    platform = kiosk_at(tmp_path, **AT_ONCE)
    for day in DAYS[:3]:
        platform.deliver("sold", day, "a.csv", sold(day, 10))
    return Daemon(platform)


def totals(platform: Platform) -> list[int]:
    """What was sold up to each day."""
    rows = platform.rows("kiosk/so_far")
    return [row["sold"] for row in sorted(rows, key=lambda row: str(row["day"]))]


def test_deliveries_are_requested_first_and_then_what_is_made_of_them(week: Daemon) -> None:
    assert week.rest() == [("1-3", "raw_sold"), ("1-3", *REST)]
    assert reasons(week.platform, "kiosk") == {}
    assert week.said == "Nothing is due."
    assert totals(week.platform) == [1, 2, 3]


def test_a_late_file_takes_runs_over_the_days_that_it_touches(week: Daemon) -> None:
    week.rest()
    week.platform.deliver("sold", DAYS[2], "late.csv", sold(DAYS[1], 11))
    spans = [("3", "raw_sold"), ("2", "hours"), ("3", "sold_files"), ("2", "so_far"), ("3", "so_far")]
    assert week.rest() == spans
    assert totals(week.platform) == [1, 3, 4]


def test_a_refused_delivery_holds_back_what_reads_it_and_is_tried_again_only_when_it_changes(week: Daemon) -> None:
    bad = week.platform.deliver("sold", DAYS[1], "bad.csv", BAD)
    assert week.rest() == [
        ("1-3", "raw_sold", "refused"),
        ("1-2", "raw_sold", "refused"),
        ("3", "raw_sold"),
        ("1", "raw_sold"),
        ("2", "raw_sold", "refused"),
        ("1", *REST),
        ("3", "hours", "sold_files"),
    ]
    assert "raw_sold waits on 2026-01-02: " in week.said
    assert "invalid_sold_at 20" in week.said
    assert "what is made of it waits, too: " in week.said
    assert week.rest() == []
    assert totals(week.platform) == [1]
    bad.unlink()
    assert week.rest() == [("2", "raw_sold"), ("2", "hours", "sold_files"), ("2-3", "so_far")]
    assert totals(week.platform) == [1, 2, 3]


def test_content_that_goes_back_to_what_it_was_is_seen_each_time(week: Daemon) -> None:
    week.rest()
    for hours in (11, 12, 11, 12):
        week.platform.deliver("sold", DAYS[1], "a.csv", sold(DAYS[1], hours))
        assert week.rest()[0] == ("2", "raw_sold")
        assert [row["hour"] for row in week.platform.rows("kiosk/hours")] == [10, hours, 10]


def test_a_bad_file_that_comes_back_is_tried_again(week: Daemon) -> None:
    week.rest()
    for content in (BAD, sold(DAYS[1], 11), BAD):
        week.platform.deliver("sold", DAYS[1], "a.csv", content)
        assert week.rest()[0][:2] == ("2", "raw_sold")
    assert "raw_sold waits on 2026-01-02: " in week.said


def test_a_day_that_is_refused_does_not_come_again_in_a_range_with_new_days(week: Daemon) -> None:
    week.platform.deliver("sold", DAYS[2], "bad.csv", BAD)
    week.rest()
    week.platform.deliver("sold", DAYS[3], "a.csv", sold(DAYS[3], 10))
    assert week.rest() == [("4", "raw_sold"), ("4", "hours", "sold_files")]


def test_a_table_that_was_refused_is_not_tried_again_although_its_run_has_built_what_it_reads(
    engine: Engine, tmp_path: Path
) -> None:
    platform = kiosk_at(tmp_path, **AT_ONCE)
    platform.deliver("sold", DAYS[0], "a.csv", sold(DAYS[0], 10, count=60))
    daemon = Daemon(platform)
    assert daemon.rest() == [("1", "raw_sold"), ("1", *REST, "refused")]
    assert "hours waits on 2026-01-01: " in daemon.said
    assert daemon.rest() == []
    platform.deliver("sold", DAYS[0], "a.csv", sold(DAYS[0], 10, count=40))
    assert daemon.rest() == [("1", "raw_sold"), ("1", *REST)]


def test_a_table_that_fails_after_its_input_was_built_in_the_same_run_is_not_tried_again(week: Daemon) -> None:
    with overtaken("staged", "kiosk/so_far", _fail):
        assert week.rest() == [("1-3", "raw_sold"), ("1-3", *REST, "refused"), ("1-2", "so_far"), ("3", "so_far")]


def _fail() -> None:
    raise ValueError("of something that nobody expects")


def test_what_may_pass_is_tried_again_after_a_while_that_grows(engine: Engine, tmp_path: Path) -> None:
    def away() -> None:
        raise TemporaryError("the store does not answer")

    platform = kiosk_at(tmp_path, **AT_ONCE)
    platform.deliver("sold", DAYS[0], "a.csv", sold(DAYS[0], 10))
    daemon, minutes = Daemon(platform), timedelta(minutes=1)
    for wait in (1, 2, 4):
        now = datetime.now(timezone.utc)
        again = daemon.tick() if wait == 1 else daemon.requests(daemon.answer(now + wait * minutes))
        with overtaken("staged", "kiosk/raw_sold", away):
            (request,) = again
            assert not daemon.carry_out(request).success
        assert daemon.tick() == []
        assert "the store does not answer. It is tried again after" in daemon.said
        now = datetime.now(timezone.utc)
        assert daemon.answer(now + (wait - 0.1) * minutes).requests == []
        assert told(daemon.answer(now + (wait + 0.1) * minutes).requests) == [("1", "raw_sold")]


@pytest.mark.parametrize("error", [TemporaryError("the store does not answer"), OutsideError("it may not be written")])
def test_a_range_that_failed_for_what_may_pass_is_not_cut(week: Daemon, error: PlatformError) -> None:
    def away() -> None:
        raise error

    with overtaken("staged", "kiosk/raw_sold", away):
        assert week.rest() == [("1-3", "raw_sold", "refused")]
    later = datetime.now(timezone.utc) + timedelta(minutes=2)
    assert told(week.answer(later).requests) == [("1-3", "raw_sold")]


def _recorded(week: Daemon, status: dg.DagsterRunStatus) -> dg.DagsterRun:
    """A run of what is requested, of which nothing is known but how it ended."""
    (request,) = week.tick()
    job = week.platform.definitions.resolve_job_def("kiosk")
    keys = frozenset(request.asset_selection or ())
    made = week.platform.instance.create_run_for_job(job, tags=dict(request.tags), asset_selection=keys, status=status)
    assert STATES in made.tags
    return made


def test_a_run_that_was_stopped_by_somebody_is_not_requested_again(week: Daemon) -> None:
    week.platform.instance.report_run_canceled(_recorded(week, dg.DagsterRunStatus.STARTED))
    assert week.rest() == []
    assert "was stopped by somebody" in week.said
    week.platform.deliver("sold", DAYS[2], "b.csv", sold(DAYS[2], 11))
    assert week.rest()[0] == ("1-3", "raw_sold")


def test_a_run_whose_process_died_is_requested_again_after_a_while(week: Daemon) -> None:
    week.platform.instance.report_run_failed(_recorded(week, dg.DagsterRunStatus.STARTED))
    assert week.rest() == []
    assert "has died. It is tried again after" in week.said
    later = datetime.now(timezone.utc) + timedelta(minutes=2)
    assert told(week.answer(later).requests) == [("1-3", "raw_sold")]


def test_a_retry_of_a_run_that_died_is_no_newer_request_than_those_made_before_it_began(week: Daemon) -> None:
    instance, died = week.platform.instance, _recorded(week, dg.DagsterRunStatus.STARTED)
    instance.report_run_failed(died)
    week.platform.deliver("sold", DAYS[1], "bad.csv", BAD)
    (request,) = week.tick()
    assert week.carried_out(request) == ("1-3", "raw_sold", "refused")
    retry = instance.create_run_for_job(
        week.platform.definitions.resolve_job_def("kiosk"),
        tags=dict(died.tags),
        asset_selection=died.asset_selection,
        root_run_id=died.run_id,
        parent_run_id=died.run_id,
        status=dg.DagsterRunStatus.STARTED,
    )
    instance.report_run_failed(retry)
    assert week.rest()[0] == ("1-2", "raw_sold", "refused")


def test_what_is_exactly_as_it_was_when_it_was_refused_is_tried_again_after_it_was_something_else(week: Daemon) -> None:
    week.rest()
    delivery = Path(week.platform.settings.landing, "sold", DAYS[1], "a.csv")
    for content, time in ((BAD, 1), (sold(DAYS[1], 11), 2), (BAD, 1)):
        delivery.write_text(content)
        os.utime(delivery, (time, time))
        assert week.rest()[0][:2] == ("2", "raw_sold")
    assert "raw_sold waits on 2026-01-02: " in week.said


def test_while_a_run_of_the_domain_is_in_flight_nothing_is_requested(week: Daemon) -> None:
    _recorded(week, dg.DagsterRunStatus.STARTED)
    assert week.tick() == []
    assert "1 of kiosk's runs are in flight" in week.said


def test_a_delivery_is_requested_when_nothing_in_it_has_changed_for_a_while(engine: Engine, tmp_path: Path) -> None:
    daemon = Daemon(kiosk_at(tmp_path, catch_up_days=100_000))
    file = daemon.platform.deliver("sold", DAYS[0], "a.csv", sold(DAYS[0], 10))
    os.utime(file, (0, 0))  # as of a file that was moved there
    now = datetime.now(timezone.utc)
    answer = daemon.answer(now)
    assert answer.requests == []
    assert "it is read when it has been still for 60 s" in answer.waits[0].why
    assert told(daemon.answer(now + timedelta(seconds=61)).requests) == [("1", "raw_sold")]


def test_a_delivery_that_says_that_it_is_complete_is_requested_at_once(engine: Engine, tmp_path: Path) -> None:
    daemon = Daemon(kiosk_at(tmp_path, catch_up_days=100_000))
    daemon.platform.deliver("sold", DAYS[0], "a.csv", sold(DAYS[0], 10))
    daemon.platform.deliver("sold", DAYS[0], "_SUCCESS", "")
    assert told(daemon.answer().requests) == [("1", "raw_sold")]
    daemon.platform.deliver("sold", DAYS[0], "b.csv", sold(DAYS[0], 11))
    assert daemon.answer().requests == []


def test_what_a_delivery_touches_that_is_not_complete_does_not_wait_for_it(engine: Engine, tmp_path: Path) -> None:
    platform = kiosk_at(tmp_path, catch_up_days=100_000)
    for day in DAYS[:2]:
        platform.deliver("sold", day, "a.csv", sold(day, 10))
    applied(platform, "kiosk")
    platform.deliver("sold", DAYS[0], "more.csv", sold(DAYS[0], 11))
    platform.deliver("sold", DAYS[0], "_SUCCESS", "")
    platform.deliver("sold", DAYS[2], "a.csv", sold(DAYS[2], 10))
    daemon = Daemon(platform)
    assert daemon.rest() == [("1", "raw_sold"), ("1", "hours", "sold_files"), ("1", "so_far"), ("2", "so_far")]
    assert totals(platform) == [2, 3]


def test_a_day_without_a_delivery_is_one_when_it_is_over_and_not_long_ago(engine: Engine, tmp_path: Path) -> None:
    daemon = Daemon(kiosk_at(tmp_path, landing_settle_seconds=0, catch_up_days=2))
    daemon.platform.deliver("sold", DAYS[5], "a.csv", sold(DAYS[5], 10))
    answer = daemon.answer(over=date(2026, 1, 4))
    assert told(answer.requests) == [("3-4", "raw_sold"), ("6", "raw_sold")]
    why = {wait.day.day: wait.why for wait in answer.waits if wait.key.path[-1] == "raw_sold"}
    assert "PLATFORM_CATCH_UP_DAYS=2 days ago: `platform-assets apply kiosk`" in why[2]
    assert why[5] == "nothing was delivered so far, and the day is not over"
    assert set(why) == {1, 2, 5}


def test_the_days_of_a_domain_that_nobody_feeds_are_not_requested(engine: Engine, tmp_path: Path) -> None:
    daemon = Daemon(kiosk_at(tmp_path, **AT_ONCE))
    (tmp_path / "landing" / "sold").mkdir()
    assert daemon.answer(over=date(2026, 1, 9)).requests == []


def test_a_domain_that_nobody_has_fed_for_long_is_left_alone(engine: Engine, tmp_path: Path) -> None:
    daemon = Daemon(kiosk_at(tmp_path, landing_settle_seconds=0, catch_up_days=3))
    daemon.platform.deliver("sold", DAYS[0], "a.csv", sold(DAYS[0], 10))
    applied(daemon.platform, "kiosk")
    assert daemon.answer(over=date(2026, 1, 5)).requests == []
    assert told(daemon.answer(over=date(2026, 1, 4)).requests) == [("2-4", "raw_sold")]


def test_days_that_were_made_with_other_settings_are_rebuilt_only_when_that_is_wanted(week: Daemon) -> None:
    week.rest()
    week.use(kiosk_at(week.platform.root, kiosk_least=2, **AT_ONCE))
    assert week.rest() == []
    assert "PLATFORM_KIOSK_LEAST has changed: set it back, or `platform-assets apply kiosk`" in week.said
    assert "hours waits on 2026-01-01...2026-01-03: " in week.said
    week.use(kiosk_at(week.platform.root, kiosk_least=2, rebuild_on_change=True, **AT_ONCE))
    assert week.rest() == [("1-3", "hours", "so_far")]


def test_a_limit_that_was_raised_is_worth_another_attempt(engine: Engine, tmp_path: Path) -> None:
    daemon = Daemon(kiosk_at(tmp_path, **AT_ONCE))
    daemon.platform.deliver("sold", DAYS[0], "a.csv", BAD)
    assert daemon.rest() == [("1", "raw_sold", "refused")]
    daemon.use(kiosk_at(tmp_path, reject_share=1.0, **AT_ONCE))
    assert daemon.rest() == [("1", "raw_sold"), ("1", *REST)]


def test_a_setting_that_changes_no_run_is_no_reason_to_try_again(engine: Engine, tmp_path: Path) -> None:
    daemon = Daemon(kiosk_at(tmp_path, **AT_ONCE))
    daemon.platform.deliver("sold", DAYS[0], "a.csv", BAD)
    assert daemon.rest() == [("1", "raw_sold", "refused")]
    daemon.use(kiosk_at(tmp_path, daily_at="05:00", keep_logs_days=7, **AT_ONCE))
    assert daemon.rest() == []


def test_a_delivery_that_is_gone_is_taken_for_empty_only_when_that_is_allowed(week: Daemon) -> None:
    week.rest()
    (week.platform.root / "landing" / "sold" / DAYS[1] / "a.csv").unlink()
    assert week.rest() == []
    assert "raw_sold waits on 2026-01-02: its files are gone from landing" in week.said
    week.use(kiosk_at(week.platform.root, allow_emptied=True, **AT_ONCE))
    assert week.rest()[0] == ("2", "raw_sold")
    assert totals(week.platform) == [1, 1, 2]


def test_a_table_that_goes_on_from_its_day_before_takes_twice_as_many_days_each_time(
    engine: Engine, tmp_path: Path
) -> None:
    daemon = Daemon(kiosk_at(tmp_path, **AT_ONCE))
    for day in DAYS:
        daemon.platform.deliver("sold", day, "a.csv", sold(day, 10))
    daemon.rest()
    daemon.platform.deliver("sold", DAYS[0], "a.csv", sold(DAYS[0], 10, count=2))
    assert [run[0] for run in daemon.rest() if "so_far" in run] == ["1", "2-3", "4-7", "8-9"]
    assert totals(daemon.platform) == [2, 3, 4, 5, 6, 7, 8, 9, 10]


def test_in_one_go_a_run_takes_all_tables_over_each_range_of_days(week: Daemon) -> None:
    week.platform.deliver("sold", DAYS[7], "a.csv", sold(DAYS[7], 10))
    over = date(2026, 1, 3)
    assert told(week.desk(over=over, until=over).answer(in_one_go=True).requests) == [
        ("1-3", "hours", "raw_sold", "so_far", "sold_files")
    ]


def test_in_one_go_a_bad_day_is_cut_out(week: Daemon) -> None:
    week.platform.deliver("sold", DAYS[1], "bad.csv", BAD)
    over = date(2026, 1, 3)
    spans = []
    for _ in range(7):
        requests = week.requests(week.desk(over=over, until=over).answer(in_one_go=True))
        spans.append([week.carried_out(request) for request in requests])
    assert spans[-1] == [], spans
    assert totals(week.platform) == [1]
    assert week.platform.catalog.tables[dg.AssetKey(["kiosk", "raw_sold"])].published_rows_by_day().keys() == {
        DAYS[0],
        DAYS[2],
    }
