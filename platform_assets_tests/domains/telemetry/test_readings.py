"""Which reading of a truck's sensor at a time counts, and which names became one: small frames to check by eye."""

from __future__ import annotations

from datetime import date, datetime, timezone
from itertools import permutations
from typing import Any

import pytest
from pyspark.sql import DataFrame

from platform_assets.domains.telemetry.guards import MergedNames
from platform_assets.domains.telemetry.raw_readings import raw_readings
from platform_assets.domains.telemetry.readings import readings
from platform_assets.lake.engines.engine import Engine
from platform_assets_tests.support.settings import settings_for

FIRST, SECOND = date(2026, 1, 1), date(2026, 1, 2)
COLUMNS = (
    "day date, truck_id string, timestamp timestamp, delivery_day date, source_file string, violations array<string>"
)
Value = float | bool | str


def line(*values: tuple[str, Value] | tuple[str, Value, str], **other: Any) -> dict[str, Any]:
    """A raw row at 10:00 of the first day: its values by name, each with how it is written where that differs."""
    found = []
    for name, value, *written in values:
        kind = "text" if isinstance(value, str) else "boolean" if isinstance(value, bool) else "number"
        number, text = (None, value) if isinstance(value, str) else (float(value), None)
        found.append((name, *(written or [None]), number, text, kind))
    usual = {"day": FIRST, "truck_id": "T-1", "delivery_day": FIRST, "source_file": "a.json", "violations": []}
    return usual | {"timestamp": datetime(2026, 1, 1, 10, tzinfo=timezone.utc), "readings": found} | other


def raw(engine: Engine, *lines: dict[str, Any]) -> DataFrame:
    types = {column.name: column.dtype.simpleString() for column in raw_readings.contract.columns}
    schema = f"{COLUMNS}, readings {types['readings']}"
    names = [column.split(" ")[0] for column in COLUMNS.split(", ")]
    return engine.session.createDataFrame([tuple(row[name] for name in (*names, "readings")) for row in lines], schema)


def value(row: Any) -> Value:
    if row["value_type"] == "text":
        return str(row["value_text"])
    return bool(row["value"]) if row["value_type"] == "boolean" else float(row["value"])


# Each comes before all that follow it.
ORDERED = [
    line(("a", 9.0)),
    line(("a", "a"), source_file="a.jsonl"),
    line(("a", -1.5), source_file="b.json", delivery_day=SECOND),
    line(("a", False), source_file="b.json", delivery_day=SECOND),
    line(("a", 0.0), source_file="b.json", delivery_day=SECOND),
    line(("a", True), source_file="b.json", delivery_day=SECOND),
    line(("a", 1.0), source_file="b.json", delivery_day=SECOND),
    line(("a", "0"), source_file="b.json", delivery_day=SECOND),
    line(("a", "Z"), source_file="b.json", delivery_day=SECOND),
    line(("a", "z"), source_file="b.json", delivery_day=SECOND),
    line(("a", -7.0), source_file="c.json", delivery_day=SECOND),
    line(("a", -8.0), source_file="a.json", delivery_day=date(2026, 1, 3)),
]


@pytest.mark.parametrize("first", range(len(ORDERED) - 1))
def test_the_first_by_delivery_day_file_and_value_counts_numbers_before_texts(engine: Engine, first: int) -> None:
    for some in (ORDERED[first:], ORDERED[first:][::-1], ORDERED[first : first + 2][::-1]):
        (row,) = readings(raw(engine, *some)).collect()
        assert (value(row), row["value_type"]) == (value_of(ORDERED[first]), ORDERED[first]["readings"][0][-1])


def value_of(row: dict[str, Any]) -> Value:
    _, _, number, text, kind = row["readings"][0]
    return text if kind == "text" else bool(number) if kind == "boolean" else number


def test_readings_of_another_truck_sensor_or_time_are_no_copies(engine: Engine) -> None:
    later = datetime(2026, 1, 1, 10, 0, 0, 1000, tzinfo=timezone.utc)
    rows = [line(("a", 1), ("b", 2)), line(("a", 3), truck_id="T-2"), line(("a", 4), timestamp=later), line(("a", 5))]
    found = readings(raw(engine, *rows))
    assert found.columns == ["day", "truck_id", "measured_at", "sensor", "value", "value_text", "value_type"]
    assert sorted((row["truck_id"], row["sensor"], row["value"]) for row in found.collect()) == [
        *(("T-1", "a", 1.0), ("T-1", "a", 4.0), ("T-1", "b", 2.0), ("T-2", "a", 3.0)),
    ]


def test_lines_that_are_rejected_say_nothing(engine: Engine) -> None:
    bad = line(("a", 0), ("b", 1), delivery_day=date(2025, 12, 31), violations=["after_delivery"])
    assert [(row["sensor"], row["value"]) for row in readings(raw(engine, bad, line(("a", 5)))).collect()] == [
        ("a", 5.0)
    ]


def merged(engine: Engine, *lines: dict[str, Any]) -> list[str]:
    (found,) = MergedNames().judge(readings(raw(engine, *lines)), {"raw_readings": raw(engine, *lines)}, settings_for())
    assert found.warning
    return [] if found.passed else list(found.details["names"])


def test_names_that_became_one_on_a_day_are_told_with_all_their_ways(engine: Engine) -> None:
    ways = [("door", True), ("door", True, "DOOR"), ("door", True, "Door")]
    for order in permutations(ways):
        assert merged(engine, *map(line, order), line(*order, day=SECOND)) == [
            *(f"door is DOOR and Door and door ({day})" for day in (FIRST, SECOND)),
        ]


def test_a_sensor_that_a_day_writes_in_one_way_is_none_that_merges(engine: Engine) -> None:
    one_way = [line(("door", True, "Door"), ("a", 1)), line(("door", False, "Door"), ("a", 2))]
    assert merged(engine, *one_way) == []
    assert merged(engine, *one_way, line(("door", True), day=SECOND)) == []
    assert merged(engine, *one_way, line(("door", True), violations=["invalid_readings"])) == []
    assert merged(engine, *one_way, line(("door", True, "DOOR"))) == ["door is DOOR and Door (2026-01-01)"]


def copies(engine: Engine, *lines: dict[str, Any]) -> tuple[int, int, int]:
    """What the balance holds against each other: all readings, those that are rows, and the copies."""
    (balance,) = readings.balances
    rows = raw(engine, *lines)
    ((whole,),) = rows.selectExpr(balance.whole).collect()
    repeats = balance.left_out["copies"]
    assert not isinstance(repeats, str)
    counted = repeats.rows(rows)
    return whole, readings(rows).count(), counted.count() - counted.distinct().count()


def test_every_good_reading_is_a_row_or_a_copy(engine: Engine) -> None:
    bad = line(("a", 1), ("a", 1), violations=["missing_truck_id"])
    assert copies(engine, line(("a", 1), ("b", 2), ("a", 3)), line(("b", 2)), bad, bad, line(), line()) == (4, 2, 2)
