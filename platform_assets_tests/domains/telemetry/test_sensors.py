"""Which sensors there are up to a day, and what is told of them: small frames that a reader can check by eye."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timezone
from itertools import permutations
from random import Random
from typing import Any

import pyarrow as pa
import pytest
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from platform_assets.domains.telemetry.sensors import sensors
from platform_assets.domains.telemetry.truck_sensors import truck_sensors
from platform_assets.lake.engines.engine import Engine
from platform_assets_tests.support.settings import settings_for

TIME = pa.timestamp("us", "UTC")
KINDS = ("first_number", "first_boolean", "first_text")
READINGS = pa.schema(
    {
        **{"day": pa.date32(), "truck_id": pa.string(), "sensor": pa.string()},
        **{"measured_at": TIME, "value_type": pa.string()},
    }
)
OF_TRUCKS = pa.schema(
    {
        **{"day": pa.date32(), "truck_id": pa.string(), "sensor": pa.string()},
        **dict.fromkeys(("first_seen", "last_seen", *KINDS), TIME),
        "readings": pa.int64(),
    }
)


def january(day: int) -> date:
    return date(2026, 1, day)


def at(day: float) -> datetime:
    """An instant in January: 2.5 is noon of the 2nd."""
    return datetime.fromtimestamp(datetime(2025, 12, 31, tzinfo=timezone.utc).timestamp() + day * 86_400, timezone.utc)


def day_of(text: str) -> float:
    """The number that `at` makes an instant of, from seconds since 1970."""
    return (float(text) - datetime(2025, 12, 31, tzinfo=timezone.utc).timestamp()) / 86_400


def read(engine: Engine, *rows: tuple[float, str, str, str]) -> DataFrame:
    """Readings: when, of which truck and sensor, and what it said."""
    names = READINGS.names[1:]
    values = [dict(zip(names, (truck, name, at(when), kind), strict=True)) for when, truck, name, kind in rows]
    dated = [{"day": row["measured_at"].date(), **row} for row in values]
    return engine.session.createDataFrame(pa.Table.from_pylist(dated, READINGS))


def told(rows: DataFrame, *names: str) -> dict[int, list[tuple[Any, ...]]]:
    """Some columns by day, in order; instants as `at` takes them."""
    kinds = dict(rows.dtypes)
    columns = [F.unix_seconds(name).alias(name) if kinds[name] == "timestamp" else F.col(name) for name in names]
    found: dict[int, list[tuple[Any, ...]]] = {}
    for row in rows.select(F.col("day").alias("of_day"), *columns).collect():
        cells = [
            day_of(row[name]) if kinds[name] == "timestamp" and row[name] is not None else row[name] for name in names
        ]
        found.setdefault(row["of_day"].day, []).append(tuple(cells))
    return {day: sorted(cells, key=str) for day, cells in sorted(found.items())}


def nothing(engine: Engine) -> DataFrame:
    return known(engine, {"sensor": "a", "first_text": 1.0}).where("false")


def test_what_trucks_have_reported_grows_from_day_to_day(engine: Engine) -> None:
    one = read(engine, (2.5, "T-1", "a", "number"), (2.25, "T-1", "a", "text"), (2.75, "T-1", "a", "number"))
    two = read(engine, (4.5, "T-1", "a", "boolean"), (4.25, "T-1", "a", "number"), (4.5, "T-2", "a", "text"))
    names = ("truck_id", "first_seen", "last_seen", *KINDS, "readings")
    first = [("T-1", 2.25, 2.75, 2.5, None, 2.25, 3)]
    expected = {
        **{2: first, 3: first},
        4: [("T-1", 2.25, 4.5, 2.5, 4.5, 2.25, 5), ("T-2", 4.5, 4.5, None, None, 4.5, 1)],
    }
    days = [january(day) for day in (2, 3, 4)]
    whole = truck_sensors(one.unionByName(two), nothing(engine), days=days)
    assert told(whole, *names) == expected
    before = truck_sensors(one, nothing(engine), days=days[:2]).where("day = DATE '2026-01-03'")
    assert told(truck_sensors(two, before, days=days[2:]), *names) == {4: expected[4]}


def known(engine: Engine, *rows: Mapping[str, Any]) -> DataFrame:
    """Rows of truck_sensors as of the 9th: `sensor`, when it said what first, and what else is not as usual."""
    full = []
    for number, row in enumerate(rows):
        firsts = [row[kind] for kind in KINDS if kind in row]
        usual = {"truck_id": f"T-{number}", "readings": 1, "last_seen": max(firsts), "first_seen": min(firsts)}
        its = {"day": january(9)} | usual | dict(row)
        full.append({name: at(value) if isinstance(value, float) else value for name, value in its.items()})
    return engine.session.createDataFrame(pa.Table.from_pylist(full, OF_TRUCKS))


def test_a_sensor_is_that_of_all_trucks(engine: Engine) -> None:
    rows = known(
        engine,
        {"sensor": "a", "first_number": 3.5, "last_seen": 4.0, "readings": 5},
        {"sensor": "a", "first_number": 2.5, "last_seen": 8.5, "readings": 2},
        {"sensor": "a", "first_number": 5.5, "last_seen": 6.0, "readings": 3},
        {"sensor": "b", "first_number": 9.5},
    )
    names = ("sensor", "place", "first_seen", "last_seen", "readings", "trucks")
    assert told(sensors(rows), *names) == {9: [("a", 1, 2.5, 8.5, 10, 3), ("b", 2, 9.5, 9.5, 1, 1)]}


def test_places_are_in_the_order_of_first_readings_and_of_equals_by_name(engine: Engine) -> None:
    names = [f"s{number:03}" for number in range(300)]
    shuffled = Random(3).sample(names, len(names))
    rows = [{"sensor": name, "first_text": 5.0} for name in shuffled]
    found = told(sensors(known(engine, *rows, {"sensor": "z", "first_number": 4.5})), "place", "sensor")[9]
    assert dict(found) == dict(enumerate(["z", *names], 1))


TYPES: list[tuple[dict[str, float], str, float]] = [
    ({"first_number": 2.5}, "number", 2.5),
    ({"first_boolean": 2.5}, "boolean", 2.5),
    ({"first_text": 2.5}, "text", 2.5),
    ({"first_number": 2.5, "first_text": 2.5}, "mixed", 2.5),
    *((dict(zip(pair, (7.5, 3.5), strict=True)), "mixed", 7.5) for pair in permutations(KINDS, 2)),
    # The second one makes it mixed, and the third changes nothing.
    *((dict(zip(three, (2.5, 5.5, 8.5), strict=True)), "mixed", 5.5) for three in permutations(KINDS)),
]


@pytest.mark.parametrize("together", [True, False], ids=["of_one_truck", "of_several_trucks"])
def test_a_sensors_type_is_that_of_all_its_readings_since_the_one_that_made_it_so(
    engine: Engine, together: bool
) -> None:
    rows: list[dict[str, Any]] = []
    for number, (firsts, _, _) in enumerate(TYPES):
        each = [firsts] if together else [{kind: when} for kind, when in firsts.items()]
        rows += [{"sensor": f"s{number:02}", **its} for its in each]
    found = told(sensors(known(engine, *rows)), "sensor", "value_type", "value_type_since")[9]
    assert found == [(f"s{number:02}", kind, since) for number, (_, kind, since) in enumerate(TYPES)]


def warned(engine: Engine, check: str, rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """The sensors that a warning names on the 9th, the day before it and the day after, of such rows as of the 9th."""
    (guard,) = (guard for guard in sensors.guards if check in guard.checks)
    of_day = sensors(known(engine, *rows))
    days = [of_day.withColumn("day", F.lit(january(day))) for day in (8, 9, 10)]
    every = days[0].unionByName(days[1]).unionByName(days[2])
    (found,) = guard.judge(every, {}, settings_for())
    assert found.warning
    return [] if found.passed else list(found.details["names"])


def test_a_sensor_is_new_on_the_day_of_its_first_reading(engine: Engine) -> None:
    rows = [{"sensor": "late", "first_number": 9.999}, {"sensor": "early", "first_text": 9.0}]
    assert warned(engine, "new_sensors", [*rows, {"sensor": "old", "first_number": 7.999, "last_seen": 9.5}]) == [
        "early (2026-01-09)",
        "late (2026-01-09)",
    ]


def test_a_type_has_changed_on_the_day_of_the_reading_that_changed_it(engine: Engine) -> None:
    rows = [
        {"sensor": "changed", "first_number": 7.5, "first_text": 9.0},
        {"sensor": "thrice", "first_number": 2.5, "first_text": 3.5, "first_boolean": 9.5},
        {"sensor": "new", "first_number": 9.5},
        # What is mixed on its first day says nothing of another type than before.
        {"sensor": "born", "first_number": 9.25, "first_text": 9.75},
    ]
    assert warned(engine, "changed_types", rows) == ["changed (2026-01-09)"]


def test_a_sensor_falls_silent_on_the_first_day_without_a_reading_and_not_again(engine: Engine) -> None:
    rows = [
        {"sensor": "today", "first_number": 7.0, "last_seen": 9.0},
        {"sensor": "yesterday", "first_number": 7.0, "last_seen": 8.999},
        {"sensor": "long", "first_number": 6.0, "last_seen": 6.999},
    ]
    assert warned(engine, "silent_sensors", rows) == ["yesterday (2026-01-09)", "today (2026-01-10)"]
