"""Examples of readings that a reader can check by eye, for the oracle that the telemetry tables are compared with."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta, timezone
from math import inf
from statistics import median
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, find, given, settings

from platform_assets_tests.support.csv_oracle import unpacked
from platform_assets_tests.support.feed_oracle import Row
from platform_assets_tests.support.landing.parcels import Deliveries
from platform_assets_tests.support.telemetry import feeds, oracle, raw
from platform_assets_tests.support.telemetry.differences import comparable_rows

DAYS = [date(2026, 1, 1) + timedelta(days=n) for n in range(10)]
DAY, NEXT, THIRD = DAYS[:3]


def line(number: int, at: str, *members: str, truck: str = "T-1") -> str:
    """A line of a truck at a time, such as `10:00`, on the day of a number, the first of which is 0."""
    seconds = at + ":00.000"[3 * at.count(":") - 3 :] if "." not in at else at
    return f'{{"truck_id": "{truck}", "timestamp": "{DAYS[number]}T{seconds}Z", {", ".join(members)}}}'


def delivered(*contents: list[str]) -> Deliveries:
    """A file for each day from the first on."""
    return {day: {"a.json": "\n".join(lines).encode()} for day, lines in zip(DAYS, contents, strict=False) if lines}


def tables(*contents: list[str], days: int = 3, **words: Any) -> dict[str, list[Row]]:
    return oracle.tables(delivered(*contents), DAYS[:days], first_day=DAY, **words)


def brief(rows: list[Row], day: date, *names: str) -> list[tuple[Any, ...]]:
    """Some columns of a day's rows, in order; times as `10:00`."""

    def cell(value: Any) -> Any:
        return f"{value:%H:%M}" if isinstance(value, datetime) else value

    return sorted((tuple(cell(row.get(name)) for name in names) for row in rows if row["day"] == day), key=str)


def test_of_a_truck_a_sensor_and_a_time_the_first_reading_counts() -> None:
    def value(*files: list[str]) -> Any:
        found = oracle.readings(raw.raw_readings(delivered(*files), start=DAY))
        ((value, text, its_type),) = [(row["value"], row["value_text"], row["value_type"]) for row in found]
        return {"number": value, "boolean": bool(value), "text": text}[its_type]

    # By delivery day, before all else; then numbers by size, and texts last.
    assert value([line(0, "10:00", '"a": 9')], [line(0, "10:00", '"a": 1')]) == 9.0
    assert value([line(0, "10:00", '"a": 9'), line(0, "10:00", '"readings": {"A": -1}')]) == -1.0
    assert value([line(0, "10:00", '"a": "0"'), line(0, "10:00", '"a": 5')]) == 5.0
    assert value([line(0, "10:00", '"a": "y"'), line(0, "10:00", '"a": "x"')]) == "x"
    assert value([line(0, "10:00", '"a": 1'), line(0, "10:00", '"a": true')]) is True
    assert value([line(0, "10:00", '"readings": {"doorOpen": 3, "Door-Open": 2}')]) == 2.0


def test_of_files_of_a_delivery_the_first_by_name_counts() -> None:
    one, two, three = (line(0, "10:00", f'"a": {number}').encode() for number in (1, 2, 3))
    files = {NEXT: {"a.json": one}, DAY: {"c.json": two, "b.json": three}}
    assert [row["value"] for row in oracle.readings(raw.raw_readings(files, start=DAY))] == [3.0]


