"""The rules that all feeds of events share, a second time, in plain Python: lines, JSON, and what a raw row holds."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Collection, Iterable
from datetime import date, timedelta
from typing import Any

Row = dict[str, Any]
# A line's values, the rules that it breaks and its unknown fields.
Judged = tuple[Row, list[str], list[str]]
# So many objects and arrays may stand in each other in a line of JSON, its own object included.
DEEPEST = 127


def lines(content: bytes) -> list[bytes]:
    """The lines of a file that are not blank, without byte order marks and line ends."""
    found = [re.sub(rb"\A(\xef\xbb\xbf)+", b"", line).removesuffix(b"\r") for line in content.split(b"\n")]
    return [line for line in found if line.strip(b" \t\r")]


def raw_row(
    line: bytes,
    judge: Callable[[str], Judged | None],
    *,
    columns: Iterable[str],
    time: str,
    delivery_day: date,
    source_file: str,
    start: date,
) -> Row:
    """The row that a line becomes; `judge` gives None for a malformed one, `time` is the column of the event's time."""
    text = line.decode(errors="replace")
    values, broken, extra = judge(text) or (dict.fromkeys(columns), ["malformed"], [])
    at = values[time]
    day = at.date() if at else None
    if day and day < start:
        broken.append("before_start")
    if day and day > delivery_day + timedelta(days=1):
        broken.append("after_delivery")
    if text.encode() != line:
        broken = ["not_utf8"]
    return values | {
        "delivery_day": delivery_day,
        "day": day,
        "source_file": source_file,
        "raw": text if broken else None,
        "violations": broken,
        "extra_fields": extra,
    }


def judged(given: dict[str, Any], required: Collection[str], value: Callable[[str, Any], Any]) -> tuple[Row, list[str]]:
    """The values of given fields, and what is missing or invalid; `value` gives None for what is invalid."""
    values: Row = {}
    broken = []
    for column, found in given.items():
        values[column] = None
        if found is None or found == "":
            broken += [f"missing_{column}"] * (column in required)
        else:
            values[column] = value(column, found)
            broken += [f"invalid_{column}"] * (values[column] is None)
    return values, broken


def json_object(text: str, number: Callable[[str], Any] | None = None) -> dict[str, Any] | None:
    """A line's object; None for text that is no JSON object, or that no table can hold.

    `number` says what becomes of a number as written. By default it is an integer or a double, and a line with one
    beyond a double is no JSON.
    """

    def double(written: str) -> float:
        if math.isinf(float(written)):
            raise ValueError(f"{written} is beyond a double")
        return float(written)

    def integer(written: str) -> int:
        double(written)
        return int(written)

    def no_number(written: str) -> float:
        raise ValueError(f"{written} is no JSON")

    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        json.dumps(pairs, ensure_ascii=False).encode()  # half a surrogate pair cannot be written
        return dict(pairs)

    if _depth(text) > DEEPEST:
        return None
    try:
        found = json.loads(
            text,
            parse_float=number or double,
            parse_int=number or integer,
            parse_constant=no_number,
            object_pairs_hook=unique,
        )
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def _depth(text: str) -> int:
    """How many objects and arrays stand in each other, if the text is JSON."""
    deepest = depth = 0
    for mark in re.findall(r"[\[\]{}]", re.sub(r'"(?:[^"\\]|\\.)*"', "", text)):
        depth += 1 if mark in "[{" else -1
        deepest = max(deepest, depth)
    return deepest


def comparable(rows: Iterable[Row]) -> list[str]:
    """Rows as sorted text: the same for the same rows in any order, also when their time zones are other objects."""
    return sorted(json.dumps(row, default=str, sort_keys=True) for row in rows)
