"""The lines of the telemetry feed a second time, in plain Python over bytes: what raw_readings is compared with."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Collection, Mapping
from datetime import date, datetime, timezone
from typing import Any, NamedTuple

from platform_assets_tests.support import feed_oracle
from platform_assets_tests.support.csv_oracle import unpacked
from platform_assets_tests.support.feed_oracle import Judged, Row
from platform_assets_tests.support.landing.parcels import Deliveries

FIELDS = ("truck_id", "timestamp", "readings")
COLUMNS = ("truck_id", "timestamp", "readings", "written_as", "rejected_readings")


class Number(float):
    """A number of a line, infinite when it is beyond a double, and how it is written."""

    written: str

    def __new__(cls, written: str) -> Number:
        made = super().__new__(cls, written)
        made.written = written
        return made


class Reading(NamedTuple):
    """What a sensor said: a number or a boolean in `value`, or a text."""

    sensor: str
    value: float | None
    value_text: str | None
    value_type: str


class Rejection(NamedTuple):
    """A reading that cannot be stored: its name as written, its value as text, and why."""

    name: str
    value: str
    reason: str


def raw_readings(delivered: Deliveries, *, start: date) -> list[Row]:
    """The rows of the raw table that the files of all deliveries become.

    `written_as` has the name of each of the `readings` as its line writes it, in the same order.
    """
    return [
        feed_oracle.raw_row(
            line, _judged, columns=COLUMNS, time="timestamp", delivery_day=day, source_file=name, start=start
        )
        for day, files in delivered.items()
        for name, content in files.items()
        for line in feed_oracle.lines(unpacked(content))
    ]


def _judged(text: str) -> Judged | None:
    found = feed_oracle.json_object(text, Number)
    if found is None:
        return None
    single = {name: found.get(name) for name in ("truck_id", "timestamp")}
    values, broken = feed_oracle.judged(single, tuple(single), _value)
    inside = found.get("readings")
    if inside is not None and not isinstance(inside, dict):
        broken.append("invalid_readings")
        inside = None
    outside = {name: value for name, value in found.items() if name not in FIELDS}
    stored, rejected = _told_apart(inside or {}, ())
    beside, rejected_beside = _told_apart(outside, {sensor_name(name) for name, _ in stored})
    stored += beside
    values["readings"] = [reading for _, reading in stored]
    values["written_as"] = [name for name, _ in stored]
    values["rejected_readings"] = rejected + rejected_beside
    return values, broken, []


def _value(column: str, given: Any) -> Any:
    if not isinstance(given, str):
        return None
    return given if column == "truck_id" else _time(given)


def _time(text: str) -> datetime | None:
    parts = re.fullmatch(r"([0-9]{4})-([0-9]{2})-([0-9]{2})T([0-9]{2}):([0-9]{2}):([0-9]{2})\.([0-9]{3})Z", text)
    if not parts:
        return None
    year, month, day, hour, minute, seconds, thousandths = map(int, parts.groups())
    try:
        return datetime(year, month, day, hour, minute, seconds, thousandths * 1000, tzinfo=timezone.utc)
    except ValueError:
        return None


def sensor_name(written: str) -> str:
    """The name under which a sensor is stored."""
    words = re.sub(r"([a-z0-9])(?=[A-Z])", r"\1_", written)
    return re.sub(r"[ ._-]+", "_", words).lower()


def _told_apart(
    members: Mapping[str, Any], taken: Collection[str]
) -> tuple[list[tuple[str, Reading]], list[Rejection]]:
    """The readings among the members of an object with their names as written, and those that are rejected."""
    stored, rejected = [], []
    for name, value in members.items():
        if value is None:
            continue
        reason = None
        if not re.fullmatch("[A-Za-z][A-Za-z0-9_ .-]{0,63}", name):
            reason = "invalid_name"
        elif isinstance(value, (dict, list)) or (isinstance(value, Number) and math.isinf(value)):
            reason = "invalid_value"
        elif sensor_name(name) in taken:
            reason = "also_in_readings"
        if reason:
            rejected.append(Rejection(name, value if isinstance(value, str) else as_json(value), reason))
        else:
            stored.append((name, _reading(name, value)))
    return stored, rejected


def _reading(name: str, value: Any) -> Reading:
    sensor = sensor_name(name)
    if isinstance(value, str):
        return Reading(sensor, None, value, "text")
    # No zero is negative.
    return Reading(sensor, float(value) + 0.0, None, "boolean" if isinstance(value, bool) else "number")


def as_json(value: Any) -> str:
    """A value as JSON without blanks, its numbers as its line writes them."""
    if isinstance(value, Number):
        return value.written
    if isinstance(value, dict):
        return "{" + ",".join(f"{as_json(name)}:{as_json(inner)}" for name, inner in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(as_json, value)) + "]"
    return json.dumps(value, ensure_ascii=False)


def comparable_value(text: str) -> str:
    """The value of a rejected reading, the same for the same value however its numbers and objects are written."""
    found = feed_oracle.json_object('{"value":' + text + "}", Number)
    # A text may look like JSON here and there.
    if found is None or found.keys() != {"value"} or text != text.strip():
        return text
    return json.dumps(_plain(found["value"]), sort_keys=True)


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _plain(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_plain(inner) for inner in value]
    if isinstance(value, Number):
        return f"beyond a double: {value.written}" if math.isinf(value) else float(value) + 0.0
    return value