def test_sensors_are_known_from_the_day_they_appear() -> None:
    found = tables(
        [line(0, "10:00", '"a": 1', '"b": "x"'), line(0, "11:00", '"a": 2', truck="T-2")],
        [line(1, "09:00", '"b": true', '"c": 1e400'), line(0, "12:00", '"a": 3')],
    )
    names = ("sensor", "value_type", "first_seen", "last_seen", "readings", "trucks")
    assert brief(found["sensors"], DAY, *names) == [
        ("a", "number", "10:00", "12:00", 3, 2),
        ("b", "text", "10:00", "10:00", 1, 1),
    ]
    assert (
        brief(found["sensors"], NEXT, *names)
        == brief(found["sensors"], THIRD, *names)
        == [
            ("a", "number", "10:00", "12:00", 3, 2),
            ("b", "mixed", "10:00", "09:00", 2, 1),
        ]
    )
    assert brief(found["truck_sensors"], THIRD, "truck_id", "sensor", "last_seen", "readings", "first_text") == [
        ("T-1", "a", "12:00", 2, None),
        ("T-1", "b", "09:00", 2, "10:00"),
        ("T-2", "a", "11:00", 1, None),
    ]


def test_an_hour_of_a_truck_has_the_means_of_its_numbers() -> None:
    found = tables(
        [
            *(line(0, "10:00", '"load": 1', '"open": true', '"gear": "N"'), line(0, "10:59:59.999", '"load": 2')),
            *(line(0, "11:00", '"open": false', '"gear": "R"'), line(0, "10:30", '"gear": "N"', truck="T-2")),
        ],
        [line(1, "10:00", '"gear": 4'), line(1, "10:01", '"gear": "N"')],
    )["truck_hours"]
    assert [row for row in found if row["day"] == DAY] == [
        {
            **{"day": DAY, "hour": datetime(2026, 1, 1, 10, tzinfo=timezone.utc), "truck_id": "T-1"},
            **{"load_mean": 1.5, "load_n": 2, "open_mean": 1.0, "open_n": 1},
        },
        {
            **{"day": DAY, "hour": datetime(2026, 1, 1, 11, tzinfo=timezone.utc), "truck_id": "T-1"},
            **{"open_mean": 0.0, "open_n": 1},
        },
    ]
    # Once a sensor had a number, it has a column.
    assert brief(found, NEXT, "hour", "gear_mean", "gear_n", "load_n") == [("10:00", 4.0, 1, None)]


def test_only_the_sensors_that_were_seen_first_have_columns() -> None:
    lines = [
        *(line(0, "10:00", '"d": 1'), line(0, "09:00", '"c": 1', '"b": 1'), line(0, "08:00", '"t": "x"')),
    ]
    found = tables(lines, [line(1, "10:00", '"t": 5', '"b": 2', '"c": 2', '"e": 1')], max_sensors=2)["truck_hours"]
    # A text has its place, too, and columns from when it becomes a number.
    assert brief(found, DAY, "hour", "b_n", "c_n", "d_n", "t_n") == [("09:00", 1, None, None, None)]
    assert brief(found, NEXT, "b_n", "c_n", "t_n", "e_n") == [(1, None, 1, None)]


def test_a_mean_has_the_bits_of_a_sum_in_ascending_order() -> None:
    assert oracle.mean([0.3, 0.2, 0.1]) == ((0.1 + 0.2) + 0.3) / 3 != ((0.3 + 0.2) + 0.1) / 3
    assert oracle.mean([1e16, 1.0, 1.0]) == (1.0 + 1.0 + 1e16) / 3
    # An exact sum would be 0.1 here.
    assert oracle.mean([0.1] * 10) == 0.09999999999999999
    assert oracle.mean([1.7e308, 1.7e308]) == float("inf")
    assert oracle.mean([-1.7e308, -1.7e308, 1.7e308]) == float("-inf")


def minutes(number: int, *at: int) -> list[str]:
    """Lines of a sensor at minutes of the day of a number."""
    return [line(number, f"{minute // 60:02}:{minute % 60:02}", '"a": 1') for minute in at]


def test_pauses_are_kept_of_the_newest_days_with_readings() -> None:
    found = tables(minutes(0, 60, 61, 64), [], minutes(2, 1), *[minutes(n, 1) for n in range(3, 9)], days=10)["pauses"]
    first, second, third = (brief(found, day, "last_at", "recent") for day in (DAY, NEXT, THIRD))
    assert first == second == [("01:04", [(DAY, [60_000, 180_000])])]
    over_midnight = (THIRD, [(2 * 1440 + 1 - 64) * 60_000])
    assert third == [("00:01", [(DAY, [60_000, 180_000]), over_midnight])]
    ((_, newest),) = brief(found, DAYS[9], "last_at", "recent")
    assert newest == [over_midnight, *((DAYS[n], [86_400_000]) for n in range(3, 9))]


