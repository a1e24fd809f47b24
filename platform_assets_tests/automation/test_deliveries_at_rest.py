"""Which deliveries are read now, and which later: by records of what lies in landing and what is built."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from platform_assets.automation.domains import run_request
from platform_assets.automation.history import History
from platform_assets.automation.requests import Answer, Desk
from platform_assets.automation.states import States
from platform_assets.errors import PlatformError, TemporaryError
from platform_assets.lake.fingerprints import Fingerprint
from platform_assets.lake.tables.made import Known, Made
from platform_assets.landing.deliveries import Delivered
from platform_assets.landing.first_look import LandedFile
from platform_assets.plan.due import due_of
from platform_assets.plan.runs import Run
from platform_assets.plan.state import State
from platform_assets_tests.support.automation import told
from platform_assets_tests.support.kiosk import FOUND, hours, kiosk_at, raw_sold, so_far
from platform_assets_tests.support.platforms import Platform
from platform_assets_tests.support.stand_ins import ended, succeeded

ONE, TWO, THREE, FOUR = (date(2026, 1, day) for day in range(1, 5))
NOW = datetime(2026, 1, 9, 12, tzinfo=timezone.utc)
LONG_AGO = NOW - timedelta(days=1)
FILE = LandedFile(ONE, "a.csv", "", 10, LONG_AGO)
RAW, HOURS, SO_FAR, FILES = raw_sold.key, hours.key, so_far.key, dg.AssetKey(["kiosk", "sold_files"])
"""The tables of the kiosk."""


def delivered(changed: datetime | None = LONG_AGO, **said: Any) -> Delivered:
    """A file that came at some time."""
    return Delivered((FILE,), changed=changed, **said)


def state_of(
    platform: Platform, landed: Mapping[date, Delivered], built: Mapping[dg.AssetKey, Known] | None = None
) -> State:
    """What lies in landing, and what is built."""
    (platform.root / "landing" / "sold").mkdir(exist_ok=True)
    found = State.of(platform.catalog, [RAW, FILES, HOURS, SO_FAR], today=date(2026, 1, 9))
    return replace(found, delivered={RAW: landed}, known={**found.known, **(built or {})})


def unknown(*days: date) -> Known:
    """Days that are built, nobody knows from what."""
    return Known(dict.fromkeys(days))


def answer(platform: Platform, state: State, over: date = FOUR) -> Answer:
    """What is requested at noon of 9 January when a day was the last that was over."""
    return Desk(state, [FOUND], "kiosk", History(platform.instance, "kiosk"), over, NOW).answer()


def in_one_go(platform: Platform, state: State, over: date = ONE, now: datetime = NOW) -> Answer:
    """What the schedule requests when a day was the last that was over."""
    desk = Desk(state, [FOUND], "kiosk", History(platform.instance, "kiosk"), over, now, over)
    return desk.answer(in_one_go=True)


@pytest.mark.parametrize(("ago", "requested"), [(59.9, []), (60, [("1", "raw_sold")]), (60.1, [("1", "raw_sold")])])
def test_a_delivery_is_read_when_it_was_still_for_as_long_as_is_said(
    tmp_path: Path, ago: float, requested: list[tuple[str, ...]]
) -> None:
    platform = kiosk_at(tmp_path, landing_settle_seconds=60)
    changed = NOW - timedelta(seconds=ago)
    assert told(answer(platform, state_of(platform, {ONE: delivered(changed)}), ONE).requests) == requested


def test_more_files_of_a_day_that_is_built_wait_until_they_are_still(tmp_path: Path) -> None:
    platform = kiosk_at(tmp_path, landing_settle_seconds=60)
    built = {RAW: Known({ONE: Made(ONE, "run/1", 1, "1.a.b")}, {})}
    changed = NOW - timedelta(seconds=10)
    assert told(answer(platform, state_of(platform, {ONE: delivered(changed)}, built), ONE).requests) == []
    complete = state_of(platform, {ONE: delivered(changed, is_complete=True)}, built)
    assert told(answer(platform, complete, ONE).requests) == [("1", "raw_sold")]
    assert told(answer(platform, state_of(platform, {ONE: delivered()}, built), ONE).requests) == [("1", "raw_sold")]


@pytest.mark.parametrize("over", [date(2025, 12, 31), ONE, date(2026, 1, 9)])
def test_a_folder_that_cannot_be_read_is_no_day_without_a_delivery(tmp_path: Path, over: date) -> None:
    platform = kiosk_at(tmp_path, catch_up_days=1)
    found = answer(platform, state_of(platform, {ONE: Delivered(problem="no permission")}), over)
    assert ("1", "raw_sold") in told(found.requests) or ("1-9", "raw_sold") in told(found.requests)


@pytest.mark.parametrize(("over", "requested"), [(TWO, []), (THREE, [("3", "raw_sold")])])
def test_a_day_without_a_delivery_is_read_when_it_is_over(
    tmp_path: Path, over: date, requested: list[tuple[str, ...]]
) -> None:
    platform = kiosk_at(tmp_path)
    built = {key: unknown(ONE, TWO, FOUR) for key in (RAW, FILES, HOURS, SO_FAR)}
    for landed in ({}, {THREE: Delivered(changed=NOW)}):
        assert told(answer(platform, state_of(platform, landed, built), over).requests) == requested


def test_settings_that_have_changed_are_named_without_what_else_is_due(tmp_path: Path) -> None:
    platform = kiosk_at(tmp_path)
    old = Made(ONE, "run/1", 1, "1.a.b", settings='{"PLATFORM_KIOSK_LEAST": "9"}')
    built = {RAW: unknown(ONE), FILES: unknown(ONE), HOURS: Known({ONE: old}), SO_FAR: Known({ONE: old})}
    found = answer(platform, state_of(platform, {}, built))
    assert told(found.requests) == []
    assert {(wait.key, wait.why) for wait in found.waits} == {
        (key, "PLATFORM_KIOSK_LEAST has changed: set it back, or `platform-assets apply kiosk`")
        for key in (HOURS, SO_FAR)
    }


def test_a_delivery_that_is_refused_holds_back_no_day_that_it_only_touched_before(tmp_path: Path) -> None:
    platform = kiosk_at(tmp_path)
    rows = str(Fingerprint(1, 1, 1))
    events = f'{{"{ONE}": ["{rows}", "{rows}"]}}'
    made = {day: Made(day, "run/1", 1, rows, events=events) for day in (ONE, TWO)}
    built = {RAW: Known(made, {ONE: (ONE, ONE), TWO: (ONE, ONE)}), FILES: unknown(ONE, TWO)}
    state = state_of(platform, {TWO: delivered()}, {**built, HOURS: unknown(ONE, TWO), SO_FAR: unknown(TWO)})
    (request,) = answer(platform, state).requests
    assert told([request]) == [("2", "raw_sold")]
    ended(platform.instance, run_request(request, "kiosk"), raw_sold=PlatformError("of the data"))
    assert told(answer(platform, state).requests) == [("1", "so_far")]


@pytest.mark.parametrize(("years", "requested"), [(-1, []), (1, [("1", "hours", "so_far")])])
def test_a_table_that_failed_is_tried_again_when_others_have_built_anew_what_its_run_made(
    tmp_path: Path, years: int, requested: list[tuple[str, ...]]
) -> None:
    platform = kiosk_at(tmp_path, catch_up_days=1000)

    landed = {ONE: Delivered()}
    (request,) = in_one_go(platform, state_of(platform, landed)).requests
    ended(platform.instance, run_request(request, "kiosk"), hours=PlatformError("of the data"))
    at = datetime.now(timezone.utc).timestamp() + years * 365 * 86400
    raw = Known({ONE: Made(ONE, "run/1", 1, "1.a.b", at=int(at * 1_000_000))}, {})
    after = state_of(platform, landed, {RAW: raw, FILES: unknown(ONE)})
    assert told(in_one_go(platform, after).requests) == requested


def test_a_table_that_is_due_on_one_day_of_a_range_is_refused_on_that_day_alone(tmp_path: Path) -> None:
    platform, days = kiosk_at(tmp_path), (ONE, TWO, THREE)
    state = state_of(platform, {}, {RAW: unknown(*days), FILES: unknown(*days), HOURS: unknown(ONE, TWO)})
    (request,) = in_one_go(platform, state, THREE).requests
    assert told([request]) == [("1-3", "hours", "so_far")]
    bad, away = PlatformError("of the data"), TemporaryError("the store does not answer")
    ended(platform.instance, run_request(request, "kiosk"), hours=bad, so_far=away)
    found = in_one_go(platform, state, THREE, datetime.now(timezone.utc) + timedelta(hours=1))
    assert told(found.requests) == [("1-2", "so_far")]
    assert [(wait.key, wait.day) for wait in found.waits if not wait.follows] == [(HOURS, THREE)]


def test_a_range_of_other_tables_ends_before_a_day_that_one_of_its_tables_was_refused_on(tmp_path: Path) -> None:
    platform = kiosk_at(tmp_path)
    state = state_of(platform, {day: delivered() for day in (ONE, TWO, THREE)})
    (request,) = in_one_go(platform, state, THREE).requests
    assert told([request]) == [("1-3", "hours", "raw_sold", "so_far", "sold_files")]
    alone = Run((HOURS,), TWO, TWO)
    before = replace(request, run=alone, states=States(due_of(state), (FOUND,)).of(alone))
    ended(platform.instance, run_request(before, "kiosk"), hours=PlatformError("of the data"))
    (request,) = in_one_go(platform, state, THREE).requests
    assert told([request]) == [("1", "hours", "raw_sold", "so_far", "sold_files")]


@pytest.mark.parametrize(
    ("keys", "errors", "requested"),
    [
        ((SO_FAR,), {}, [("2-3", "so_far")]),
        ((HOURS, SO_FAR), {}, [("2-3", "so_far")]),
        ((HOURS,), {}, [("2", "so_far")]),
        ((SO_FAR,), {"so_far": PlatformError("of the data")}, [("2", "so_far")]),
    ],
)
def test_a_table_that_goes_on_takes_more_days_only_after_a_run_of_its_own_that_went_well(
    tmp_path: Path, keys: tuple[dg.AssetKey, ...], errors: dict[str, Exception], requested: list[tuple[str, ...]]
) -> None:
    platform = kiosk_at(tmp_path)
    days = (ONE, TWO, THREE, FOUR)
    built = {key: unknown(*days) for key in (RAW, FILES, HOURS)}
    built[SO_FAR] = Known(dict.fromkeys((ONE, THREE, FOUR)))
    state = state_of(platform, {}, built)
    (request,) = answer(platform, state).requests
    assert told([request]) == [("2", "so_far")]
    before = replace(request, run=Run(keys, ONE, ONE), states={key.to_user_string(): "" for key in keys})
    ended(platform.instance, run_request(before, "kiosk"), **errors)
    assert told(answer(platform, state).requests) == requested


def test_a_table_that_goes_on_takes_twice_as_many_days_as_its_newest_run_that_ended_before(tmp_path: Path) -> None:
    platform, days = kiosk_at(tmp_path), [date(2026, 1, day) for day in range(1, 9)]
    built = {key: unknown(*days) for key in (RAW, FILES, HOURS)}
    built[SO_FAR] = Known({day: None for day in days if day != FOUR})
    state = state_of(platform, {}, built)
    (request,) = answer(platform, state).requests
    assert told([request]) == [("4", "so_far")]
    # Each day was built by itself once, and the last two together since.
    for first in (THREE, TWO):
        before = replace(request, run=Run((SO_FAR,), first, THREE))
        succeeded(platform.instance, run_request(before, "kiosk"), 1_000_000.0)
    assert told(answer(platform, state).requests) == [("4-7", "so_far")]


def test_what_is_requested_of_a_table_without_days_says_no_days_to_dagster(tmp_path: Path) -> None:
    platform = kiosk_at(tmp_path)
    (request,) = answer(platform, state_of(platform, {ONE: delivered()}), ONE).requests
    of_days = run_request(request, "kiosk").tags
    assert of_days["dagster/asset_partition_range_start"] == of_days["dagster/asset_partition_range_end"] == str(ONE)
    whole = run_request(replace(request, run=Run(request.run.keys, date.min, date.min)), "kiosk").tags
    assert {name for name in of_days if name not in whole} == {
        "dagster/asset_partition_range_start",
        "dagster/asset_partition_range_end",
    }
    # What others have built meanwhile is not built again.
    assert whole["platform/due_only"] == of_days["platform/due_only"] == "1"


def test_a_run_in_which_another_table_was_asked_for_is_no_end_of_what_is_remembered(tmp_path: Path) -> None:
    platform = kiosk_at(tmp_path)
    state = state_of(platform, {ONE: delivered()})
    (request,) = answer(platform, state, ONE).requests
    for at in (1_000_000.0, 2_000_000.0):
        succeeded(platform.instance, run_request(request, "kiosk"), at)
    keys = {answer(platform, state, ONE).requests[0].key}
    other = replace(request, run=Run((HOURS,), ONE, ONE), states={HOURS.to_user_string(): ""})
    succeeded(platform.instance, run_request(other, "kiosk"), 3_000_000.0)
    assert {answer(platform, state, ONE).requests[0].key} == keys
