"""The hours of trucks, and which sensors have columns: small frames that a reader can check by eye."""

from __future__ import annotations

from datetime import date, datetime
from functools import reduce
from itertools import islice, permutations
from math import inf
from typing import Any

import pyarrow as pa
import pytest
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from platform_assets.domains.telemetry.guards import SensorsHaveColumns
from platform_assets.domains.telemetry.truck_hours import truck_hours
from platform_assets.lake.engines.engine import Engine
from platform_assets_tests.support.settings import settings_for
from platform_assets_tests.support.telemetry.oracle import mean

READINGS = pa.schema(
    {
        **{"day": pa.date32(), "truck_id": pa.string(), "sensor": pa.string()},
        **{"measured_at": pa.timestamp("us", "UTC"), "value": pa.float64()},
    }
)
FIRST, SECOND = date(2026, 1, 1), date(2026, 1, 2)
LARGE = 1.7e308


def read(engine: Engine, *rows: tuple[str, str, float | None], truck: str = "T-1") -> DataFrame:
    """Readings: when, such as `01 10:00:00.000`, of which sensor, and the number; None is a text."""
    full = []
    for when, sensor, value in rows:
        at = datetime.fromisoformat(f"2026-01-{when}+00:00")
        full.append({"day": at.date(), "truck_id": truck, "sensor": sensor, "measured_at": at, "value": value})
    return engine.session.createDataFrame(pa.Table.from_pylist(full, READINGS))


def seen(engine: Engine, *sensors: str, day: date = FIRST) -> DataFrame:
    """The sensors as of a day in the order in which they appeared; `gear:text` says its type, which is number else."""
    rows = []
    for place, sensor in enumerate(sensors, 1):
        name, _, kind = sensor.partition(":")
        rows.append((day, name, place, kind or "number"))
    return engine.session.createDataFrame(rows, "day date, sensor string, place bigint, value_type string")


def hours(readings: DataFrame, sensors: DataFrame, *days: date, most: int = 1000) -> list[dict[str, Any]]:
    """The rows in order, without what is NULL; hours as `01 10:00`."""
    rows = truck_hours(readings, sensors, days=days or [FIRST], max_sensors=most)
    found = rows.withColumn("hour", F.date_format("hour", "dd HH:mm:ss.SSS")).orderBy("hour", "truck_id").drop("day")
    return [{name: value for name, value in row.asDict().items() if value is not None} for row in found.collect()]


def test_an_hour_begins_with_its_first_millisecond_and_ends_before_the_next(engine: Engine) -> None:
    times = ("01 10:00:00.000", "01 10:59:59.999", "01 11:00:00.000", "01 23:59:59.999")
    found = hours(read(engine, *((when, "a", float(n)) for n, when in enumerate(times))), seen(engine, "a"))
    assert found == [
        {"hour": "01 10:00:00.000", "truck_id": "T-1", "a_mean": 0.5, "a_n": 2},
        {"hour": "01 11:00:00.000", "truck_id": "T-1", "a_mean": 2.0, "a_n": 1},
        {"hour": "01 23:00:00.000", "truck_id": "T-1", "a_mean": 3.0, "a_n": 1},
    ]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([0.1, 0.2, 0.3], 0.20000000000000004),
        ([-1e16, 1.0, 1e16], 0.0),
        ([1e16, 1.0, 1.0], 3333333333333334.0),
        ([0.1] * 10, 0.09999999999999999),
        ([LARGE, LARGE], inf),
        ([-LARGE, -LARGE], -inf),
        ([-LARGE, -LARGE, LARGE, LARGE], -inf),
        ([-LARGE, LARGE, LARGE], LARGE / 3),
        ([-5e-324, 0.0, 0.0], 0.0),
    ],
)
def test_a_mean_has_the_bits_of_the_sum_in_ascending_order(
    engine: Engine, values: list[float], expected: float
) -> None:
    assert repr(mean(values)) == repr(expected)
    orders = list(islice(permutations(values), 6))
    of_trucks = [
        read(engine, *((f"01 10:{minute:02}:00.000", "a", value) for minute, value in enumerate(order)), truck=f"T-{n}")
        for n, order in enumerate(orders)
    ]
    found = hours(reduce(DataFrame.unionByName, of_trucks), seen(engine, "a"))
    assert [(repr(row["a_mean"]), row["a_n"]) for row in found] == [(repr(expected), len(values))] * len(orders)


