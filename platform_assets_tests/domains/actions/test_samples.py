"""What the sample deliveries of `actions` promise; not how the platform reads the feed."""

from __future__ import annotations

import json
import re
from collections import Counter
from datetime import date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import pytest

from platform_assets.domains.actions.samples import DIRT_RULES, planned_rows
from platform_assets_tests.support.deliveries import (
    BOM,
    DAYS,
    FIRST_DAY,
    ROWS,
    content_of,
    counted_once,
    lines_of,
    planned,
    write,
)

PLANS = {day: planned_rows(day, first_day=FIRST_DAY, rows=ROWS) for day in DAYS}
EPOCH = datetime(1970, 1, 1)
CELL = r'(?:"([^"]*)"|([^",]*))'


class Malformed(ValueError):
    """A line that its file's format does not allow."""


class Row(NamedTuple):
    """A line that is neither blank nor a header."""

    day: date
    file: str
    raw: bytes
    rules: set[str]

    @property
    def at(self) -> datetime:
        found = instant_of(fields_of(self.raw, self.file)["time"])
        assert found
        return found

    @property
    def action(self) -> str:
        return str(fields_of(self.raw, self.file)["action"])


def fields_of(raw: bytes, file: str) -> dict[str, object]:
    """Read a line of the file strictly."""
    text = raw.decode()
    if not file.endswith(".csv"):
        try:
            fields = json.loads(text)
        except ValueError:
            raise Malformed from None
        if not isinstance(fields, dict):
            raise Malformed
        return fields
    cells = re.fullmatch(f"{CELL},{CELL}", text)
    if not cells:
        raise Malformed
    return {"time": cells[1] or cells[2], "action": cells[3] or cells[4]}


def instant_of(value: object) -> datetime | None:
    """Read a time: seconds from JSON, text from CSV."""
    try:
        if type(value) is int:
            return EPOCH + timedelta(seconds=value)
        if isinstance(value, str) and re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", value):
            return datetime.strptime(value, "%Y-%m-%dT%H:%M:%S.%fZ")
    except (ValueError, OverflowError):
        pass
    return None


def broken_rules(raw: bytes, file: str, day: date) -> set[str]:
    """Judge a row by an own reading of the feed's description, strictly and slowly."""
    try:
        fields = fields_of(raw, file)
    except UnicodeDecodeError:
        return {"not_utf8"}
    except Malformed:
        return {"malformed"}
    moment, action = fields.get("time"), fields.get("action")
    rules = {f"missing_{name}" for name in ("time", "action") if fields.get(name) in (None, "")}
    at = instant_of(moment) if isinstance(moment, str) == file.endswith(".csv") else None
    if "missing_time" not in rules and not at:
        rules.add("invalid_time")
    if at and at.date() < FIRST_DAY:
        rules.add("before_start")
    if at and at.date() > day + timedelta(days=1):
        rules.add("after_delivery")
    known = isinstance(action, str) and action.strip().lower() in {"open", "close"}
    if "missing_action" not in rules and not known:
        rules.add("invalid_action")
    return rules


