"""Examples of actions that a reader can check by eye, and the official sample, for the oracle of the actions tables."""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from platform_assets_tests.support.actions import oracle

DAY, NEXT = date(2026, 1, 2), date(2026, 1, 3)
NOON = datetime(2026, 1, 2, 12, tzinfo=timezone.utc)
SECONDS = 1767355200


def rows(content: str, name: str = "a.csv") -> list[dict[str, Any]]:
    return oracle.raw_rows(content.encode(), DAY, name, start=date(2026, 1, 1))


def acts(*events: tuple[str, str]) -> list[dict[str, Any]]:
    return oracle.actions(rows("time,action\n" + "".join(f"2026-01-0{at}Z,{action}\n" for at, action in events)))


@pytest.mark.parametrize(
    ("header", "line"),
    [
        ("time,action", "2026-01-02T12:00:00.000Z,Open"),
        ('\ufeff\n"action",time', '" oPEN\t",2026-01-02T12:00:00.000Z\r'),
    ],
)
def test_a_csv_line_is_an_action(header: str, line: str) -> None:
    (row,) = rows(f"{header}\n{line}")
    assert (row["time"], row["action"], row["violations"], row["raw"]) == (NOON, "Open", [], None)


@pytest.mark.parametrize(
    ("line", "violations"),
    [
        ("time,action", ["invalid_time", "invalid_action"]),
        (",", ["missing_time", "missing_action"]),
        ("2026-01-02T12:00:00Z,close", ["invalid_time"]),
        ("2026-01-02T12:00:00.000Z", ["malformed"]),
        ("2026-01-02T12:00:00.000Z,Open,", ["malformed"]),
        ('2026-01-02T12:00:00.000Z,O"pen', ["malformed"]),
        ('2026-01-02T12:00:00.000Z,"Open" ', ["malformed"]),
        ('2026-01-02T12:00:00.000Z,"Op""en"', ["invalid_action"]),
        ('2026-01-02T12:00:00.000Z,"Open,"', ["invalid_action"]),
        ("2025-12-31T23:59:59.999Z,Shut", ["invalid_action", "before_start"]),
        ("2026-01-04T00:00:00.000Z,Open", ["after_delivery"]),
    ],
)
def test_a_csv_line_lists_the_rules_that_it_breaks(line: str, violations: list[str]) -> None:
    (row,) = rows(f"time,action\n{line}")
    assert (row["violations"], row["raw"]) == (violations, line)


@pytest.mark.parametrize(
    ("time", "violations"),
    [
        (f"{SECONDS}", []),
        (f'"{SECONDS}"', []),
        (f"{SECONDS}.0", ["invalid_time"]),
        ('"2026-01-02T12:00:00.000Z"', ["invalid_time"]),
        ("true", ["invalid_time"]),
        (f"{SECONDS}000", ["invalid_time"]),
        ("null", ["missing_time"]),
        ("-1", ["before_start"]),
        ("01", ["malformed"]),
    ],
)
def test_in_json_the_time_is_in_seconds(time: str, violations: list[str]) -> None:
    (row,) = rows(f'{{"time": {time}, "action": "Open", "x": 1}}', "a.jsonl")
    assert row["violations"] == violations
    assert row["time"] == NOON or violations
    assert row["extra_fields"] == ([] if violations == ["malformed"] else ["x"])


def test_windows_hold_their_start_and_not_their_end() -> None:
    (first, second) = oracle.windows(
        acts(
            ("2T12:00:00.000", "Open"),
            ("2T12:09:59.999", "Close"),
            ("2T12:09:59.999", "Open"),
            ("3T00:00:00.000", "Close"),
        )
    )
    assert first == {
        "day": DAY,
        "window_start": NOON,
        "window_end": NOON + timedelta(minutes=10),
        "open": 2,
        "close": 1,
        "total_actions": 3,
        "average_actions": 1.5,
        "opens_per_minute": 0.2,
        "closes_per_minute": 0.1,
    }
    assert (second["day"], second["open"], second["close"]) == (NEXT, 0, 1)


def test_summary_and_top_windows_go_on_as_of_each_day() -> None:
    days = [DAY - timedelta(days=1), DAY, NEXT]
    found = oracle.windows(acts(("2T10:00:00.000", "Close"), ("2T11:00:00.000", "Open"), ("3T01:00:00.000", "Open")))
    assert [tuple(row.values()) for row in oracle.window_summary(found, days)] == [
        (days[0], 0, 0, None),
        (DAY, 2, 2, 1.0),
        (NEXT, 3, 3, 1.0),
    ]
    top = oracle.top_windows(found, days)
    assert [(row["day"], row["rank"], f"{row['window_start']:%d %H}") for row in top] == [
        (DAY, 1, "02 11"),
        (NEXT, 1, "02 11"),
        (NEXT, 2, "03 01"),
    ]


def test_the_official_sample_has_the_figures_that_are_known(official: Path) -> None:
    content = (official / "actions" / "events.csv").read_bytes()
    first = date(2016, 7, 26)
    days = [first + timedelta(days=n) for n in range(3)]
    raw = oracle.raw_rows(content, days[-1], "events.csv", start=first)
    assert not [row for row in raw if row["violations"]]
    acts = oracle.actions(raw)
    found = oracle.windows(acts)
    assert (len(acts), sum(row["open"] for row in found), sum(row["close"] for row in found)) == (100000, 50000, 50000)
    assert (len(found), len(oracle.minutes(acts))) == (313, 3121)
    edges = found[0]["window_start"], found[-1]["window_start"]
    assert [f"{at:%d %H:%M}" for at in edges] == ["26 02:40", "28 06:40"]
    assert [(row["close"], row["open"], row["average_actions"]) for row in found[:2]] == [
        (0, 32, 16.0),
        (11, 147, 79.0),
    ]
    assert oracle.window_summary(found, days)[-1]["average_actions_per_window"] == 319.4888178913738
    top = [row for row in oracle.top_windows(found, days) if row["day"] == days[-1]]
    assert [(row["open"], f"{row['window_start']:%d %H:%M}") for row in top] == [
        (185, "26 20:10"),
        *((184, f"27 {at}") for at in ("00:00", "07:40", "08:20", "15:00", "20:50")),
        *((182, f"27 {at}") for at in ("06:50", "13:20", "14:30")),
        (180, "27 05:40"),
    ]
