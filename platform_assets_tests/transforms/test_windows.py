"""Tumbling windows: in which a time lies, at their edges, before 1970, and for lengths from a minute to a day."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from platform_assets.lake.engines.engine import Engine
from platform_assets.transforms.windows import window_end, window_start
from platform_assets_tests.support.engines import examples

EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
LENGTHS = [minutes for minutes in range(1, 1441) if 1440 % minutes == 0]


def windows(engine: Engine, minutes: int, *times: datetime) -> list[tuple[datetime, datetime]]:
    """The start and the end of the window of each time, in their order."""
    rows = pa.table({"n": range(len(times)), "at": pa.array(times, pa.timestamp("us", "UTC"))})
    starts = engine.session.createDataFrame(rows).withColumn("start", window_start("at", minutes))
    found = starts.withColumn("end", window_end("start", minutes)).toArrow().to_pylist()
    return [(row["start"], row["end"]) for row in sorted(found, key=lambda row: row["n"])]


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=timezone.utc)


@pytest.mark.parametrize(
    ("time", "minutes", "start", "end"),
    [
        ("2026-01-02 12:00:00", 10, "2026-01-02 12:00", "2026-01-02 12:10"),
        ("2026-01-02 12:09:59.999999", 10, "2026-01-02 12:00", "2026-01-02 12:10"),
        ("2026-01-02 12:10:00", 10, "2026-01-02 12:10", "2026-01-02 12:20"),
        ("2026-01-02 12:00:59.999999", 1, "2026-01-02 12:00", "2026-01-02 12:01"),
        ("2026-01-02 00:00:00", 10, "2026-01-02 00:00", "2026-01-02 00:10"),
        ("2026-01-01 23:59:59.999999", 10, "2026-01-01 23:50", "2026-01-02 00:00"),
        ("2026-01-02 00:00:00", 1440, "2026-01-02 00:00", "2026-01-03 00:00"),
        ("2026-01-02 23:59:59.999999", 1440, "2026-01-02 00:00", "2026-01-03 00:00"),
        ("1970-01-01 00:00:00", 10, "1970-01-01 00:00", "1970-01-01 00:10"),
        ("1969-12-31 23:59:59.999999", 10, "1969-12-31 23:50", "1970-01-01 00:00"),
        ("1969-12-31 23:50:00", 10, "1969-12-31 23:50", "1970-01-01 00:00"),
        ("1969-12-31 23:49:59.5", 10, "1969-12-31 23:40", "1969-12-31 23:50"),
        ("1969-12-31 00:00:00.000001", 1440, "1969-12-31 00:00", "1970-01-01 00:00"),
        ("1900-02-28 23:59:59.999999", 1440, "1900-02-28 00:00", "1900-03-01 00:00"),
    ],
)
def test_a_window_holds_its_start_and_not_its_end(
    engine: Engine, time: str, minutes: int, start: str, end: str
) -> None:
    assert windows(engine, minutes, utc(time)) == [(utc(start), utc(end))]


@settings(max_examples=examples(15), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    minutes=st.sampled_from(LENGTHS),
    times=st.lists(
        st.datetimes(datetime(1900, 1, 1), datetime(2200, 1, 1), timezones=st.just(timezone.utc)), min_size=1
    ),
)
def test_any_time_lies_in_its_window_which_starts_a_whole_number_of_windows_behind_midnight(
    engine: Engine, minutes: int, times: list[datetime]
) -> None:
    length = timedelta(minutes=minutes)
    for time, (start, end) in zip(times, windows(engine, minutes, *times), strict=True):
        assert start <= time < end == start + length
        midnight = datetime(time.year, time.month, time.day, tzinfo=timezone.utc)
        assert not (start - midnight) % length
