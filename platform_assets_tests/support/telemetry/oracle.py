"""The rules of the telemetry domain a second time, in plain Python over bytes: what its tables are compared with."""

from __future__ import annotations

import statistics
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import Any

from platform_assets_tests.support.feed_oracle import Row
from platform_assets_tests.support.feed_oracle import comparable as comparable
from platform_assets_tests.support.landing.parcels import Deliveries
from platform_assets_tests.support.telemetry.raw import raw_readings, sensor_name

MAX_SENSORS, GAP_FACTOR, GAP_SECONDS = 1000, 10.0, 600.0
TABLES = ("raw_readings", "readings", "truck_sensors", "sensors", "truck_hours", "pauses", "gaps")
# The usual pause is that of so many days with readings, and of so many pauses at least.
USUAL_DAYS, USUAL_PAUSES = 7, 5

# A truck's sensor.
Key = tuple[str, str]
Tables = Mapping[str, list[Row]]


def readings(raw: Iterable[Row]) -> list[Row]:
    """What good lines say: of a truck, a sensor and a time the first, by delivery day, file name, then value."""
    first: dict[Any, tuple[Any, Row]] = {}
    for row in raw:
        for sensor, value, value_text, value_type in [] if row["violations"] else row["readings"]:
            # Texts come after all values.
            order = (row["delivery_day"], row["source_file"], value is None, value or 0.0, value_text or "", value_type)
            key = row["truck_id"], sensor, row["timestamp"]
            its = {
                "day": row["day"],
                "truck_id": row["truck_id"],
                "sensor": sensor,
                "measured_at": row["timestamp"],
                "value": value,
                "value_text": value_text,
                "value_type": value_type,
            }
            first[key] = min(first.get(key, (order, its)), (order, its), key=lambda one: one[0])
    return [its for _, its in first.values()]


def truck_sensors(found: Iterable[Row], days: Iterable[date]) -> list[Row]:
    """As of each day every sensor of every truck, how many readings it had, and the first of each type."""
    rows = []
    every = list(found)
    for day in days:
        of_key: dict[Key, list[Row]] = {}
        for reading in every:
            if reading["day"] <= day:
                of_key.setdefault((reading["truck_id"], reading["sensor"]), []).append(reading)
        for (truck, sensor), own in of_key.items():
            firsts = _first_of_types(own)
            times = [reading["measured_at"] for reading in own]
            rows.append(
                {
                    "day": day,
                    "truck_id": truck,
                    "sensor": sensor,
                    "first_seen": min(times),
                    "last_seen": max(times),
                    "first_number": firsts.get("number"),
                    "first_boolean": firsts.get("boolean"),
                    "first_text": firsts.get("text"),
                    "readings": len(own),
                }
            )
    return rows


def _first_of_types(own: Iterable[Row]) -> dict[str, datetime]:
    """When there was the first reading of each type."""
    firsts: dict[str, datetime] = {}
    for reading in own:
        kind, at = reading["value_type"], reading["measured_at"]
        firsts[kind] = min(firsts.get(kind, at), at)
    return firsts


def sensors(found: Iterable[Row], days: Iterable[date]) -> list[Row]:
    """As of each day every sensor, its type, its first and last time, and how many readings and trucks it had."""
    rows = []
    every = list(found)
    for day in days:
        of_sensor: dict[str, list[Row]] = {}
        for reading in every:
            if reading["day"] <= day:
                of_sensor.setdefault(reading["sensor"], []).append(reading)
        in_order = sorted(of_sensor, key=lambda name: (min(one["measured_at"] for one in of_sensor[name]), name))
        for sensor, own in of_sensor.items():
            firsts = _first_of_types(own)
            times = [reading["measured_at"] for reading in own]
            rows.append(
                {
                    "day": day,
                    "sensor": sensor,
                    "place": in_order.index(sensor) + 1,
                    "value_type": next(iter(firsts)) if len(firsts) == 1 else "mixed",
                    "value_type_since": sorted(firsts.values())[len(firsts) > 1],
                    "first_seen": min(times),
                    "last_seen": max(times),
                    "readings": len(own),
                    "trucks": len({reading["truck_id"] for reading in own}),
                }
            )
    return rows


def columns_of(known: Iterable[Row], day: date, max_sensors: int = MAX_SENSORS) -> list[str]:
    """The sensors that have columns on a day, from the rows of `sensors`."""
    own = [row for row in known if row["day"] == day]
    ordered = sorted(own, key=lambda row: (row["first_seen"], row["sensor"]))
    return [row["sensor"] for row in ordered[:max_sensors] if row["value_type"] != "text"]


def truck_hours(
    found: Iterable[Row], known: Iterable[Row], days: Iterable[date], *, max_sensors: int = MAX_SENSORS
) -> list[Row]:
    """Of each hour of a truck that had a number the means; a row has no column of a sensor without one."""
    rows = []
    every, known = list(found), list(known)
    for day in days:
        columns = columns_of(known, day, max_sensors)
        of_hour: dict[tuple[datetime, str], dict[str, list[float]]] = {}
        for reading in every:
            if reading["day"] == day and reading["value"] is not None and reading["sensor"] in columns:
                hour = reading["measured_at"].replace(minute=0, second=0, microsecond=0)
                own = of_hour.setdefault((hour, reading["truck_id"]), {})
                own.setdefault(reading["sensor"], []).append(reading["value"])
        for (hour, truck), values in of_hour.items():
            row: Row = {"day": day, "hour": hour, "truck_id": truck}
            for sensor, numbers in values.items():
                row |= {f"{sensor}_mean": mean(numbers), f"{sensor}_n": len(numbers)}
            rows.append(row)
    return rows