@pytest.mark.parametrize(("pause", "is_gap"), [("00:10:00.000", False), ("00:10:00.001", True), ("01:00:00.000", True)])
def test_a_gap_is_longer_than_ten_usual_pauses_and_ten_minutes(pause: str, is_gap: bool) -> None:
    """The usual pause is a minute: ten of them are ten minutes."""
    found = tables(
        minutes(0, 0, 1, 2, 3, 4, 5), [line(0, "00:05", '"a": 1'), line(1, "00:00", '"a": 1'), line(1, pause, '"a": 1')]
    )
    names = ("truck_id", "sensor", "silent_from", "silent_until", "seconds")
    night = ("T-1", "a", "00:05", "00:00", 86_100.0)
    seconds = {"00:10:00.001": 600.001, "01:00:00.000": 3600.0}.get(pause)
    assert brief(found["gaps"], NEXT, *names) == [*([("T-1", "a", "00:00", pause[:5], seconds)] * is_gap), night]
    assert brief(found["gaps"], DAY, *names) == brief(found["gaps"], THIRD, *names) == []


def test_a_gap_needs_five_pauses_on_days_before() -> None:
    night = minutes(1, 600)
    assert tables(minutes(0, 0, 1, 2, 3, 4), night)["gaps"] == []
    assert tables(minutes(1, 0, 1, 2, 3, 4, 5, 600))["gaps"] == []
    assert len(tables(minutes(0, 0, 1, 2, 3, 4, 5), night)["gaps"]) == 1
    # The long ones count, too: of these pauses the median is (1 + 119) / 2 minutes.
    even = minutes(0, 0, 1, 2, 3, 122, 241, 360)
    assert brief(tables(even, minutes(1, 0, 600))["gaps"], NEXT, "silent_until") == [("00:00",)]
    assert brief(tables(even, minutes(1, 0, 601))["gaps"], NEXT, "silent_until") == [("00:00",), ("10:01",)]


def test_gaps_obey_their_settings() -> None:
    lines = [*minutes(0, 0, 1, 2, 3, 4, 5), line(1, "00:00", '"a": 1'), line(1, "00:03", '"a": 1')]
    assert len(tables(lines)["gaps"]) == 1
    assert len(tables(lines, gap_factor=2.5, gap_seconds=179)["gaps"]) == 2
    assert len(tables(lines, gap_factor=3, gap_seconds=179)["gaps"]) == 1
    assert len(tables(lines, gap_factor=2.5, gap_seconds=180)["gaps"]) == 1


def test_what_is_usual_is_forgotten_after_seven_days_with_readings() -> None:
    # One reading each on six days more: of the first day, its five pauses are still known; then no longer.
    days = [minutes(0, 0, 1, 2, 3, 4, 5), *[minutes(n, 0) for n in range(1, 9)]]
    assert sorted({row["day"] for row in tables(*days, days=9)["gaps"]}) == DAYS[1:6]


def test_warnings_name_sensors_on_the_day() -> None:
    found = tables(
        [
            line(0, "10:00", '"doorOpen": 1', '"readings": {"x": 1, "Door-Open": 1}'),
            line(0, "10:01", '"door . open": 1'),
        ],
        [line(1, "10:00", '"X": "a"', '"new": 1', '"y": {}'), line(1, "10:00", '"NEW": 1', truck="")],
        [line(2, "10:00", '"x": 2'), "{}"],
    )
    of_day = {day: [row for row in found["raw_readings"] if row["day"] == day] for day in DAYS[:3]}
    # What is rejected merges nothing: the first `doorOpen` is in `readings`, too, `NEW` is of no truck.
    assert oracle.merged_names(of_day[DAY]) == {"door_open": ["Door-Open", "door . open"]}
    assert oracle.merged_names(of_day[NEXT]) == {}
    assert oracle.merged_names(found["raw_readings"]) == {"door_open": ["Door-Open", "door . open"], "x": ["X", "x"]}
    assert [oracle.new_sensors(found, day) for day in DAYS[:3]] == [["door_open", "x"], ["new"], []]
    assert [oracle.changed_types(found, day) for day in DAYS[:3]] == [[], ["x"], []]
    assert [oracle.silent_sensors(found, day) for day in DAYS[:3]] == [[], ["door_open"], ["new"]]


