"""The rules of the actions domain a second time, in plain Python over bytes: what its tables are compared with."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable
from datetime import date, datetime, timedelta, timezone
from functools import partial
from typing import Any

from platform_assets_tests.support import feed_oracle
from platform_assets_tests.support.feed_oracle import Judged, Row
from platform_assets_tests.support.feed_oracle import comparable as comparable

COLUMNS = ("time", "action")
EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
CELL = '"(?:[^"]|"")*"|[^",]*'


def raw_rows(content: bytes, delivery_day: date, source_file: str, *, start: date) -> list[Row]:
    """The rows of the raw table that the bytes of a `.csv`, `.json` or `.jsonl` file become."""
    lines = feed_oracle.lines(content)
    judge: Callable[[str], Judged | None] = _judged_json
    if source_file.removesuffix(".gz").endswith(".csv") and lines:
        header = _cells(lines.pop(0).decode()) or []
        if sorted(header) != sorted(COLUMNS):
            raise ValueError(f"{source_file} has no header of {COLUMNS}")
        judge = partial(_judged_csv, header=header)
    return [
        feed_oracle.raw_row(
            line, judge, columns=COLUMNS, time="time", delivery_day=delivery_day, source_file=source_file, start=start
        )
        for line in lines
    ]


def _cells(text: str) -> list[str] | None:
    """The cells of a CSV line, without their quotes; None when a quote stands where none belongs."""
    if not re.fullmatch(f"(?:,(?:{CELL}))+", f",{text}"):
        return None
    found = re.findall(f",({CELL})", f",{text}")
    return [cell[1:-1].replace('""', '"') if cell.startswith('"') else cell for cell in found]


def _judged_csv(text: str, header: list[str]) -> Judged | None:
    cells = _cells(text)
    if cells is None or len(cells) != len(header):
        return None
    return _judged(dict(zip(header, cells, strict=True)), _written_time)


def _judged_json(text: str) -> Judged | None:
    found = feed_oracle.json_object(text)
    return None if found is None else _judged(found, _epoch_time)


def _judged(found: Row, time: Callable[[Any], datetime | None]) -> Judged:
    given = {name: found.get(name) for name in COLUMNS}
    if isinstance(given["action"], str):
        given["action"] = given["action"].strip(" \t")
    values, broken = feed_oracle.judged(given, COLUMNS, lambda name, it: time(it) if name == "time" else _action(it))
    return values, broken, sorted(found.keys() - set(COLUMNS))


def _action(given: Any) -> str | None:
    return {"open": "Open", "close": "Close"}.get(given.lower()) if isinstance(given, str) else None


def _written_time(text: str) -> datetime | None:
    parts = re.fullmatch(r"([0-9]{4})-([0-9]{2})-([0-9]{2})T([0-9]{2}):([0-9]{2}):([0-9]{2})\.([0-9]{3})Z", text)
    if not parts:
        return None
    year, month, day, hour, minute, seconds, thousandths = map(int, parts.groups())
    try:
        return datetime(year, month, day, hour, minute, seconds, thousandths * 1000, tzinfo=timezone.utc)
    except ValueError:
        return None


def _epoch_time(given: Any) -> datetime | None:
    is_integer = isinstance(given, int) and not isinstance(given, bool)
    if not is_integer and not (isinstance(given, str) and re.fullmatch("[0-9]+", given)):
        return None
    try:
        return EPOCH + timedelta(seconds=int(given))
    except (OverflowError, ValueError):  # no year from 1 to 9999
        return None


def actions(raw: Iterable[Row]) -> list[Row]:
    """The actions of raw rows: every good one."""
    return [
        {"day": row["day"], "occurred_at": row["time"], "action": row["action"]} for row in raw if not row["violations"]
    ]


def _counted(acts: Iterable[Row], minutes: int) -> list[tuple[datetime, int, int]]:
    """The starts of the windows with events, in order, and how many opens and closes each has."""
    width = timedelta(minutes=minutes)
    found = Counter((act["occurred_at"] - (act["occurred_at"] - EPOCH) % width, act["action"]) for act in acts)
    return [(at, found[at, "Open"], found[at, "Close"]) for at in sorted({at for at, _ in found})]


def windows(acts: Iterable[Row], *, minutes: int = 10) -> list[Row]:
    """The windows of so many minutes that have events."""
    return [
        {
            "day": at.date(),
            "window_start": at,
            "window_end": at + timedelta(minutes=minutes),
            "open": opens,
            "close": closes,
            "total_actions": opens + closes,
            "average_actions": (opens + closes) / 2,
            "opens_per_minute": opens / minutes,
            "closes_per_minute": closes / minutes,
        }
        for at, opens, closes in _counted(acts, minutes)
    ]


def minutes(acts: Iterable[Row]) -> list[Row]:
    """The minutes that have events."""
    return [{"day": at.date(), "minute": at, "open": opens, "close": closes} for at, opens, closes in _counted(acts, 1)]


def window_summary(window_rows: Iterable[Row], days: Iterable[date]) -> list[Row]:
    """As of each day the number of windows and what they hold."""
    known = list(window_rows)
    rows = []
    for day in days:
        totals = [window["total_actions"] for window in known if window["day"] <= day]
        average = sum(totals) / len(totals) if totals else None
        rows.append(
            {
                "day": day,
                "windows": len(totals),
                "total_actions": sum(totals),
                "average_actions_per_window": average,
            }
        )
    return rows


def top_windows(window_rows: Iterable[Row], days: Iterable[date], *, limit: int = 10) -> list[Row]:
    """As of each day the windows with the most opens."""
    ordered = sorted(window_rows, key=lambda window: (-window["open"], window["window_start"]))
    names = ("window_start", "window_end", "open", "close")
    rows = []
    for day in days:
        best = [window for window in ordered if window["open"] and window["day"] <= day][:limit]
        rows += [
            {"day": day, "rank": rank, **{name: window[name] for name in names}} for rank, window in enumerate(best, 1)
        ]
    return rows


def tables(raw: list[Row], acts: list[Row], days: list[date], *, minutes_of_window: int = 10) -> dict[str, list[Row]]:
    """The rows of every table of the domain, by its name, from the raw rows and the actions among them."""
    found = windows(acts, minutes=minutes_of_window)
    return {
        "raw_actions": raw,
        "actions": acts,
        "windows": found,
        "minutes": minutes(acts),
        "window_summary": window_summary(found, days),
        "top_windows": top_windows(found, days),
    }