@pytest.fixture(scope="module")
def feed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A week of deliveries."""
    return write(tmp_path_factory.mktemp("landing"), "actions")


@pytest.fixture(scope="module")
def rows(feed: Path) -> list[Row]:
    """All rows of the week."""
    lines = [line for day in DAYS for line in lines_of(feed / day.isoformat())]
    return [Row(*line, broken_rules(line.raw, line.file, line.day)) for line in lines]


@pytest.fixture(scope="module")
def good(rows: list[Row]) -> list[Row]:
    """The rows of the week that break no rule."""
    return [row for row in rows if not row.rules]


def test_every_kind_of_dirt_comes_within_a_week() -> None:
    assert {kind for plan in PLANS.values() for kind in plan} == set(DIRT_RULES)


@pytest.mark.parametrize("day", DAYS, ids=str)
def test_two_per_cent_of_a_delivery_break_a_rule_each(day: date, rows: list[Row]) -> None:
    broken = counted_once(row.rules for row in rows if row.day == day)
    assert broken == planned(PLANS[day], DIRT_RULES)
    assert broken.total() == 0.02 * ROWS


@pytest.mark.parametrize("in_csv", [True, False], ids=["csv", "json"])
def test_every_rule_of_the_feed_is_broken_in_both_formats(rows: list[Row], in_csv: bool) -> None:
    broken = set().union(*(row.rules for row in rows if row.file.endswith(".csv") is in_csv))
    assert broken == {
        *("malformed", "not_utf8", "missing_time", "missing_action", "invalid_time", "invalid_action"),
        *("before_start", "after_delivery"),
    }


def test_the_dirt_is_written_as_planned(rows: list[Row]) -> None:
    dirty = b"\n".join(row.raw for row in rows if row.rules)
    for part in (b"02-31T", b"T24:", b"0.000,", b"0:00Z,", b"\n1767605400,", b"opened", b"Toggle", b"\xff", b'""'):
        assert part in dirty
    for part in (b'"time": "2026-', b'"time": null', b'"time": 253402300800', b'000, "action"', b'"action": 1'):
        assert part in dirty
    assert any(row.raw.count(b'"') % 2 for row in rows if "malformed" in row.rules)


def test_csv_files_have_a_header_and_the_gates_a_byte_order_mark_only_crlf_and_no_last_line_end(feed: Path) -> None:
    for path in feed.rglob("actions-doors.csv"):
        assert path.read_bytes().startswith(b"time,action\n")
        assert path.read_bytes().endswith(b"\n")
    for path in feed.rglob("actions-gates.csv"):
        content = path.read_bytes()
        assert content.startswith(BOM + b"time,action\r\n")
        assert content.count(b"\n") == content.count(b"\r\n") > 1
        assert not content.endswith(b"\n")


def test_a_csv_file_without_rows_has_its_header(tmp_path: Path) -> None:
    folder = write(tmp_path, "actions", days=1, rows=1) / DAYS[0].isoformat()
    contents = sorted(content_of(path) for path in folder.glob("*.csv"))
    assert contents[0].startswith(b"time,action")
    assert contents[1].startswith(BOM + b"time,action")


def test_a_day_has_a_file_of_an_unknown_suffix(feed: Path) -> None:
    assert [path.parent.name[-2:] for path in feed.rglob("*.bak")] == ["04"]


def test_rows_are_in_order_within_blocks_and_blocks_are_out_of_order(good: list[Row]) -> None:
    for day in DAYS:
        on_time = [
            row.at for row in good if row.day == day and row.file == "actions-doors.csv" and row.at.date() >= day
        ]
        steps = [after - before for before, after in pairwise(on_time)]
        assert sum(step >= timedelta() for step in steps) > 0.6 * len(steps)
        assert sum(step < timedelta(hours=-2) for step in steps) > 5


def test_a_few_per_cent_of_the_good_events_are_late_or_of_the_next_day_and_none_is_too_old(good: list[Row]) -> None:
    shift = Counter((row.at.date() - row.day).days for row in good)
    assert set(shift) == {-1, 0, 1}
    assert 0.02 < shift[-1] / len(good) < 0.06
    assert 0.01 < shift[1] / len(good) < 0.06
    assert min(row.at.date() for row in good) == FIRST_DAY


def test_events_are_repeated_within_a_file_and_in_both_formats(good: list[Row]) -> None:
    events = Counter((row.at.replace(microsecond=0), row.action, row.day) for row in good)
    assert 0.01 < (len(good) - len(events)) / len(good) < 0.05
    lines = Counter((row.raw, row.file, row.day) for row in good)
    assert any(count > 1 for count in lines.values())
    files = {(row.at.replace(microsecond=0), row.action, row.day, row.file.split(".")[1]) for row in good}
    assert len(files) > len(events)


def test_some_hours_are_busy_and_some_are_silent(good: list[Row]) -> None:
    hours = Counter(row.at.hour for row in good)
    assert {hour for hour, _ in hours.most_common(2)} <= {8, 17}
    assert 3 not in hours
    kinds: dict[tuple[date, int], set[str]] = {}
    for row in good:
        kinds.setdefault((row.at.date(), row.at.hour), set()).add(row.action.strip().lower())
    assert {frozenset(kind) for kind in kinds.values()} == {
        frozenset(kind) for kind in ({"open"}, {"close"}, {"open", "close"})
    }


def test_some_events_are_at_the_very_edges_of_windows_and_days(good: list[Row]) -> None:
    clocks = {row.at.strftime("%H:%M:%S.%f")[:-3] for row in good if row.file.endswith(".csv")}
    assert {"00:00:00.000", "23:59:59.999"} <= clocks
    assert {"0:00.000", "9:59.999"} <= {clock[4:] for clock in clocks if clock[:2] not in ("00", "23")}


def test_actions_come_in_any_case_with_blanks_and_quotes(good: list[Row]) -> None:
    for file in ("actions-doors.csv", "actions-lifts.jsonl.gz"):
        spellings = {row.action for row in good if row.file == file}
        for word in ("Open", "Close"):
            assert {word, word.lower(), word.upper(), f" {word.lower()}"} <= spellings
        assert any(spelling != spelling.rstrip() for spelling in spellings)
    text = b"\n".join(row.raw for row in good if row.file.endswith(".csv")).decode()
    for pattern in (r'(?m)^"[^"]+","[^"]+"$', r'(?m)^[^"]+,"[^"]+"$', r"(?m)^[^,]+,  ?\w+"):
        assert re.search(pattern, text), pattern
