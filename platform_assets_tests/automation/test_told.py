"""Verdicts without a run are recorded once each, also those of a landing that cannot be looked at."""

from __future__ import annotations

import shutil
from datetime import date, datetime, timedelta, timezone
from pathlib import Path

import dagster as dg
import pytest

from platform_assets.automation.told import Told
from platform_assets.errors import PlatformError, TemporaryError
from platform_assets.lake.engines.engine import Engine
from platform_assets.plan.checks import FOR_PEOPLE, NO_MISSING_DAYS, UP_TO_DATE, Verdict, verdicts
from platform_assets.plan.due import due_of
from platform_assets.plan.state import State
from platform_assets_tests.support.automation import AT_ONCE, Daemon
from platform_assets_tests.support.due import applied
from platform_assets_tests.support.kiosk import kiosk_at, sold

RAW = dg.AssetKey(["kiosk", "raw_sold"])
CHECKS = [dg.AssetCheckKey(RAW, name) for name in (UP_TO_DATE, NO_MISSING_DAYS)]
NOW = datetime(2026, 1, 5, 10, tzinfo=timezone.utc)


def verdict(passed: bool, said: str = "") -> Verdict:
    """What a check says of the raw table."""
    return Verdict(RAW, UP_TO_DATE, passed, said, {})


def test_what_a_check_says_is_recorded_once_also_that_it_passes_and_again_when_nobody_knows_what_was_recorded() -> None:
    for lost in (None, "", "{}", "begin anew"):
        news, cursor = Told.of(lost).news([verdict(True)])
        assert [one.passed for one in news] == [True]
        assert Told.of(cursor).news([verdict(True)]) == ([], cursor)


def test_what_a_check_says_is_recorded_when_it_is_another_than_before() -> None:
    cursor: str | None = None
    recorded = []
    for one in (
        *(verdict(False, "a"), verdict(False, "a"), verdict(False, "b")),
        *(verdict(True, "all"), verdict(True, "all"), verdict(False, "a")),
    ):
        news, cursor = Told.of(cursor).news([one])
        recorded.append([(found.passed, found.description) for found in news])
    assert recorded == [[(False, "a")], [], [(False, "b")], [(True, "all")], [], [(False, "a")]]


@pytest.mark.parametrize(
    "cursor", ["2026-01-05", "[]", '{"kiosk/raw_sold up_to_date": null}', '{"cannot look since": "x"}']
)
def test_a_cursor_that_somebody_else_has_written_is_as_good_as_none(cursor: str) -> None:
    news, cursor = Told.of(cursor).news([verdict(False, "a")])
    assert [one.description for one in news] == ["a"]
    assert Told.of(cursor).news([verdict(False, "a")]) == ([], cursor)
    assert Told.of(cursor).since is None


def test_after_a_store_has_not_answered_long_enough_its_patience_begins_anew_only_when_it_has_answered() -> None:
    error = TemporaryError("the store does not answer")
    cursor = Told.of(None).cannot_look(CHECKS, error, NOW)[1]
    news, cursor = Told.of(cursor).cannot_look(CHECKS, error, NOW + timedelta(seconds=400))
    assert len(news) == 1
    other = TemporaryError("the store answers with something else")
    news, cursor = Told.of(cursor).cannot_look(CHECKS, other, NOW + timedelta(seconds=401))
    assert len(news) == 1
    cursor = Told.of(cursor).news([])[1]
    news, cursor = Told.of(cursor).cannot_look(CHECKS, error, NOW + timedelta(seconds=402))
    assert news == []


def test_that_landing_is_not_there_is_recorded_at_once_and_once() -> None:
    error = PlatformError("landing is not there")
    news, cursor = Told.of(None).cannot_look(CHECKS, error, NOW)
    assert [(one.check_name, one.passed, one.description) for one in news] == [
        (NO_MISSING_DAYS, False, "landing is not there")
    ]
    news, cursor = Told.of(cursor).cannot_look(CHECKS, error, NOW + timedelta(seconds=30))
    assert news == []
    passes = Verdict(RAW, NO_MISSING_DAYS, True, "no day is missing", {})
    news, cursor = Told.of(cursor).news([passes])
    assert [one.passed for one in news] == [True]
    assert Told.of(cursor).since is None


