"""The day of readings for benchmarks is as large as it is told, and each of its readings is one that tables store."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from platform_assets_tests.benchmarks.telemetry_day import LINE, write_day

DAY = date(2026, 1, 5)


def written(path: Path, **numbers: int) -> list[dict[str, Any]]:
    """Write a day and return its lines, whose readings are as many as it says."""
    said = write_day(path, DAY, **numbers)
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    assert said == numbers["readings"] == sum(len(line["readings"]) for line in lines)
    return lines


@pytest.fixture(scope="module")
def lines(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """A small day."""
    path = tmp_path_factory.mktemp("landing") / "telemetry" / DAY.isoformat() / "day.jsonl"
    return written(path, trucks=30, sensors=120, readings=60_010, seed=1)


def test_each_line_has_twenty_of_all_sensors_and_is_of_any_truck(lines: list[dict[str, Any]]) -> None:
    assert [len(line["readings"]) for line in lines] == [LINE] * 3_000 + [10]
    names = [tuple(line["readings"]) for line in lines]
    assert set().union(*names) == {f"s_{number:03}" for number in range(120)}
    assert len(set(names)) > 2_900
    assert {line["truck_id"] for line in lines} == {f"T-{number:04}" for number in range(1, 31)}


def test_times_have_milliseconds_are_in_order_and_none_comes_twice(lines: list[dict[str, Any]]) -> None:
    times = [line["timestamp"] for line in lines]
    assert [time for time in times if not re.fullmatch(r"2026-01-05T\d\d:\d\d:\d\d\.\d{3}Z", time)] == []
    assert times == sorted(set(times))
    assert {time[11:13] for time in times} == {f"{hour:02}" for hour in range(24)}
    assert len({time[-4:] for time in times}) > 900


def test_each_sensor_has_one_type_and_most_are_numbers_of_3_to_6_digits(lines: list[dict[str, Any]]) -> None:
    types: dict[str, set[str]] = defaultdict(set)
    digits: dict[str, set[int]] = defaultdict(set)
    for line in lines:
        for name, value in line["readings"].items():
            types[name].add(type(value).__name__)
            if isinstance(value, float):
                digits[name].add(len(str(value).replace(".", "").lstrip("0")))
    assert all(len(found) == 1 for found in types.values())
    of_type = {name: sum(name in found for found in types.values()) for name in ("float", "bool", "str")}
    assert of_type == {"float": 102, "bool": 12, "str": 6}
    assert {frozenset(found) for found in digits.values()} == {frozenset({number}) for number in (3, 4, 5, 6)}


def test_the_same_arguments_give_the_same_bytes_and_another_seed_gives_others(tmp_path: Path) -> None:
    paths = [tmp_path / name for name in ("a.jsonl", "b.jsonl", "c.jsonl")]
    for path, seed in zip(paths, (1, 1, 2), strict=True):
        written(path, trucks=5, sensors=40, readings=20_000, seed=seed)
    first, again, other = (path.read_bytes() for path in paths)
    assert first == again != other


@pytest.mark.parametrize(("sensors", "readings"), [(1, 1), (3, 10), (20, 41), (1_001, 50_000)])
def test_sensors_may_be_few_or_more_than_a_thousand(tmp_path: Path, sensors: int, readings: int) -> None:
    lines = written(tmp_path / "day.jsonl", trucks=1, sensors=sensors, readings=readings, seed=3)
    names = set().union(*(line["readings"] for line in lines))
    assert names <= {f"s_{number:03}" for number in range(sensors)}
    assert len(names) > 0.9 * min(sensors, readings)


def test_an_impossible_day_is_refused(tmp_path: Path) -> None:
    for numbers in ((0, 1, 1), (1, 0, 1), (1, 1, 0)):
        trucks, sensors, readings = numbers
        with pytest.raises(ValueError, match=r"must be trucks, sensors and readings, not \d, \d and \d"):
            write_day(tmp_path / "day", DAY, trucks=trucks, sensors=sensors, readings=readings, seed=1)
    with pytest.raises(ValueError, match="86,400,001 lines are more than the day has"):
        write_day(tmp_path / "day", DAY, trucks=1, sensors=1, readings=86_400_001, seed=1)
    assert list(tmp_path.iterdir()) == []
