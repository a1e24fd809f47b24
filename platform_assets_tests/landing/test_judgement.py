"""Whether a delivery is good enough to be published: the limit of rejected rows, and no line lost."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import dagster as dg
import pytest
from pyspark.sql import DataFrame

from platform_assets.landing import counts, feeds
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


def shown(result: Any, check: str, name: str) -> list[dict[str, Any]]:
    """The records of a table in the metadata of a check."""
    return [record.data for record in checks(result, RAW)[check].metadata[name].value.records]


def test_the_check_shows_each_file_with_its_rows_the_worst_first(platform: Platform) -> None:
    platform.deliver(FEED, "2026-01-05", "good.json", lines(30))
    bad = [BAD_URL] * 2 + [NO_ACTION] * 3 + [{"user": {"id": "x"}}, {"timestamp": "never"}]
    worst = platform.deliver(FEED, "2026-01-05", "worst.json", lines(1, *bad))
    platform.deliver(FEED, "2026-01-06", "b.json", lines(4, BAD_URL))
    files = shown(run(platform, "2026-01-05", "2026-01-06"), "reject_limit", "files")
    assert [(one["day"], one["file"], one["rows"], one["good"], one["rejected"]) for one in files] == [
        ("2026-01-05", "worst.json", 8, 1, 7),
        ("2026-01-06", "b.json", 5, 4, 1),
        ("2026-01-05", "good.json", 30, 30, 0),
    ]
    assert files[0]["bytes"] == worst.stat().st_size
    reasons = "missing_action 3, invalid_url 2, invalid_timestamp 1, and 1 more"
    assert [one["first reasons"] for one in files] == [reasons, "invalid_url 1", ""]


def test_of_very_many_files_the_check_shows_the_worst_and_how_many_more_there_are(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(counts, "_SHOWN_FILES", 2)
    for number, bad in enumerate((0, 1, 2, 3)):
        platform.deliver(FEED, "2026-01-05", f"{number}.json", lines(20 + number, *[BAD_URL] * bad))
    files = shown(run(platform), "reject_limit", "files")
    assert [(one["file"], one["rows"], one["rejected"]) for one in files] == [
        ("3.json", 26, 3),
        ("2.json", 24, 2),
        ("... and 2 more files", 42, 1),
    ]


def test_a_refused_delivery_shows_rows_with_their_places_reasons_and_texts(platform: Platform) -> None:
    bad = "{" + "x" * 300
    rows = "\n".join(["", json.dumps(lines(1)[0]) + "\r", *[f"{bad}{number}\r" for number in range(12)]])
    platform.deliver(FEED, "2026-01-05", "a.json.gz", rows)
    platform.deliver(FEED, "2026-01-06", "fine.json", lines(1, BAD_URL))
    result = run(platform, "2026-01-05", "2026-01-06")
    samples = shown(result, "reject_limit", "samples")
    assert samples
    for sample in samples:
        assert (sample["delivery day"], sample["file"], sample["reasons"]) == ("2026-01-05", "a.json.gz", "malformed")
        assert sample["text"] == bad[:200]
        assert 3 <= sample["line"] <= 14
    assert len({sample["line"] for sample in samples}) == len(samples)
    said = f"2026-01-05/a.json.gz, line {samples[0]['line']}: malformed: {bad[:200]}"
    assert said in failure(result)
    assert said in str(checks(result, RAW)["reject_limit"].description)


def test_the_rows_that_are_shown_are_of_the_reasons_that_are_found_most_often(platform: Platform) -> None:
    bad = [NO_ACTION] * 200 + [BAD_URL] * 20 + [{"user": {"id": "x"}}] * 2 + [{"timestamp": "never"}]
    platform.deliver(FEED, "2026-01-05", "a.json", lines(1, *bad))
    reasons = {sample["reasons"] for sample in shown(run(platform), "reject_limit", "samples")}
    assert reasons == {"missing_action", "invalid_url", "invalid_user_id"}


def test_a_row_that_is_not_utf8_is_shown_where_it_stands(platform: Platform) -> None:
    path = platform.deliver(FEED, "2026-01-05", "a.json", lines(1))
    path.write_bytes(path.read_bytes() + b"\xef\xbb\xbfsm\xf6rg\x1bas\r\n" + b"x\xff\n" * 10)
    result = run(platform)
    samples = [(one["line"], one["reasons"], one["text"]) for one in shown(result, "reject_limit", "samples")]
    assert (3, "not_utf8", "x\ufffd") in samples
    assert set(samples) <= {(2, "not_utf8", "sm\ufffdrg\x1bas"), (3, "not_utf8", "x\ufffd")}
    assert "\x1b" not in failure(result)


def test_a_file_without_a_good_row_is_named_however_few_rows_it_has(platform: Platform) -> None:
    platform.deliver(FEED, "2026-01-05", "array.json", json.dumps(lines(3)))
    platform.deliver(FEED, "2026-01-05", "good.json", lines(1, BAD_URL))
    result = run(platform)
    assert result.success
    found = checks(result, RAW)["files_have_good_rows"]
    assert (found.passed, found.severity) == (False, dg.AssetCheckSeverity.WARN)
    assert found.metadata["files"].value == ["2026-01-05/array.json"]
    (sample,) = shown(result, "files_have_good_rows", "samples")
    assert (sample["line"], sample["reasons"]) == (1, "malformed")


@pytest.mark.parametrize(("size", "published"), [(1_000_000, True), (1_000_001, False)])
def test_a_large_file_without_a_good_row_stops_the_run(platform: Platform, size: int, published: bool) -> None:
    platform.deliver(FEED, "2026-01-05", "array.json", "[" * size)
    result = run(platform)
    assert result.success == published
    if not published:
        assert "1 files have rows, and not a single good one: 2026-01-05/array.json. Of more than" in failure(result)
