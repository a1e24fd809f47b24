"""Whether a delivery is good enough to be published: the limit of rejected rows, and no line lost."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from pyspark.sql import DataFrame

from platform_assets.landing import feeds
from platform_assets_tests.support.platforms import Platform, checks, failure

FEED = "web_events"
RAW = "web/raw_events"
BAD_URL = {"url": "/no/host"}
NO_ACTION = {"action": ""}


def lines(good: int, *bad: dict[str, Any]) -> list[dict[str, Any]]:
    event = {"user": {"id": 7}, "action": "a", "url": "x.org", "timestamp": "05/01/2026 10:15:00"}
    changes = [{}] * good + list(bad)
    return [{"event_id": str(number)} | event | change for number, change in enumerate(changes)]


def run(platform: Platform, first: str = "2026-01-05", last: str | None = None) -> Any:
    return platform.materialise(first, last, select=RAW, check=False)


@pytest.mark.parametrize(
    ("good", "bad", "limits"),
    [
        (11, 9, {}),  # nearly half, but fewer than ten rows
        (90, 10, {}),  # ten rows, but not more than a tenth
        (71, 29, {"reject_limits": {FEED: 0.29}}),  # 0.29 * 100 is less than 29 in floating point
        (0, 15, {"reject_share": 1.0}),
        (5, 15, {"reject_rows": 16}),
        (5, 15, {"reject_share": 0.0, "reject_limits": {FEED: 0.75}}),
    ],
)
def test_a_delivery_at_its_limit_is_published_with_all_its_rows(
    platforms: Callable[..., Platform], good: int, bad: int, limits: dict[str, Any]
) -> None:
    platform = platforms("at", **limits)
    platform.deliver(FEED, "2026-01-05", "a.json", lines(good, *[BAD_URL] * bad))
    result = run(platform)
    assert result.success
    assert checks(result, RAW)["reject_limit"].passed
    assert len(platform.rows(RAW)) == good + bad


@pytest.mark.parametrize(
    ("good", "bad", "limits", "named"),
    [
        (89, 10, {}, "10% and 10 rows"),
        (98, 1, {"reject_share": 0.005, "reject_rows": 0}, "0.5% and 0 rows"),
        (97, 10, {"reject_limits": {FEED: 0.07}}, "7% and 10 rows"),
        (0, 10, {"reject_limits": {"other": 1.0}}, "10% and 10 rows"),
    ],
)
def test_a_delivery_above_its_limit_stops_the_run_and_nothing_is_published(
    platforms: Callable[..., Platform], good: int, bad: int, limits: dict[str, Any], named: str
) -> None:
    platform = platforms("above", **limits)
    platform.deliver(FEED, "2026-01-05", "a.json", lines(good, *[BAD_URL] * bad))
    result = run(platform)
    assert not result.success
    assert f"{bad} of {good + bad} rows rejected (invalid_url {bad})" in failure(result)
    assert f"limit of {named} on 2026-01-05: {bad} of {good + bad} rows" in failure(result)
    assert not checks(result, RAW)["reject_limit"].passed
    assert platform.version(RAW) is None
    assert not list(platform.folder(RAW).rglob("*.parquet"))


def test_the_message_and_the_check_count_the_rows_by_rule(platform: Platform) -> None:
    bad = [BAD_URL] * 6 + [NO_ACTION] * 3 + [BAD_URL | NO_ACTION] * 2
    platform.deliver(FEED, "2026-01-05", "a.json", [*lines(9, *bad), "{broken"])
    result = run(platform)
    assert "12 of 21 rows rejected (invalid_url 8, missing_action 5, malformed 1)" in failure(result)
    found = checks(result, RAW)["reject_limit"].metadata
    assert found["by_rule"].value == {"invalid_url": 8, "missing_action": 5, "malformed": 1}
    assert (found["rows"].value, found["rejected"].value) == (21, 12)


def test_each_delivery_day_of_a_range_is_judged_by_itself(platform: Platform) -> None:
    platform.deliver(FEED, "2026-01-04", "a.json", lines(200))
    platform.deliver(FEED, "2026-01-05", "a.json", lines(5, *[BAD_URL] * 10))
    platform.deliver(FEED, "2026-01-06", "a.json", lines(5, *[BAD_URL] * 9))
    result = run(platform, "2026-01-04", "2026-01-06")
    assert failure(result).count("of 15 rows") == 1
    assert "rows on 2026-01-05: 10 of 15 rows." in failure(result)
    assert platform.version(RAW) is None


def test_many_rejected_rows_of_many_small_deliveries_are_within_the_limit(platform: Platform) -> None:
    for day in (4, 5, 6):
        platform.deliver(FEED, f"2026-01-0{day}", "a.json", lines(1, *[BAD_URL] * 9))
    result = run(platform, "2026-01-01", "2026-01-10")
    assert checks(result, RAW)["reject_limit"].metadata["rejected"].value == 27
    assert result.success


@pytest.mark.parametrize("change", ["one lost", "one twice", "two files swapped"])
def test_a_line_that_does_not_become_exactly_one_row_stops_the_run(
    platform: Platform, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    platform.deliver(FEED, "2026-01-05", "a.json", "\n".join(["", *map(json.dumps, lines(3))]))
    platform.deliver(FEED, "2026-01-05", "b.json", lines(2))
    reader = feeds.read_lines

    def careless(*arguments: Any) -> DataFrame:
        read: DataFrame = reader(*arguments)
        if change == "one lost":
            return read.where("NOT (source_file = 'a.json' AND line LIKE '%\"event_id\": \"1\"%')")
        if change == "one twice":
            return read.unionAll(read.where("source_file = 'a.json' AND line LIKE '%\"event_id\": \"1\"%'"))
        return read.selectExpr(
            *("line", "not_utf8", "delivery_day"),
            "if(source_file = 'a.json', 'b.json', 'a.json') AS source_file",
        )

    monkeypatch.setattr(feeds, "read_lines", careless)
    result = run(platform)
    assert not result.success
    assert "every_line_kept" in failure(result)
    rows = {"one lost": 2, "one twice": 4, "two files swapped": 2}[change]
    lost = checks(result, RAW)["every_line_kept"].metadata["lost"].value
    assert lost["2026-01-05/a.json"] == f"3 lines, {rows} rows"
    assert ("2026-01-05/b.json" in lost) == (change == "two files swapped")
    assert platform.version(RAW) is None