def test_that_a_store_does_not_answer_is_recorded_when_it_lasts() -> None:
    error, cursor = TemporaryError("the store does not answer"), Told.of(None).news([verdict(False, "a")])[1]
    recorded = []
    for seconds in (0, 100, 299, 300, 330):
        news, cursor = Told.of(cursor).cannot_look(CHECKS, error, NOW + timedelta(seconds=seconds))
        recorded.append(len(news))
    assert recorded == [0, 0, 0, 1, 0]
    assert f"kiosk/raw_sold {UP_TO_DATE}" in Told.of(cursor).said


def test_a_sensor_says_what_is_wrong_with_landing_and_goes_on_when_it_is_back(engine: Engine, tmp_path: Path) -> None:
    daemon = Daemon(kiosk_at(tmp_path, **AT_ONCE))
    daemon.platform.deliver("sold", "2026-01-01", "a.csv", sold("2026-01-01", 10))
    landing = tmp_path / "landing"
    shutil.move(landing, tmp_path / "away")
    assert daemon.tick() == []
    assert f"PLATFORM_LANDING={landing} is not there" in daemon.said
    assert list(daemon.failing()) == ["kiosk/raw_sold no_missing_days"]
    shutil.move(tmp_path / "away", landing)
    assert daemon.rest()
    assert daemon.failing() == {}


def test_what_is_due_and_missing_is_recorded_without_a_run(engine: Engine, tmp_path: Path) -> None:
    daemon = Daemon(kiosk_at(tmp_path, **AT_ONCE))
    daemon.platform.deliver("sold", "2026-01-02", "a.csv", "sold_at\n" + "never\n" * 20)
    (first,) = daemon.tick()
    assert "kiosk/raw_sold no_missing_days" not in daemon.failing()  # it is about to be built
    daemon.carry_out(first)
    daemon.rest()
    failing = daemon.failing()
    assert "kiosk/hours up_to_date" in failing
    assert failing["kiosk/raw_sold no_missing_days"] == "missing: 2026-01-02"
    recorded = len(daemon.events)
    daemon.tick()
    assert len(daemon.events) == recorded
    daemon.platform.deliver("sold", "2026-01-02", "a.csv", sold("2026-01-02", 10))
    daemon.rest()
    assert daemon.failing() == {}


def test_of_days_up_to_the_one_that_is_over_none_may_be_missing_while_the_domain_is_fed(
    engine: Engine, tmp_path: Path
) -> None:
    platform = kiosk_at(tmp_path, catch_up_days=3)
    platform.deliver("sold", "2026-01-01", "a.csv", sold("2026-01-01", 10))
    applied(platform, "kiosk")

    def said(until: date | None) -> str:
        state = State.of(platform.catalog, [RAW], through=until)
        (found,) = verdicts(due_of(state), CHECKS[1:], NOW, until)
        return found.said

    assert said(None) == "no day is missing"
    assert said(date(2026, 1, 3)) == "missing: 2026-01-02, 2026-01-03"
    assert said(date(2026, 1, 5)) == "no day is missing"


def test_what_waits_for_somebody_to_decide_is_counted_where_it_begins(engine: Engine, tmp_path: Path) -> None:
    daemon = Daemon(kiosk_at(tmp_path, **AT_ONCE))
    for day in ("2026-01-01", "2026-01-02"):
        daemon.platform.deliver("sold", day, "a.csv", sold(day, 10))
    daemon.rest()
    assert for_people(daemon) == {}
    daemon.use(kiosk_at(tmp_path, kiosk_least=2, **AT_ONCE))
    daemon.tick()
    assert for_people(daemon) == {"hours": 2, "so_far": 0}
    assert daemon.failing()["kiosk/hours up_to_date"] == (
        "2 days are due: settings PLATFORM_KIOSK_LEAST on 2026-01-01, 2026-01-02. To build them: platform-assets apply "
        "kiosk, which automation does not do"
    )
    daemon.use(kiosk_at(tmp_path, **AT_ONCE))
    daemon.tick()
    assert for_people(daemon) == {}
    (tmp_path / "landing" / "sold" / "2026-01-02" / "a.csv").unlink()
    daemon.tick()
    assert for_people(daemon)["raw_sold"] == 1


def for_people(daemon: Daemon) -> dict[str, int]:
    """How many days wait for somebody, of each table that is not up to date."""
    last = {one.asset_key.path[-1]: one for one in daemon.events if one.check_name == UP_TO_DATE}
    return {name: one.metadata[FOR_PEOPLE].value for name, one in last.items() if not one.passed}