def test_only_the_days_that_were_built_have_rows() -> None:
    lines = (
        [line(0, "10:00", '"a": 1'), line(1, "10:00", '"a": 2')],
        [line(2, "10:00", '"a": 3')],
        ["word"],
    )
    found = tables(*lines, days=2)
    assert [len(rows) for rows in found.values()] == [3, 2, 2, 2, 2, 2, 0]
    assert {row["day"] for name, rows in found.items() for row in rows if name != "raw_readings"} == {DAY, NEXT}


def test_rows_of_a_platform_are_compared_without_what_does_not_count() -> None:
    lines = [line(0, "10:00", '"doorOpen": true', '"gear": "N"', '"1": 5'), line(0, "11:00", '"a": 1', truck="")]
    found = tables(lines, [line(0, "10:00:01", '"gear": "R"')])
    of_platform = {name: [dict(row) for row in rows] for name, rows in found.items()}
    for row in of_platform["raw_readings"]:
        named = ("name", "value", "value_text", "value_type")
        row["readings"] = [
            dict(zip(named, reading, strict=True))
            | {"written_as": "doorOpen" if reading.sensor == "door_open" else None}
            for reading in reversed([] if row["violations"] else row["readings"])
        ]
        row["rejected_readings"] = [one._asdict() | {"value": "5.0"} for one in row["rejected_readings"]]
        del row["written_as"]
    for row in of_platform["truck_hours"]:
        row |= {"gear_mean": None, "gear_n": None}
    for row in of_platform["pauses"]:
        row["recent"] = [{"day": day, "pauses": pauses} for day, pauses in row["recent"]]
    for name in [name for name in oracle.TABLES if found[name]]:
        assert comparable_rows(name, of_platform[name]) == comparable_rows(name, found[name])
        of_platform[name][0]["truck_id"] = "T-9"
        assert comparable_rows(name, of_platform[name]) != comparable_rows(name, found[name])


A_FEW = settings(max_examples=50, deadline=None, suppress_health_check=list(HealthCheck))
DELIVERIES = feeds.deliveries(DAYS)


@A_FEW
@given(files=DELIVERIES)
def test_the_order_of_files_and_lines_makes_no_difference(files: Deliveries) -> None:
    turned = {
        day: {name: b"\n".join(unpacked(content).split(b"\n")[::-1]) for name, content in reversed(own.items())}
        for day, own in reversed(files.items())
    }
    found, other = (oracle.tables(its, DAYS, first_day=DAY) for its in (files, turned))
    for name in oracle.TABLES:
        assert comparable_rows(name, found[name]) == comparable_rows(name, other[name])


@A_FEW
@given(files=DELIVERIES)
def test_sensors_are_those_of_all_trucks_and_hours_have_all_their_numbers(files: Deliveries) -> None:
    found = oracle.tables(files, DAYS, first_day=DAY)
    for row in found["sensors"]:
        own = [one for one in found["truck_sensors"] if (one["day"], one["sensor"]) == (row["day"], row["sensor"])]
        firsts = {kind: [one[f"first_{kind}"] for one in own] for kind in ("number", "boolean", "text")}
        since = {kind: min(filter(None, times)) for kind, times in firsts.items() if any(times)}
        assert row["value_type"] == (next(iter(since)) if len(since) == 1 else "mixed")
        assert row["value_type_since"] == sorted(since.values())[: len(since)][len(since) > 1]
        assert (row["readings"], row["trucks"]) == (sum(one["readings"] for one in own), len(own))
        assert row["first_seen"] == min(one["first_seen"] for one in own)
        assert row["last_seen"] == max(one["last_seen"] for one in own)
    numbers = sum(value for row in found["truck_hours"] for name, value in row.items() if name.endswith("_n"))
    assert numbers == sum(row["value"] is not None for row in found["readings"])


