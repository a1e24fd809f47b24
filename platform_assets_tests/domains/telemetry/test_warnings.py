"""What the tables of telemetry warn of, on the day it happens, and of nothing else."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from platform_assets.lake.engines.engine import Engine
from platform_assets_tests.support.platforms import Platform, checks

FIRST, NEXT, THIRD = "2026-01-01", "2026-01-02", "2026-01-03"
WARNINGS = {
    "readings": ("merged_names",),
    "sensors": ("new_sensors", "changed_types", "silent_sensors"),
    "truck_hours": ("sensors_have_columns",),
}


def line(day: str, time: str, **readings: Any) -> str:
    return json.dumps({"truck_id": "T-1", "timestamp": f"{day}T{time}:00.000Z", "readings": readings})


@pytest.fixture(scope="module")
def platform(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Platform:
    """Three days of a truck; only two sensors have columns."""
    platform = Platform(tmp_path_factory.mktemp("warnings"), telemetry_max_sensors=2)
    lines = {
        FIRST: [line(FIRST, "10:00", load=1, door=True), line(FIRST, "11:00", load=2, gear="N")],
        # `Door` merges with `door` here; `gear` says a number, `load` nothing.
        NEXT: [line(NEXT, "10:00", Door=True, gear=4), line(NEXT, "11:00", door=False, gear="N", speed=7)],
        THIRD: [line(THIRD, "10:00", door=True, gear=5, Speed=8), line(THIRD, "11:00", door=True, load=3)],
    }
    for day, its in lines.items():
        platform.deliver("telemetry", day, "a.jsonl", its)
    return platform


def told(platform: Platform, first: str, last: str) -> dict[str, list[str]]:
    """What each warning names in one run over days; nothing for those that passed."""
    result = platform.materialise(first, last, select="group:telemetry")
    found: dict[str, list[str]] = {}
    for table, names in WARNINGS.items():
        of_table = checks(result, f"telemetry/{table}")
        for name in names:
            check = of_table[name]
            found[name] = [] if check.passed else _names(check.metadata)
    return found


def _names(metadata: Mapping[str, Any]) -> list[str]:
    (names,) = (value.value for key, value in metadata.items() if key == "names")
    return list(names if isinstance(names, Sequence) else json.loads(names))


DAY_BY_DAY = {
    FIRST: {"new_sensors": ["door", "gear", "load"], "sensors_have_columns": ["gear"]},
    NEXT: {
        "merged_names": ["door is Door and door"],
        "new_sensors": ["speed"],
        "changed_types": ["gear"],
        "silent_sensors": ["load"],
        "sensors_have_columns": ["speed"],
    },
    THIRD: {},
}


def test_each_day_has_its_own_warnings(platform: Platform) -> None:
    for day, expected in DAY_BY_DAY.items():
        nothing = {name: [] for names in WARNINGS.values() for name in names}
        with_day = {name: [f"{one} ({day})" for one in its] for name, its in expected.items()}
        assert told(platform, day, day) == nothing | with_day


def test_a_run_over_all_days_says_of_each_warning_on_which_day_it_is(platform: Platform) -> None:
    found = told(platform, FIRST, THIRD)
    every = {name for expected in DAY_BY_DAY.values() for name in expected}
    for name in every:
        its = [f"{one} ({day})" for day, expected in DAY_BY_DAY.items() for one in expected.get(name, [])]
        assert found[name] == sorted(its, key=lambda one: (one[-11:], one))


def test_rejected_values_are_told_by_name_and_reason_and_none_is_no_warning(engine: Engine, tmp_path: Path) -> None:
    platform = Platform(tmp_path)
    bad = '"readings": {"a": [1], "b": 1e999, "9": 1, "c": 1}, "c": 2}'
    platform.deliver("telemetry", FIRST, "a.jsonl", [line(FIRST, "10:00", a=1).split('"readings"')[0] + bad] * 2)
    platform.deliver("telemetry", NEXT, "a.jsonl", [line(NEXT, "10:00", a=1)])
    result = platform.materialise(FIRST, select='key:"telemetry/raw_readings"')
    check = checks(result, "telemetry/raw_readings")["no_rejected_readings"]
    assert not check.passed
    (values,) = (value.value for name, value in check.metadata.items() if name == "values")
    assert values == {
        "9 (invalid_name)": 2,
        "a (invalid_value)": 2,
        "b (invalid_value)": 2,
        "c (also_in_readings)": 2,
    }
    result = platform.materialise(NEXT, select='key:"telemetry/raw_readings"')
    assert checks(result, "telemetry/raw_readings")["no_rejected_readings"].passed
