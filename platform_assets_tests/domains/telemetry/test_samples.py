"""What the sample deliveries of `telemetry` promise; not how the platform reads the feed."""

from __future__ import annotations

import json
import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

import pytest

from platform_assets.domains.telemetry.samples import (
    CONTRADICTION,
    COPIES,
    DIRT_RULES,
    REJECTED_READINGS,
    WITHOUT_READINGS,
    planned_rows,
    trucks_of,
)
from platform_assets.samples.files import DAY, instant
from platform_assets_tests.support.deliveries import (
    BOM,
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
FIRST_SENSORS = {
    *("engine_temperature", "fuel_level", "speed", "gear", "door_open", "coolant_level", "oil_pressure"),
    *("engine_on", "battery_voltage", "tire_pressure"),
}


class Reading(NamedTuple):
    """A reading that can be stored, under the name as it is written and as it is stored."""

    truck: str
    written_as: str
    sensor: str
    at: datetime
    value: Any


class Row(NamedTuple):
    """A line that is not blank."""

    day: date
    file: str
    raw: bytes
    rules: set[str]

    @property
    def line(self) -> Any:
        return json.loads(self.raw)

    @property
    def at(self) -> datetime:
        return datetime.strptime(self.line["timestamp"], "%Y-%m-%dT%H:%M:%S.%fZ")


def no_json(word: str) -> None:
    raise ValueError(word)


def broken_rules(raw: bytes, day: date) -> set[str]:
    """Judge a row by an own reading of the feed's description, strictly and slowly."""
    try:
        line = json.loads(raw.decode(), parse_constant=no_json)
    except UnicodeDecodeError:
        return {"not_utf8"}
    except ValueError:
        return {"malformed"}
    if not isinstance(line, dict):
        return {"malformed"}
    rules = {f"missing_{name}" for name in ("truck_id", "timestamp") if line.get(name) in (None, "")}
    if not isinstance(line.get("truck_id", ""), str | None):
        rules.add("invalid_truck_id")
    if not isinstance(line.get("readings", {}), dict | None):
        rules.add("invalid_readings")
    if "missing_timestamp" in rules:
        return rules
    timestamp = line["timestamp"]
    if not isinstance(timestamp, str) or not re.fullmatch(r"[\d-]{10}T[\d:]{8}\.\d{3}Z", timestamp):
        return rules | {"invalid_timestamp"}
    try:
        return rules | out_of_time(datetime.strptime(timestamp, "%Y-%m-%dT%H:%M:%S.%fZ").date(), day)
    except ValueError:
        return rules | {"invalid_timestamp"}


def stored_name(written: str) -> str:
    return re.sub(r"[ .\-_]+", "_", re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", written)).lower()


def reason_of(name: str, value: object) -> str | None:
    """Why a reading cannot be stored."""
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_ .-]{0,63}", name):
        return "invalid_name"
    is_huge = isinstance(value, float) and not math.isfinite(value)
    return "invalid_value" if is_huge or not isinstance(value, float | int | str) else None


def readings_of(row: Row) -> tuple[list[Reading], list[str]]:
    """The readings of a good line, and the reasons of those that are rejected."""
    line, found, reasons = row.line, [], []
    inner = line.pop("readings", None) or {}
    truck, at = line.pop("truck_id"), row.at
    line.pop("timestamp")
    for values, is_beside in ((inner, False), (line, True)):
        names = {one.sensor for one in found}
        for name, value in values.items():
            reason = None if value is None else reason_of(name, value)
            if is_beside and not reason and stored_name(name) in names and value is not None:
                reason = "also_in_readings"
            if reason:
                reasons.append(reason)
            elif value is not None:
                found.append(Reading(truck, name, stored_name(name), at, value))
    return found, reasons


@pytest.fixture(scope="module")
def feed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A week of deliveries."""
    return write(tmp_path_factory.mktemp("landing"), "telemetry")


def rows_of(feed: Path, day: date) -> list[Row]:
    return [Row(*line, broken_rules(line.raw, day)) for line in lines_of(feed / day.isoformat())]


@pytest.fixture(scope="module")
def rows(feed: Path) -> list[Row]:
    """All rows of the week."""
    return [row for day in DAYS for row in rows_of(feed, day)]


@pytest.fixture(scope="module")
def good(rows: list[Row]) -> list[Row]:
    """The rows of the week that break no rule, copies included."""
    return [row for row in rows if not row.rules]


@pytest.fixture(scope="module")
def readings(good: list[Row]) -> list[Reading]:
    """All readings that can be stored, copies included."""
    return [reading for row in good for reading in readings_of(row)[0]]


def days_of(readings: list[Reading], sensor: str) -> list[date]:
    return sorted({one.at.date() for one in readings if one.sensor == sensor and one.at.date() in DAYS})


def test_every_kind_of_line_comes_within_a_week() -> None:
    kinds = {*DIRT_RULES, *REJECTED_READINGS, *WITHOUT_READINGS, *COPIES, CONTRADICTION}
    assert {kind for plan in PLANS.values() for kind in plan} == kinds


@pytest.mark.parametrize("day", DAYS, ids=str)
def test_at_most_three_per_cent_of_a_delivery_break_a_rule_each(day: date, rows: list[Row]) -> None:
    broken = counted_once(row.rules for row in rows if row.day == day)
    assert broken == planned(PLANS[day], DIRT_RULES)
    assert 0 < broken.total() <= 0.03 * ROWS


@pytest.mark.parametrize("day", DAYS, ids=str)
def test_good_lines_have_the_rejected_readings_that_are_planned_one_each(day: date, good: list[Row]) -> None:
    reasons = [readings_of(row)[1] for row in good if row.day == day]
    assert Counter(tuple(each) for each in reasons if each) == planned(PLANS[day], REJECTED_READINGS)


def test_the_plan_holds_for_any_seed_and_any_number_of_rows(tmp_path: Path) -> None:
    for rows, seed in ((60, 2), (1_200, 3)):
        feed = write(tmp_path / str(rows), "telemetry", days=3, rows=rows, seed=seed)
        for day in DAYS[:3]:
            found, plan = rows_of(feed, day), planned_rows(day, first_day=FIRST_DAY, rows=rows)
            assert counted_once(row.rules for row in found) == planned(plan, DIRT_RULES)
            rejected = Counter(reason for row in found if not row.rules for reason in readings_of(row)[1])
            assert rejected == Counter(REJECTED_READINGS[kind] for kind in plan.elements() if kind in REJECTED_READINGS)


def test_the_dirt_is_written_as_planned(rows: list[Row]) -> None:
    dirty = b"\n".join(row.raw for row in rows if row.rules)
    for part in (
        *(b'"2026-02-30T', b'"2026-13-', b"T24:", b'30.250"', b'30Z"', b"30.25Z", b"250000Z", b"+00:00", b": 17676"),
        *(b"-05 10:", b'"05/01/', b'"truck_id": 7', b'"truck_id": true', b'"truck_id": {', b'"truck_id": ["'),
        *(b'"readings": [', b'"readings": "', b'"readings": 91.5', b'"readings": false', b"NaN", b",}", b"} {", b"\n["),
        *(b'"truck_id": null', b'"truck_id": ""', b'"timestamp": null', b'"timestamp": ""', b"'gear'", b"modem"),
        *(b"\xff", b"\xe4"),
    ):
        assert part in dirty, part


def test_rejected_readings_are_written_as_planned(good: list[Row]) -> None:
    text = b"\n".join(row.raw for row in good if readings_of(row)[1]).decode()
    for pattern in (
        *('"1st_axle_load"', '"tür_offen"', '"axle_load_x{55}"', '"": 3.5', '"axle/load"', '}, "_signal"'),
        *('"axle_load": {', r'"axle_load": \[', ": 1e400", r": -1E\+999", '}, "gps": {', "Engine-Temperature"),
        r'{"engine_temperature": 0.25, "truck_id"',
    ):
        assert re.search(pattern, text), pattern


def test_the_leased_trucks_file_has_a_byte_order_mark_only_crlf_and_no_last_line_end(feed: Path) -> None:
    paths = list(feed.rglob("trucks-leased.json"))
    assert len(paths) == len(DAYS)
    for path in paths:
        content = path.read_bytes()
        assert content.startswith(BOM)
        assert content.count(b"\n") == content.count(b"\r\n") > 0
        assert not content.endswith(b"\n")


def test_some_days_have_an_empty_file_or_a_foreign_one(feed: Path) -> None:
    assert [path.parent.name[-2:] for path in sorted(feed.rglob("NOTES.txt"))] == ["03", "06"]
    empty = sorted(feed.rglob("empty.jsonl"))
    assert [path.parent.name[-2:] for path in empty] == ["02", "05"]
    assert {path.stat().st_size for path in empty} == {0}


def test_copies_are_exact_and_as_many_as_planned_and_some_lines_contradict_another(good: list[Row]) -> None:
    lines = {row.raw for row in good}
    assert len(good) - len(lines) == sum(plan[kind] for plan in PLANS.values() for kind in COPIES)
    moments = {(row.line["truck_id"], row.at) for row in good}
    assert len(lines) - len(moments) == sum(plan[CONTRADICTION] for plan in PLANS.values()) > 0


def test_lines_are_copied_in_a_file_across_files_and_in_a_later_delivery(good: list[Row]) -> None:
    first: dict[bytes, Row] = {}
    again = [(first[row.raw], row) for row in good if first.setdefault(row.raw, row) is not row]
    assert any(a.day == b.day and a.file == b.file for a, b in again)
    assert any(a.day == b.day and a.file != b.file for a, b in again)
    assert any(a.day < b.day for a, b in again)


def test_two_per_cent_of_the_lines_are_late_and_some_of_the_next_days_first_minutes(good: list[Row]) -> None:
    first: dict[bytes, Row] = {}
    for row in good:
        first.setdefault(row.raw, row)
    shift = Counter((row.at.date() - row.day).days for row in first.values())
    assert set(shift) == {-1, 0, 1}
    assert 0.01 < shift[-1] / len(good) < 0.03
    assert 0.005 < shift[1] / len(good) < 0.03
    assert max(row.at - instant(row.day, DAY) for row in good) < timedelta(minutes=20)
    assert min(row.at.date() for row in good) == FIRST_DAY


def test_a_delivery_has_lines_at_the_very_edges_of_a_day(good: list[Row]) -> None:
    for day in DAYS:
        times = {row.line["timestamp"] for row in good if row.day == day}
        after = day + timedelta(days=1)
        assert {f"{day}T00:00:00.000Z", f"{day}T23:59:59.999Z", f"{after}T00:00:00.000Z"} <= times


def test_ten_sensors_are_there_to_start_with_and_others_appear_without_notice(readings: list[Reading]) -> None:
    appeared: dict[date, set[str]] = defaultdict(set)
    for sensor in {one.sensor for one in readings}:
        appeared[days_of(readings, sensor)[0]].add(sensor)
    assert appeared == {
        DAYS[0]: FIRST_SENSORS,
        DAYS[1]: {"cargo_temperature"},
        DAYS[2]: {"ambient_temperature"},
        DAYS[4]: {"ad_blue_level", "driver_message"},
        DAYS[6]: {"vibration"},
    }


def test_sensors_report_at_different_intervals(readings: list[Reading]) -> None:
    numbers = Counter(one.sensor for one in readings)
    assert numbers["speed"] > 1.7 * numbers["door_open"] > 1.7 * numbers["battery_voltage"] > numbers["tire_pressure"]


def test_values_are_numbers_booleans_and_texts_and_one_sensor_changes_its_type(readings: list[Reading]) -> None:
    types: dict[str, set[str]] = defaultdict(set)
    of_day: dict[date, set[str]] = defaultdict(set)
    for one in readings:
        type_ = {bool: "boolean", str: "text"}.get(type(one.value), "number")
        types[one.sensor].add(type_)
        if one.sensor == "coolant_level" and one.at.date() in DAYS:
            of_day[one.at.date()].add(type_)
    assert [sensor for sensor, found in types.items() if len(found) > 1] == ["coolant_level"]
    assert types["door_open"] == types["engine_on"] == {"boolean"}
    assert types["gear"] == types["driver_message"] == {"text"}
    assert list(of_day.values()) == [{"number"}] * 3 + [{"number", "text"}] + [{"text"}] * 3


def test_one_sensor_stands_beside_the_readings_and_never_in_them(good: list[Row]) -> None:
    assert any("ambientTemperature" in row.line for row in good)
    assert not any("ambientTemperature" in (row.line.get("readings") or {}) for row in good)


def test_one_sensor_is_silent_for_two_days_and_returns(readings: list[Reading]) -> None:
    assert days_of(readings, "oil_pressure") == [*DAYS[:2], *DAYS[4:]]


def gaps(readings: list[Reading]) -> Iterator[tuple[str, str, datetime, datetime]]:
    """Pauses over 600 seconds and ten times the median of the days before, of at least five."""
    times: dict[tuple[str, str], set[datetime]] = defaultdict(set)
    for one in readings:
        times[one.truck, one.sensor].add(one.at)
    for (truck, sensor), found in sorted(times.items()):
        pauses = [(last, now, (now - last).total_seconds()) for last, now in pairwise(sorted(found))]
        for last, now, seconds in pauses:
            before = [its for _, end, its in pauses if end.date() < now.date()]
            if len(before) >= 5 and seconds > max(600, 10 * median(before)):
                yield truck, sensor, last, now


def test_gaps_end_on_days_4_5_and_6_and_one_crosses_midnight(readings: list[Reading]) -> None:
    found = sorted(gaps(readings), key=lambda gap: gap[3])
    trucks = sorted({one.truck for one in readings})
    assert [(gap[0], gap[1], gap[2].day, gap[3].day) for gap in found if gap[1] != "oil_pressure"] == [
        ("T-0002", "engine_temperature", 4, 4),
        ("T-0003", "fuel_level", 5, 6),
    ]
    silent = [gap for gap in found if gap[1] == "oil_pressure"]
    assert sorted(gap[0] for gap in silent) == trucks
    assert {(gap[2].day, gap[3].day) for gap in silent} == {(2, 5)}


def test_names_of_the_door_become_one_on_a_day_and_some_lines_have_two_of_them(readings: list[Reading]) -> None:
    names: dict[date, set[str]] = defaultdict(set)
    lines: Counter[tuple[str, datetime]] = Counter()
    for one in readings:
        if one.sensor == "door_open":
            names[one.at.date()].add(one.written_as)
            lines[one.truck, one.at] += one.at.date() == DAYS[5]
    assert [day for day in DAYS if len(names[day]) > 1] == [DAYS[5]]
    assert names[DAYS[5]] == {"door_open", "doorOpen", "Door-Open"}
    assert 2 in lines.values()


def test_lines_without_readings_are_good(good: list[Row]) -> None:
    for number, is_one in enumerate(
        (
            lambda line: "readings" not in line,
            lambda line: line.get("readings", {}) is None,
            lambda line: line.get("readings") == {},
        )
    ):
        assert (
            sum(is_one(row.line) for row in good) >= sum(plan[WITHOUT_READINGS[number]] for plan in PLANS.values()) > 0
        )
    assert any(set(row.line) == {"truck_id", "timestamp"} for row in good)


def test_an_hour_of_a_truck_has_texts_alone(readings: list[Reading]) -> None:
    parked = [one for one in readings if one.truck == "T-0005" and one.at.hour == 2]
    assert {one.at.date() for one in parked} == set(DAYS)
    assert {one.sensor for one in parked} == {"gear"}


def test_good_lines_show_the_variety_of_the_feed(good: list[Row]) -> None:
    text = "\n".join(row.raw.decode() for row in good)
    for pattern in (
        *(r": \d\.?\d*e-0\d", r": -\d", r": \d+[,}]", ": 0.0[,}]", ": null", ': ""', ': "5"', ': "null"', "\u2028"),
        *("\u2013", r'\\"3', r'^{"truck_id":"T', r"\\u2013", r'"AdBlue\.level"', '"Driver Message"'),
    ):
        assert re.search(pattern, text, re.MULTILINE), pattern


def test_more_lines_are_of_more_trucks(good: list[Row]) -> None:
    assert [trucks_of(rows) for rows in (1, 500, 20_000, 10**6)] == [3, 5, 200, 500]
    assert {row.line["truck_id"] for row in good} == {f"T-000{number}" for number in range(1, 6)}