@A_FEW
@given(files=DELIVERIES)
def test_gaps_follow_from_the_pauses_as_of_the_day_before(files: Deliveries) -> None:
    found = oracle.tables(files, DAYS, first_day=DAY)
    known = {(row["day"], row["truck_id"], row["sensor"]): row for row in found["pauses"]}
    gaps = []
    for (day, *key), row in known.items():
        before = known.get((day - timedelta(days=1), *key))
        if before is None or row["last_at"] == before["last_at"]:
            continue
        usual = median([pause for _, pauses in before["recent"] for pause in pauses] or [0])
        number = sum(len(pauses) for _, pauses in before["recent"])
        of_day = dict(row["recent"])[day]
        gaps += [(day, *key, pause / 1000) for pause in of_day if number >= 5 and pause > max(10 * usual, 600_000)]
    names = ("day", "truck_id", "sensor", "seconds")
    assert sorted(gaps) == sorted(tuple(row[name] for name in names) for row in found["gaps"])


def _comes_again(found: dict[str, list[Row]]) -> bool:
    """Whether a reading of a delivery comes again in another one with another value."""
    values: dict[Any, dict[date, Any]] = {}
    for row in found["raw_readings"]:
        for reading in [] if row["violations"] else row["readings"]:
            of_days = values.setdefault((row["truck_id"], row["timestamp"], reading.sensor), {})
            of_days.setdefault(row["delivery_day"], reading[1:])
    return any(len(set(of_days.values())) > 1 for of_days in values.values())


def _reasons(found: dict[str, list[Row]]) -> set[str]:
    good = [row for row in found["raw_readings"] if not row["violations"]]
    return {rejected.reason for row in good for rejected in row["rejected_readings"]}


def _violations(found: dict[str, list[Row]]) -> set[str]:
    return {rule for row in found["raw_readings"] for rule in row["violations"]}


RULES = (
    *("malformed", "not_utf8", "missing_truck_id", "invalid_truck_id", "missing_timestamp", "invalid_timestamp"),
    *("invalid_readings", "before_start", "after_delivery"),
)
DELIVERED: dict[str, Callable[[dict[str, list[Row]]], Any]] = {
    "another value in another delivery": _comes_again,
    "merged names": lambda found: oracle.merged_names(found["raw_readings"]),
    "changed types": lambda found: any(oracle.changed_types(found, day) for day in DAYS[1:]),
    "silent sensors": lambda found: any(oracle.silent_sensors(found, day) for day in DAYS[1:]),
    "gaps": lambda found: found["gaps"],
    "gaps within a day": lambda found: any(row["silent_from"].date() == row["day"] for row in found["gaps"]),
    "seven days of pauses": lambda found: any(len(row["recent"]) == 7 for row in found["pauses"]),
    "an infinite mean": lambda found: any(inf in row.values() for row in found["truck_hours"]),
    "bad names": lambda found: "invalid_name" in _reasons(found),
    "bad values": lambda found: "invalid_value" in _reasons(found),
    "readings beside readings": lambda found: "also_in_readings" in _reasons(found),
}


@pytest.mark.parametrize("what", [*DELIVERED, *RULES])
def test_what_the_rules_are_about_is_delivered(what: str) -> None:
    def is_there(files: Deliveries) -> bool:
        found = oracle.tables(files, DAYS, first_day=DAY)
        return bool(DELIVERED[what](found)) if what in DELIVERED else what in _violations(found)

    assert find(DELIVERIES, is_there, settings=settings(A_FEW, max_examples=1000, phases=[Phase.generate]))