def mean(numbers: Collection[float]) -> float:
    """The sum of numbers in ascending order, as doubles are added one after another, divided by how many they are.

    It is never -0.0, which a number too small for a double would be.
    """
    total = 0.0
    for number in sorted(numbers):
        total += number
    return total / len(numbers) + 0.0


def _times(found: Iterable[Row]) -> dict[Key, list[datetime]]:
    """When each sensor of a truck was read, in order."""
    times: dict[Key, list[datetime]] = {}
    for reading in found:
        times.setdefault((reading["truck_id"], reading["sensor"]), []).append(reading["measured_at"])
    return {key: sorted(own) for key, own in times.items()}


def _pauses_by_day(times: Sequence[datetime]) -> dict[date, list[int]]:
    """Of each day with readings, in order, the milliseconds of the pauses that ended on it, ascending."""
    by_day: dict[date, list[int]] = {at.date(): [] for at in times}
    for before, at in pairwise(times):
        by_day[at.date()].append(_milliseconds(before, at))
    return {day: sorted(own) for day, own in by_day.items()}


def _milliseconds(before: datetime, at: datetime) -> int:
    return (at - before) // timedelta(milliseconds=1)


def pauses(found: Iterable[Row], days: Iterable[date]) -> list[Row]:
    """As of each day the newest days on which each sensor of a truck had readings, with their pauses."""
    of_key = _times(found)
    rows = []
    for day in days:
        for (truck, sensor), times in of_key.items():
            until = [at for at in times if at.date() <= day]
            if until:
                recent = list(_pauses_by_day(until).items())[-USUAL_DAYS:]
                rows.append({"day": day, "truck_id": truck, "sensor": sensor, "last_at": until[-1], "recent": recent})
    return rows


def gaps(found: Iterable[Row], *, gap_factor: float = GAP_FACTOR, gap_seconds: float = GAP_SECONDS) -> list[Row]:
    """The pauses that are much longer than those of the newest days with readings before the day they end on."""
    rows = []
    for (truck, sensor), times in _times(found).items():
        by_day = _pauses_by_day(times)
        for before, at in pairwise(times):
            pause = _milliseconds(before, at)
            newest = [own for day, own in by_day.items() if day < at.date()][-USUAL_DAYS:]
            known = [one for own in newest for one in own]
            if len(known) < USUAL_PAUSES or pause <= gap_seconds * 1000:
                continue
            if pause > gap_factor * statistics.median(known):
                rows.append(
                    {
                        "day": at.date(),
                        "truck_id": truck,
                        "sensor": sensor,
                        "silent_from": before,
                        "silent_until": at,
                        "seconds": pause / 1000,
                    }
                )
    return rows


def tables(
    delivered: Deliveries,
    days: Iterable[date],
    *,
    first_day: date,
    max_sensors: int = MAX_SENSORS,
    gap_factor: float = GAP_FACTOR,
    gap_seconds: float = GAP_SECONDS,
) -> dict[str, list[Row]]:
    """The rows of every table of the domain, by its name, when these days, and no others, were built.

    `first_day` is that of the domain: readings of days before it are rejected.
    """
    days = sorted(days)
    raw = [row for row in raw_readings(delivered, start=first_day) if row["delivery_day"] in days]
    found = [row for row in readings(raw) if row["day"] in days]
    known = sensors(found, days)
    return {
        "raw_readings": raw,
        "readings": found,
        "truck_sensors": truck_sensors(found, days),
        "sensors": known,
        "truck_hours": truck_hours(found, known, days, max_sensors=max_sensors),
        "pauses": pauses(found, days),
        "gaps": gaps(found, gap_factor=gap_factor, gap_seconds=gap_seconds),
    }


def merged_names(raw: Iterable[Row]) -> dict[str, list[str]]:
    """Of the sensors that good lines among raw rows write in more than one way, the names as written."""
    names: dict[str, set[str]] = {}
    for row in raw:
        for name in [] if row["violations"] else row["written_as"]:
            names.setdefault(sensor_name(name), set()).add(name)
    return {sensor: sorted(written) for sensor, written in sorted(names.items()) if len(written) > 1}


def new_sensors(found: Tables, day: date) -> list[str]:
    """The sensors that were first seen on a day."""
    return sorted(row["sensor"] for row in _as_of(found, day).values() if row["first_seen"].date() == day)


def changed_types(found: Tables, day: date) -> list[str]:
    """The sensors that have another type as of a day than as of the day before."""
    before, now = _as_of(found, day - timedelta(days=1)), _as_of(found, day)
    return sorted(name for name in before if before[name]["value_type"] != now[name]["value_type"])


def silent_sensors(found: Tables, day: date) -> list[str]:
    """The sensors that had readings on the day before a day, and have none on it."""
    before, now = (
        {row["sensor"] for row in found["readings"] if row["day"] == its} for its in (day - timedelta(days=1), day)
    )
    return sorted(before - now)


def _as_of(found: Tables, day: date) -> dict[str, Row]:
    return {row["sensor"]: row for row in found["sensors"] if row["day"] == day}
