"""Times written as text: what is exactly of the format is its instant, all else is none."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from functools import partial

import pytest
from pyspark.sql import Column
from pyspark.sql import functions as F

from platform_assets.lake.engines.engine import Engine
from platform_assets.transforms.times import epoch_seconds, utc_instant

UTC = timezone.utc
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
precise = partial(utc_instant, millis=True)


def instants(engine: Engine, parse: Callable[[Column], Column], texts: list[str]) -> dict[str, datetime | None]:
    """The instant of each text; read as microseconds, so that no zone has a say in it."""
    frame = engine.session.createDataFrame([(text,) for text in texts], "text string")
    found = frame.select("text", F.unix_micros(parse(F.col("text"))).alias("micros")).collect()
    return {r["text"]: None if r["micros"] is None else EPOCH + timedelta(microseconds=r["micros"]) for r in found}


WRITTEN = {
    "2026-01-05T10:15:00Z": datetime(2026, 1, 5, 10, 15, tzinfo=UTC),
    "2026-01-05T00:00:00Z": datetime(2026, 1, 5, tzinfo=UTC),
    "2026-01-05T23:59:59Z": datetime(2026, 1, 5, 23, 59, 59, tzinfo=UTC),
    "1970-01-01T00:00:00Z": EPOCH,
    "1969-12-31T23:59:59Z": datetime(1969, 12, 31, 23, 59, 59, tzinfo=UTC),
    "0001-01-01T00:00:00Z": datetime(1, 1, 1, tzinfo=UTC),
    "9999-12-31T23:59:59Z": datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC),
    # Days that are skipped or doubled in other calendars and zones.
    "1582-10-10T00:00:00Z": datetime(1582, 10, 10, tzinfo=UTC),
    "1883-11-18T12:00:00Z": datetime(1883, 11, 18, 12, tzinfo=UTC),
    "2026-03-29T02:30:00Z": datetime(2026, 3, 29, 2, 30, tzinfo=UTC),
    "2026-10-25T02:30:00Z": datetime(2026, 10, 25, 2, 30, tzinfo=UTC),
    "2024-02-29T12:00:00Z": datetime(2024, 2, 29, 12, tzinfo=UTC),
    "2000-02-29T12:00:00Z": datetime(2000, 2, 29, 12, tzinfo=UTC),
}
NO_TIMES = (
    *("2026-02-29T12:00:00Z", "1900-02-29T12:00:00Z", "2026-04-31T12:00:00Z", "2026-00-01T12:00:00Z"),
    *("2026-13-01T12:00:00Z", "2026-01-00T12:00:00Z", "2026-01-32T12:00:00Z", "0000-01-01T00:00:00Z"),
    *("2026-01-05T24:00:00Z", "2026-01-05T23:60:00Z", "2026-01-05T23:59:60Z", "2026-01-05T99:99:99Z"),
    *("2026-01-05T10:15:00", "2026-01-05T10:15:00z", "2026-01-05t10:15:00Z", "2026-01-05 10:15:00Z"),
    *("2026-01-05T10:15Z", "2026-01-05", "2026-1-05T10:15:00Z", "2026-01-5T10:15:00Z", "2026-01-05T9:15:00Z"),
    *("26-01-05T10:15:00Z", "12026-01-05T10:15:00Z", "+2026-01-05T10:15:00Z", "-2026-01-05T10:15:00Z"),
    *(" 2026-01-05T10:15:00Z", "2026-01-05T10:15:00Z ", "2026-01-05T10:15:00Z\r", "2026-01-05T10:15:00Z\n"),
    *("2026-01-05T10:15:00+00:00", "2026-01-05T10:15:00ZZ", "2026-01-05T10:15:00Z\n2026-01-05T10:15:00Z"),
    *("20260105T101500Z", "2026/01/05T10:15:00Z", "\uff12026-01-05T10:15:00Z", "٢٠٢٦-01-05T10:15:00Z"),
    *("2026-01-05T10:15:00.0Z", "2026-01-05T10:15:00.00Z", "2026-01-05T10:15:00.0000Z", "2026-01-05T10:15:00,000Z"),
    *("2026-01-05T10:15:00.000000Z", "2026-01-05T10:15:00.Z", "2026-01-05T10:15:00.000", "1767608100", "now", ""),
)


def with_millis(text: str, millis: int) -> str:
    return text.replace("Z", f".{millis:03}Z")


def test_a_time_as_written_is_its_instant(engine: Engine) -> None:
    assert instants(engine, utc_instant, list(WRITTEN)) == WRITTEN


@pytest.mark.parametrize("millis", [0, 1, 9, 10, 100, 123, 500, 999])
def test_a_time_with_milliseconds_as_written_is_its_instant(engine: Engine, millis: int) -> None:
    expected = {with_millis(text, millis): at + timedelta(milliseconds=millis) for text, at in WRITTEN.items()}
    assert instants(engine, precise, list(expected)) == expected


def test_any_other_text_is_no_time_and_stops_nothing(engine: Engine) -> None:
    assert instants(engine, utc_instant, [*NO_TIMES]) == dict.fromkeys(NO_TIMES)
    texts = [*NO_TIMES, *(with_millis(text, 5) for text in NO_TIMES if text.endswith("Z") and "." not in text)]
    doubled = with_millis("2026-01-05T10:15:00Z", 5) + "Z"
    found = instants(engine, precise, [*texts, doubled])
    assert found == dict.fromkeys([*texts, doubled])


def test_milliseconds_are_written_always_or_never(engine: Engine) -> None:
    texts = [with_millis(text, 0) for text in WRITTEN]
    assert instants(engine, utc_instant, texts) == dict.fromkeys(texts)
    assert instants(engine, precise, list(WRITTEN)) == dict.fromkeys(WRITTEN)


SECONDS = {
    "0": EPOCH,
    "1": datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC),
    "-1": datetime(1969, 12, 31, 23, 59, 59, tzinfo=UTC),
    "1469501107": datetime(2016, 7, 26, 2, 45, 7, tzinfo=UTC),
    "2147483648": datetime(2038, 1, 19, 3, 14, 8, tzinfo=UTC),
    "0001469501107": datetime(2016, 7, 26, 2, 45, 7, tzinfo=UTC),
    "0" * 40 + "1": datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC),
    "253402300799": datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC),
    "-62135596800": datetime(1, 1, 1, tzinfo=UTC),
}
NO_SECONDS = (
    *("253402300800", "-62135596801", "999999999999", "-999999999999", "1469501107000", "9223372036854775807"),
    *("-9223372036854775808", "9223372036854775808", "9" * 40, "-" + "9" * 40, "1.0", "1.5", "1e3", ".5", "+1"),
    *("--1", "1-", "-", "", " ", " 1", "1 ", "1\n", "1\n1", "0x1", "1_000", "1,000", "٥", "NaN", "true", "null"),
    *("2026-01-05T10:15:00Z", "1469501107L", "1469501107s"),
)


def test_whole_seconds_are_instants_from_the_year_1_to_9999(engine: Engine) -> None:
    assert instants(engine, epoch_seconds, list(SECONDS)) == SECONDS


def test_any_other_text_is_no_second_and_stops_nothing(engine: Engine) -> None:
    assert instants(engine, epoch_seconds, [*NO_SECONDS]) == dict.fromkeys(NO_SECONDS)
