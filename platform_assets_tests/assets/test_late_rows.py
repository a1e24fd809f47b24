"""The check late_rows: who materialises a raw table alone is told which built days have other rows now."""

from __future__ import annotations

import dagster as dg
import pytest

from platform_assets_tests.support.platforms import Platform, checks
from platform_assets_tests.support.processes.sites import events

DAYS = ("2026-01-01", "2026-01-02", "2026-01-03")
RAW = "web/raw_events"


@pytest.fixture
def built(platform: Platform) -> Platform:
    """Three days of hits, built."""
    for n, day in enumerate(DAYS):
        platform.deliver("web_events", day, "a.jsonl", events(day, f"a{n}"))
    platform.materialise(DAYS[0], DAYS[2])
    return platform


def late(platform: Platform, day: str, select: str = f'key:"{RAW}"') -> dg.AssetCheckEvaluation:
    """The check of a run over a day."""
    return checks(platform.materialise(day, select=select), RAW)["late_rows"]


def test_a_run_that_changes_nothing_warns_of_nothing(built: Platform) -> None:
    found = late(built, DAYS[1])
    assert (found.passed, found.metadata["days"].value) == (True, {})


def test_late_events_name_the_days_with_their_rows_before_and_now(built: Platform) -> None:
    built.deliver("web_events", DAYS[2], "late.jsonl", [*events(DAYS[0], "x", "y"), *events(DAYS[1], "z")])
    found = late(built, DAYS[2])
    assert (found.passed, found.severity) == (False, dg.AssetCheckSeverity.WARN)
    assert found.metadata["days"].value == {DAYS[0]: "1 -> 3", DAYS[1]: "1 -> 2"}
    assert found.metadata["tables"].value == {"web/user_web_hits": list(DAYS[:2])}
    assert found.description is not None
    assert found.description.endswith("To build what that changes: platform-assets apply web")


def test_days_that_the_run_builds_itself_are_no_matter(built: Platform) -> None:
    built.deliver("web_events", DAYS[2], "more.jsonl", events(DAYS[2], "x"))
    assert late(built, DAYS[2], select="group:web and not key:web/*sessions").passed
    built.deliver("web_events", DAYS[2], "more.jsonl", events(DAYS[2], "x", "y"))
    assert not late(built, DAYS[2]).passed


def test_days_that_were_never_built_are_listed_without_a_warning(built: Platform) -> None:
    built.deliver("web_events", DAYS[2], "early.jsonl", events("2026-01-04", "x"))
    found = late(built, DAYS[2])
    assert (found.passed, found.metadata["not_built_yet"].value) == (True, ["2026-01-04"])


def test_rows_that_are_taken_away_or_change_in_place_are_told_too(built: Platform) -> None:
    built.deliver("web_events", DAYS[1], "a.jsonl", events(DAYS[1], "other"))
    assert late(built, DAYS[1]).metadata["days"].value == {DAYS[1]: "1 -> 1"}


def test_rejected_rows_are_no_matter(built: Platform) -> None:
    built.deliver("web_events", DAYS[2], "bad.jsonl", [dict(events(DAYS[0], "x")[0], url="")])
    assert late(built, DAYS[2]).passed


def test_a_day_that_loses_late_events_with_their_file_is_told(built: Platform) -> None:
    path = built.deliver("web_events", DAYS[2], "late.jsonl", events(DAYS[0], "late"))
    built.materialise(DAYS[0], DAYS[2])
    path.unlink()
    assert late(built, DAYS[2]).metadata["days"].value == {DAYS[0]: "2 -> 1"}
