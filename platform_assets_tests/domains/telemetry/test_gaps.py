"""Pauses and gaps of a truck's sensor: small frames with times that a reader can check by eye."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

import pyarrow as pa
import pytest
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from platform_assets.domains.telemetry.gaps import gaps
from platform_assets.domains.telemetry.pauses import pauses
from platform_assets.lake.engines.engine import Engine

READINGS = pa.schema(
    {
        **{"day": pa.date32(), "truck_id": pa.string(), "sensor": pa.string()},
        "measured_at": pa.timestamp("us", "UTC"),
    }
)
PAUSES = (
    "day date, truck_id string, sensor string, last_at timestamp, "
    "recent array<struct<day:date,milliseconds:array<bigint>>>"
)
MINUTE = 60_000
Recent = Mapping[int, Sequence[int]]


def january(day: int) -> date:
    return date(2026, 1, day)


def at(text: str) -> datetime:
    """A time such as `09 23:59:59.999`, of January 2026."""
    return datetime.fromisoformat(f"2026-01-{text}+00:00")


def frame(engine: Engine, *times: str, truck: str = "T-1", sensor: str = "a") -> DataFrame:
    """Readings of a truck's sensor."""
    rows = [{"day": at(t).date(), "truck_id": truck, "sensor": sensor, "measured_at": at(t)} for t in times]
    return engine.session.createDataFrame(pa.Table.from_pylist(rows, READINGS))


def known(engine: Engine, last_at: str, recent: Recent, truck: str = "T-1", sensor: str = "a") -> DataFrame:
    """What is known of it at the end of the 9th: its last reading, and milliseconds of pauses by day."""
    days = [(january(day), list(its)) for day, its in recent.items()]
    rows = engine.session.createDataFrame([(january(9), truck, sensor, None, days)], PAUSES)
    return rows.withColumn("last_at", F.lit(at(last_at)))


def nothing(engine: Engine) -> DataFrame:
    """What is known before the first day."""
    return engine.session.createDataFrame([], PAUSES)


def paused(read: DataFrame, before: DataFrame, *days: int) -> dict[int, tuple[str, dict[int, list[int]]]]:
    """Per day the last reading, and the pauses by their days, in order."""
    rows = pauses(read, before, days=[january(day) for day in days])
    told = rows.select("day", F.date_format("last_at", "dd HH:mm:ss.SSS").alias("last_at"), "recent").collect()
    return {
        row["day"].day: (row["last_at"], {one["day"].day: one["milliseconds"] for one in row["recent"]}) for row in told
    }


def silent(
    read: DataFrame, before: DataFrame, *days: int, factor: float = 10, seconds: int = 600
) -> list[tuple[Any, ...]]:
    """(day, from, until, seconds) of each gap, in order."""
    after = pauses(read, before, days=[january(day) for day in days])
    rows = gaps(read, after, before, gap_factor=factor, gap_seconds=seconds)
    times = [F.date_format(name, "dd HH:mm:ss.SSS").alias(name) for name in ("silent_from", "silent_until")]
    return sorted((row["day"].day, *row[1:]) for row in rows.select("day", *times, "seconds").collect())


@pytest.mark.parametrize(
    ("recent", "limit"),
    [
        ({9: [MINUTE] * 5}, 600_000),
        # Ten times the usual pause is less than the least that a gap lasts, and more.
        ({9: [1_000] * 5}, 600_000),
        ({9: [120_000] * 5}, 1_200_000),
        # The middle one of all days together, and the mean of the middle two.
        ({8: [1_000, 300_000], 9: [60_000, 100_000, 400_000]}, 1_000_000),
        ({8: [60_000, 140_001, 200_000], 9: [1_000, 100_000, 200_000]}, 1_200_005),
        ({2: [60_000], 9: [90_000, 90_000, 90_000, 90_000, 90_000]}, 900_000),
    ],
)
def test_a_gap_is_longer_than_ten_usual_pauses_and_ten_minutes(engine: Engine, recent: Recent, limit: int) -> None:
    def read(milliseconds: int) -> DataFrame:
        seconds, rest = divmod(milliseconds, 1_000)
        return frame(engine, "10 10:00:00.000", f"10 10:{seconds // 60:02}:{seconds % 60:02}.{rest:03}")

    before = known(engine, "09 23:59:00.000", recent)
    assert [one[1] for one in silent(read(limit), before, 10)] == ["09 23:59:00.000"]
    (_, found) = silent(read(limit + 1), before, 10)
    assert (found[1], found[3]) == ("10 10:00:00.000", (limit + 1) / 1_000)


