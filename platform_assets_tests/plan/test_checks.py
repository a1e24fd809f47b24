"""What the checks that read no rows say: when a delivery should be there, and which days may not be missing."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import date, datetime, timedelta, timezone
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import dagster as dg
import pytest

from platform_assets.lake.engines.engine import Engine
from platform_assets.lake.tables.days import WHOLE
from platform_assets.lake.tables.made import Known
from platform_assets.landing.deliveries import Delivered
from platform_assets.landing.first_look import LandedFile
from platform_assets.plan.checks import NO_MISSING_DAYS, ON_TIME, UP_TO_DATE, Verdict, over, specs, verdicts
from platform_assets.plan.due import MISSING, Due, Reason
from platform_assets.plan.state import State
from platform_assets.registry import catalog_of
from platform_assets_tests.support.kiosk import FOUND, kiosk_at, sold
from platform_assets_tests.support.platforms import checks
from platform_assets_tests.support.settings import settings_for
from platform_assets_tests.support.switches import switch

RAW = dg.AssetKey(["kiosk", "raw_sold"])
NOON = datetime(2026, 1, 4, 12, tzinfo=timezone.utc)


def january(day: int) -> date:
    """A day of January 2026."""
    return date(2026, 1, day)


def delivered(*days: int) -> dict[date, Delivered]:
    """A file on each of these days."""
    return {january(day): Delivered((LandedFile(january(day), "a.csv", "/a.csv"),)) for day in days}


def due_of(
    files: dict[date, Delivered], made: Collection[int] = (), today: int = 4, through: date | None = None, **set_: Any
) -> Due:
    """The plan of a kiosk that began on the first, with nothing due; so many days of its raw table are built."""
    catalog = catalog_of([FOUND], settings_for([FOUND], **{"expected_by": {"sold": "06:30"}, **set_}))
    state = State(catalog, [RAW], {RAW: Known({january(day): None for day in made})}, {RAW: files}, january(today))
    return Due(replace(state, through=through), {RAW: {}}, {})


def said(found: Due, check: str, now: datetime = NOON, until: date | None = None) -> Verdict:
    """What a check says of the raw table."""
    (verdict,) = verdicts(found, [dg.AssetCheckKey(RAW, check)], now, until)
    assert (verdict.key, verdict.check) == (RAW, check)
    return verdict


@pytest.mark.parametrize(
    ("now", "day", "is_there"),
    [
        ("2026-01-04T06:29:59.999999", 2, True),
        ("2026-01-04T06:30:00", 3, False),
        ("2026-01-04T23:59:59", 3, False),
        ("2026-01-05T00:00:00", 3, False),
        ("2026-01-05T06:29:00", 3, False),
        ("2026-01-05T06:30:00", 4, True),
    ],
)
def test_a_delivery_should_be_there_from_the_minute_that_is_set_of_the_day_after(
    now: str, day: int, is_there: bool
) -> None:
    found = said(due_of(delivered(2, 4), today=5), ON_TIME, datetime.fromisoformat(now).replace(tzinfo=timezone.utc))
    ends = "was delivered" if is_there else "is not there at 06:30"
    assert (found.passed, found.said) == (is_there, f"sold of 2026-01-0{day} {ends}")
    assert found.metadata == {"day": f"2026-01-0{day}", "expected_by": "06:30"}


def test_a_day_before_the_first_needs_no_delivery_and_the_first_does() -> None:
    began = due_of({}, kiosk_start=january(3))
    assert said(began, ON_TIME, NOON - timedelta(days=1)).passed
    assert not said(began, ON_TIME).passed


def test_a_folder_without_a_file_is_no_delivery() -> None:
    assert said(due_of(delivered(3)), ON_TIME).passed
    assert not said(due_of({january(3): Delivered()}), ON_TIME).passed


def test_only_feeds_that_a_time_is_set_for_are_to_be_on_time() -> None:
    def asked(**set_: Any) -> set[tuple[str, str]]:
        catalog = catalog_of([FOUND], settings_for([FOUND], **set_))
        return {(spec.asset_key.path[1], spec.name) for spec in specs(catalog, "kiosk")}

    every = {(name, UP_TO_DATE) for name in ("raw_sold", "sold_files", "hours", "so_far")}
    assert asked() == every | {("raw_sold", NO_MISSING_DAYS)}
    assert asked(expected_by={"sold": "06:30"}) == asked() | {("raw_sold", ON_TIME)}
    assert asked(expected_by={"plays": "06:30"}) == asked()


def test_of_what_was_delivered_no_day_may_be_missing_from_the_first_to_the_newest() -> None:
    assert said(due_of({}), NO_MISSING_DAYS).passed
    assert said(due_of(delivered(2, 4), made=[1, 2, 3, 4]), NO_MISSING_DAYS).passed
    found = said(due_of(delivered(2, 4), made=[2, 3]), NO_MISSING_DAYS)
    assert (found.passed, found.said) == (False, "missing: 2026-01-01, 2026-01-04")
    assert found.metadata == {"missing": ["2026-01-01", "2026-01-04"], "days": 2}


def test_while_the_schedule_is_on_days_may_be_missing_that_are_not_over_and_no_others() -> None:
    def missing(made: Collection[int], until: int | None) -> object:
        over = january(until) if until else None
        return said(due_of(delivered(2, 4), made, through=over), NO_MISSING_DAYS, until=over).metadata["missing"]

    assert missing([1, 2, 3], until=3) == []
    assert missing([1, 2, 3], until=None) == ["2026-01-04"]
    assert missing([1, 2], until=3) == ["2026-01-03"]


def test_of_a_domain_that_nobody_has_fed_for_long_no_day_is_missing_after_the_newest() -> None:
    def missing(days: int) -> object:
        found = due_of(delivered(2), [1], today=9, through=january(5), catch_up_days=days)
        return said(found, NO_MISSING_DAYS, until=january(5)).metadata["missing"]

    assert missing(3) == ["2026-01-02", "2026-01-03", "2026-01-04", "2026-01-05"]
    assert missing(2) == ["2026-01-02"]


def test_what_is_due_is_said_with_its_days_and_of_a_table_without_days_as_a_whole() -> None:
    never, set_anew = Reason(MISSING), Reason("settings", "PLATFORM_KIOSK_LEAST")
    found = due_of({})
    days = {january(3): (never,), january(2): (never, set_anew)}
    told = said(replace(found, days={RAW: days}), UP_TO_DATE)
    assert told.said == (
        "2 days are due: missing on 2026-01-02, 2026-01-03; settings PLATFORM_KIOSK_LEAST on 2026-01-02. "
        "To build them: platform-assets apply kiosk, which automation does not do"
    )
    assert told.metadata["days"] == 2
    whole = said(replace(found, days={RAW: {WHOLE: (never,)}}), UP_TO_DATE)
    assert whole.said == "it is due: missing on all rows. To build it: platform-assets apply kiosk"
    assert said(found, UP_TO_DATE).said == "nothing is due"


@pytest.mark.parametrize("check", [UP_TO_DATE, NO_MISSING_DAYS, ON_TIME])
def test_no_check_of_days_stops_a_run(check: str) -> None:
    found = replace(due_of(delivered(2)), days={RAW: {january(2): (Reason(MISSING),)}})
    verdict = said(found, check)
    for told in (verdict.result, verdict.evaluation):
        assert (told.passed, told.severity, told.description) == (False, dg.AssetCheckSeverity.WARN, verdict.said)
        assert (told.asset_key, told.check_name) == (RAW, check)


def instance(**switches: str) -> Any:
    """An instance in which somebody has switched some schedules and sensors on or off."""
    said = [switch(name, on) for name, on in switches.items()]
    return SimpleNamespace(schedule_storage=True, all_instigator_state=lambda: said)


def test_days_are_over_for_a_domain_only_while_its_schedule_is_on() -> None:
    on, off = (catalog_of([FOUND], settings_for([FOUND], automation=given)) for given in (True, False))
    assert over(instance(), on, "kiosk", NOON) == january(3)
    assert over(instance(), off, "kiosk", NOON) is None
    assert over(instance(kiosk_daily="RUNNING"), off, "kiosk", NOON) == january(3)
    assert over(instance(kiosk_daily="STOPPED"), on, "kiosk", NOON) is None
    assert over(instance(kiosk_landing="RUNNING", web_daily="RUNNING"), off, "kiosk", NOON) is None
    assert over(instance(kiosk_landing="STOPPED", web_daily="STOPPED"), on, "kiosk", NOON) == january(3)


def test_days_are_over_at_the_time_of_the_schedule() -> None:
    for daily_at, day in (("12:00", 3), ("12:01", 2)):
        catalog = catalog_of([FOUND], settings_for([FOUND], automation=True, daily_at=daily_at))
        assert over(instance(), catalog, "kiosk", NOON) == january(day)


def test_a_run_says_that_days_are_missing_which_are_over_while_the_schedule_is_on(
    engine: Engine, tmp_path: Path
) -> None:
    yesterday = datetime.now(timezone.utc).date() - timedelta(days=1)
    first = yesterday - timedelta(days=1)
    for automation, missing in ((False, []), (True, [str(yesterday)])):
        platform = kiosk_at(tmp_path, kiosk_start=first, automation=automation, daily_at="00:00")
        platform.deliver("sold", str(first), "a.csv", sold(str(first), 1))
        found = checks(platform.materialise(str(first), select='key:"kiosk/raw_sold"'), "kiosk/raw_sold")
        assert found[NO_MISSING_DAYS].metadata["missing"].value == missing