def test_each_truck_and_sensor_has_its_own_means_and_texts_none(engine: Engine) -> None:
    at = "01 10:00:00.000"
    one = read(engine, (at, "a", 1.0), (at, "b", 2.0), (at, "gear", None), ("01 10:30:00.000", "gear", 4.0))
    two = read(engine, (at, "a", 3.0), ("01 10:15:00.000", "a", 4.0), ("01 11:00:00.000", "gear", None), truck="T-2")
    assert hours(one.unionByName(two), seen(engine, "gear:mixed", "b:boolean", "a")) == [
        {
            **{"hour": "01 10:00:00.000", "truck_id": "T-1"},
            **{"a_mean": 1.0, "a_n": 1, "b_mean": 2.0, "b_n": 1, "gear_mean": 4.0, "gear_n": 1},
        },
        {"hour": "01 10:00:00.000", "truck_id": "T-2", "a_mean": 3.5, "a_n": 2},
    ]


@pytest.mark.parametrize(
    ("most", "expected"), [(1, ["c"]), (2, ["b", "c"]), (3, ["b", "c"]), (4, ["a", "b", "c"]), (9, ["a", "b", "c"])]
)
def test_the_sensors_that_appeared_first_have_columns_in_the_order_of_their_names(
    engine: Engine, most: int, expected: list[str]
) -> None:
    readings = read(engine, *(("01 10:00:00.000", name, 1.0) for name in "abc"))
    # A text takes the third place and has no column.
    rows = truck_hours(readings, seen(engine, "c", "b", "t:text", "a"), days=[FIRST], max_sensors=most)
    assert rows.columns == [
        "day",
        "hour",
        "truck_id",
        *(f"{name}_{what}" for name in expected for what in ("mean", "n")),
    ]
    (row,) = rows.collect()
    assert list(row)[3:] == [1.0, 1] * len(expected)


def test_a_run_has_the_columns_of_its_last_day(engine: Engine) -> None:
    sensors = seen(engine, "b").unionByName(seen(engine, "b", "a", day=SECOND))
    readings = read(engine, ("01 10:00:00.000", "b", 1.0), ("02 10:00:00.000", "a", 2.0))
    assert hours(readings, sensors, FIRST, SECOND) == [
        {"hour": "01 10:00:00.000", "truck_id": "T-1", "b_mean": 1.0, "b_n": 1},
        {"hour": "02 10:00:00.000", "truck_id": "T-1", "a_mean": 2.0, "a_n": 1},
    ]


def test_many_sensors_each_have_their_own_columns(engine: Engine) -> None:
    names = [f"s{number:02}" for number in range(50)]
    for count in (2, 3, 5, 10, 50):
        rows = [("01 10:00:00.000", name, float(number)) for number, name in enumerate(names[:count])]
        (row,) = hours(read(engine, *rows), seen(engine, *reversed(names[:count])))
        assert row == {
            **{"hour": "01 10:00:00.000", "truck_id": "T-1"},
            **{f"{name}_mean": float(number) for number, name in enumerate(names[:count])},
            **{f"{name}_n": 1 for name in names[:count]},
        }


def test_without_a_sensor_that_had_a_number_there_are_no_rows(engine: Engine) -> None:
    assert hours(read(engine, ("01 10:00:00.000", "gear", None)), seen(engine, "gear:text")) == []


def test_sensors_after_the_last_that_has_columns_are_told_on_their_first_day(engine: Engine) -> None:
    def names(most: int) -> list[str]:
        first = F.to_timestamp(F.lit("2026-01-01 23:59:59")).alias("first_seen")
        days = [seen(engine, "a", "b", "t:text", day=day).select("*", first) for day in (FIRST, SECOND)]
        inputs = {"sensors": days[0].unionByName(days[1])}
        settings = settings_for(telemetry_max_sensors=most)
        (found,) = SensorsHaveColumns().judge(days[0], inputs, settings)
        assert found.warning
        return [] if found.passed else list(found.details["names"])

    assert names(1) == ["b (2026-01-01)", "t (2026-01-01)"]
    assert names(2) == ["t (2026-01-01)"]
    assert names(3) == []