@pytest.mark.parametrize(
    ("recent", "is_gap"),
    [
        ({9: [MINUTE] * 4}, False),
        ({9: [MINUTE] * 5}, True),
        ({7: [MINUTE] * 2, 9: [MINUTE] * 2}, False),
        ({7: [MINUTE] * 2, 8: [], 9: [MINUTE] * 3}, True),
        ({9: []}, False),
    ],
)
def test_of_fewer_than_five_pauses_nothing_is_known(engine: Engine, recent: Recent, is_gap: bool) -> None:
    found = silent(frame(engine, "10 12:00:00.250"), known(engine, "09 12:00:00.000", recent), 10)
    assert found == [(10, "09 12:00:00.000", "10 12:00:00.250", 86_400.25)] * is_gap


def test_each_day_of_a_run_is_judged_by_the_days_before_it(engine: Engine) -> None:
    minutes = [f"10 00:0{minute}:00.000" for minute in range(6)]
    read = frame(engine, *minutes, "10 06:00:00.000", "12 07:00:00.000")
    # On the 10th five pauses are there, too, and count from the next day on.
    assert silent(read, nothing(engine), 10, 11, 12) == [(12, "10 06:00:00.000", "12 07:00:00.000", 176_400.0)]
    assert silent(read, nothing(engine), 10, 11, 12, seconds=176_400) == []


def test_each_sensor_of_a_truck_is_judged_by_its_own_pauses(engine: Engine) -> None:
    read = frame(engine, "10 06:00:00.000").unionByName(frame(engine, "10 06:00:00.000", sensor="b"))
    read = read.unionByName(frame(engine, "10 06:00:00.000", "10 06:30:00.000", truck="T-2"))
    before = known(engine, "10 00:00:00.000", {9: [MINUTE] * 5})
    before = before.unionByName(known(engine, "10 00:00:00.000", {9: [MINUTE * 60] * 9}, sensor="b"))
    found = gaps(read, pauses(read, before, days=[january(10)]), before, gap_factor=10, gap_seconds=600)
    assert [tuple(row) for row in found.select("truck_id", "sensor", "seconds").collect()] == [("T-1", "a", 21_600.0)]


def test_a_factor_may_be_a_fraction(engine: Engine) -> None:
    read, before = frame(engine, "10 00:02:30.001"), known(engine, "10 00:00:00.000", {9: [MINUTE] * 5})
    assert len(silent(read, before, 10, factor=2.5, seconds=0)) == 1
    assert len(silent(frame(engine, "10 00:02:30.000"), before, 10, factor=2.5, seconds=0)) == 0


def test_pauses_are_those_of_the_seven_newest_days_with_readings(engine: Engine) -> None:
    recent = {day: [day] for day in (1, 2, 3, 5, 6, 8)}
    read = frame(engine, "11 00:00:00.001", "13 00:00:00.001")
    found = paused(read, known(engine, "08 00:00:00.001", recent), 9, 10, 11, 12, 13)
    assert found[9] == found[10] == ("08 00:00:00.001", recent)
    assert found[11] == found[12] == ("11 00:00:00.001", recent | {11: [3 * 86_400_000]})
    newest = {day: its for day, its in recent.items() if day > 1}
    assert found[13] == ("13 00:00:00.001", newest | {11: [3 * 86_400_000], 13: [2 * 86_400_000]})


def test_a_pause_is_of_the_day_on_which_it_ends_to_the_millisecond(engine: Engine) -> None:
    read = frame(engine, "10 12:00:00.000", "09 23:00:00.100", "10 00:00:00.000", "09 23:59:59.999", "10 11:59:59.000")
    found = paused(read, nothing(engine), 9, 10)
    first = {9: [3_599_899]}
    assert found == {
        9: ("09 23:59:59.999", first),
        10: ("10 12:00:00.000", first | {10: [1, 1_000, 43_199_000]}),
    }
    assert paused(frame(engine, "09 10:00:00.000"), nothing(engine), 9) == {9: ("09 10:00:00.000", {9: []})}
    one, two = frame(engine, "09 23:00:00.100", "09 23:59:59.999"), read.where("day = DATE '2026-01-10'")
    assert paused(two, pauses(one, nothing(engine), days=[january(9)]), 10) == {10: found[10]}
