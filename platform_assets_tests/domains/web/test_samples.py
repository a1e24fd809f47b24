"""What the sample deliveries of `web_events` promise; not how the platform reads the feed."""

from __future__ import annotations

import json
import re
from collections import Counter
from datetime import date, datetime
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from platform_assets.domains.web.samples import COPIES, DIRT_RULES, planned_rows
from platform_assets_tests.support.deliveries import (
    DAYS,
    FIRST_DAY,
    ROWS,
    counted_once,
    lines_of,
    out_of_time,
    planned,
    write,
)

PLANS = {day: planned_rows(day, first_day=FIRST_DAY, rows=ROWS) for day in DAYS}


class Row(NamedTuple):
    """A line that is not blank."""

    day: date
    file: str
    raw: bytes
    rules: set[str]

    @property
    def event(self) -> Any:
        return json.loads(self.raw)

    @property
    def at(self) -> datetime:
        return datetime.strptime(self.event["timestamp"], "%d/%m/%Y %H:%M:%S")


def broken_rules(raw: bytes, day: date) -> set[str]:
    """Judge a row by an own reading of the feed's description, strictly and slowly."""
    try:
        event = json.loads(raw.decode())
        fields = event | {f"user_{name}": value for name, value in event["user"].items()}
    except UnicodeDecodeError:
        return {"not_utf8"}
    except (ValueError, TypeError):  # not JSON, or not an object
        return {"malformed"}
    required = ("event_id", "user_id", "action", "url", "timestamp")
    rules = {f"missing_{name}" for name in required if fields.get(name) in (None, "")}
    for name in (*required, "user_session_id", "user_ip"):
        if (value := fields.get(name)) in (None, ""):
            continue
        good = isinstance(value, str)
        if name == "user_id":
            good = type(value) is int or (good and value.isdigit())
        elif name == "url" and good:
            good = re.split(r"[/?#]", re.sub(r"^\w+://", "", value))[0] != ""
        elif name == "timestamp" and good:
            rules |= broken_date_rules(value, day)
        rules |= set() if good else {f"invalid_{name}"}
    return rules


def broken_date_rules(timestamp: str, day: date) -> set[str]:
    """Judge the text of a timestamp."""
    try:
        event_day = datetime.strptime(timestamp, "%d/%m/%Y %H:%M:%S").date()
    except ValueError:
        return {"invalid_timestamp"}
    return out_of_time(event_day, day)


@pytest.fixture(scope="module")
def feed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A week of deliveries."""
    return write(tmp_path_factory.mktemp("landing"), "web_events")


@pytest.fixture(scope="module")
def rows(feed: Path) -> list[Row]:
    """All rows of the week."""
    return [Row(*line, broken_rules(line.raw, day)) for day in DAYS for line in lines_of(feed / day.isoformat())]


@pytest.fixture(scope="module")
def good(rows: list[Row]) -> list[Row]:
    """The rows of the week that break no rule, copies included."""
    return [row for row in rows if not row.rules]


def test_every_kind_of_dirt_and_copy_comes_within_a_week() -> None:
    assert {kind for plan in PLANS.values() for kind in plan} == {*DIRT_RULES, *COPIES}


@pytest.mark.parametrize("day", DAYS, ids=str)
def test_under_five_per_cent_of_a_delivery_break_a_rule_each(day: date, rows: list[Row]) -> None:
    broken = counted_once(row.rules for row in rows if row.day == day)
    assert broken == planned(PLANS[day], DIRT_RULES)
    assert 0 < broken.total() < 0.05 * ROWS


def test_the_dirt_is_written_as_planned(rows: list[Row]) -> None:
    dirty = b"\n".join(row.raw for row in rows if row.rules)
    for part in (b'"31/02/', b'"05/13/', b'"2026-01-', b'"https:///', b"\xff", b": null", b'""'):
        assert part in dirty


def test_some_main_files_end_within_a_line(feed: Path) -> None:
    mains = [path.read_bytes() for path in sorted(feed.rglob("events-main.jsonl"))]
    assert [main.endswith(b"\n") for main in mains] == [True, False, True, False, True, False, True]


def test_the_partner_file_has_a_byte_order_mark_and_only_crlf(feed: Path) -> None:
    for path in feed.rglob("events-partner.json"):
        assert path.read_bytes().startswith(b"\xef\xbb\xbf")
        assert path.read_bytes().count(b"\n") == path.read_bytes().count(b"\r\n") > 0


def test_some_days_have_an_empty_file_or_a_foreign_one(feed: Path) -> None:
    assert [path.parent.name[-2:] for path in sorted(feed.rglob("NOTES.txt"))] == ["03", "06"]
    empty = sorted(feed.rglob("empty.jsonl"))
    assert [path.parent.name[-2:] for path in empty] == ["02", "05"]
    assert {path.stat().st_size for path in empty} == {0}


def test_copies_of_good_events_are_exact_and_as_many_as_planned(good: list[Row]) -> None:
    copies = sum(plan[kind] for plan in PLANS.values() for kind in COPIES)
    events = {(row.event["event_id"], row.at.date()) for row in good}
    assert len({row.raw for row in good}) == len(events) == len(good) - copies


def test_events_are_copied_in_a_file_across_files_and_in_a_later_delivery(good: list[Row]) -> None:
    first: dict[bytes, Row] = {}
    again = [(first[row.raw], row) for row in good if first.setdefault(row.raw, row) is not row]
    assert any(a.day == b.day and a.file == b.file for a, b in again)
    assert any(a.day == b.day and a.file != b.file for a, b in again)
    assert any(a.day < b.day for a, b in again)


def test_an_event_id_comes_again_on_other_days(good: list[Row]) -> None:
    days = Counter(event_id for event_id, _ in {(r.event["event_id"], r.at.date()) for r in good})
    assert [count for count in days.values() if count > 1] == [len(DAYS)]


def test_a_few_per_cent_of_the_good_events_are_late_and_none_is_too_old(good: list[Row]) -> None:
    shift = Counter((row.at.date() - row.day).days for row in good)
    assert set(shift) <= {-2, -1, 0, 1}  # -2: a late event, delivered again
    assert 0.02 < shift[-1] / len(good) < 0.10
    assert min(row.at.date() for row in good) == FIRST_DAY


def test_users_come_in_visits_and_some_cross_midnight(good: list[Row]) -> None:
    visits: dict[str, list[datetime]] = {}
    for row in good:
        if session := row.event["user"]["session_id"]:
            visits.setdefault(session, []).append(row.at)
    assert len(good) / len(visits) > 2
    assert any(min(times).date() < max(times).date() for times in visits.values())


def test_good_events_show_the_variety_of_the_feed(good: list[Row]) -> None:
    text = "\n".join(row.raw.decode() for row in good)
    for pattern in (
        *(r'"id": "\d+"', r'"session_id": null', r'"ip": "(999|unknown)', r'"ip": ""', '"device"'),
        *("\u2028", "\u00e9", r'"timestamp": "\d/1/', r'"url": "www\.', r"//WWW\.", r"//w3\."),
        *(r"example:8443", r"guest@www", r"https://[^/?]*\?", r"https://[^/#]*#", "%20"),
        *(r"example\.com", r"example\.org", "//tilers", '"claim"', '"button_click"', '"page_view"'),
    ):
        assert re.search(pattern, text), pattern
