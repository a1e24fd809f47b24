"""Sample deliveries of the feed `actions`, clean and dirty; not how such files are read."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from random import Random
from typing import NamedTuple

from platform_assets.samples.files import (
    BLANK,
    DAY,
    SampleFile,
    instant,
    planned_dirt,
    slots,
    spread,
    write_files,
)

_FILES = (
    SampleFile("actions-doors.csv"),
    SampleFile("actions-gates.csv", b"\r\n", b"\xef\xbb\xbf", last_line_ends=False),
    SampleFile("actions-lifts.jsonl.gz"),
)
_CSV_FILES, _JSON_FILE = (0, 1), 2
_FILE_OF_LINE = (0,) * 5 + (1,) + (2,) * 4  # drawn from evenly, as are all tuples of values below
_HEADER = "time,action"
_CSV_FORMS = ("{},{}",) * 8 + ('"{}","{}"', '{},"{}"')
_SPELLINGS = {
    action: (
        (action,) * 16 + (action.lower(), action.upper(), f" {action.lower()}", f"{action}  ", f" {action.upper()} ")
    )
    for action in ("Open", "Close")
}
_HOURS = (  # the runs of a delivery, some hours being busier than others and some silent; 24 is of the next day
    *(0, 1, 5, 6, 7, 7, 8, 8, 8, 8, 9, 9, 9, 10, 11, 12, 12, 13),
    *(14, 15, 16, 16, 17, 17, 17, 17, 18, 18, 19, 20, 21, 22, 23, 24),
)

_HOUR = 3_600_000  # milliseconds, as all times of events
_EDGES = 300_000  # where windows of 5, 10, 30 ... minutes begin
_MIDNIGHTS = (0, 24 * _HOUR - 1, 24 * _HOUR)  # the first events of every delivery
_YEAR_10000 = 253_402_300_800


class _Event(NamedTuple):
    at: datetime
    action: str


_Spoil = Callable[[_Event, date, date], str]  # the event, its delivery day, the first day
_text = json.JSONEncoder(ensure_ascii=False).encode


def _stamp(at: datetime) -> str:
    return f"{at.isoformat(timespec='milliseconds')}Z"


def _epoch(at: datetime) -> int:
    return (at - datetime(1970, 1, 1)) // timedelta(seconds=1)


def _json(event: _Event, **fields: object) -> str:
    """Return the line of the event with other values of some fields."""
    return _text({"time": _epoch(event.at), "action": event.action} | fields)


_CSV_DIRT: dict[str, tuple[str, _Spoil]] = {
    "one_field": ("malformed", lambda event, *_: _stamp(event.at)),
    "three_fields": ("malformed", lambda event, *_: f"{_stamp(event.at)},{event.action},north"),
    "open_quote": ("malformed", lambda event, *_: f'{_stamp(event.at)},"{event.action}'),
    "no_time": ("missing_time", lambda event, *_: f",{event.action}"),
    "no_action": ("missing_action", lambda event, *_: f"{_stamp(event.at)},"),
    "quoted_nothing": ("missing_action", lambda event, *_: f'"{_stamp(event.at)}",""'),
    **{
        kind: ("invalid_time", lambda event, *_, v=value: f"{v},{event.action}")
        for kind, value in (
            ("no_z", "2026-01-05T09:30:00.000"),
            ("no_milliseconds", "2026-01-05T09:30:00Z"),
            ("offset", "2026-01-05T09:30:00.000+01:00"),
            ("epoch_in_csv", "1767605400"),
            ("february_31", "2026-02-31T09:30:00.000Z"),
            ("hour_24", "2026-01-05T24:00:00.000Z"),
        )
    },
    "opened": ("invalid_action", lambda event, *_: f"{_stamp(event.at)},opened"),
    "toggle": ("invalid_action", lambda event, *_: f'{_stamp(event.at)},"Toggle"'),
    "too_early": ("before_start", lambda event, _, first: f"{_stamp(instant(first, -1))},{event.action}"),
    "too_late": ("after_delivery", lambda event, day, _: f"{_stamp(instant(day, 2 * DAY))},{event.action}"),
    # The lone surrogate is written as the byte FF.
    "bad_byte": ("not_utf8", lambda event, *_: f"{_stamp(event.at)},{event.action}\udcff"),
}
_JSON_DIRT: dict[str, tuple[str, _Spoil]] = {
    "no_closing_brace": ("malformed", lambda event, *_: _json(event)[:-1]),
    "single_quotes": ("malformed", lambda event, *_: _json(event).replace('"', "'")),
    "not_an_object": ("malformed", lambda event, *_: _text([_epoch(event.at), event.action])),
    "absent_time": ("missing_time", lambda event, *_: _text({"action": event.action})),
    "null_time": ("missing_time", lambda event, *_: _json(event, time=None)),
    "absent_action": ("missing_action", lambda event, *_: _text({"time": _epoch(event.at)})),
    "null_action": ("missing_action", lambda event, *_: _json(event, action=None)),
    "empty_action": ("missing_action", lambda event, *_: _json(event, action="")),
    "iso_time_in_json": ("invalid_time", lambda event, *_: _json(event, time=_stamp(event.at))),
    "epoch_milliseconds": ("invalid_time", lambda event, *_: _json(event, time=_epoch(event.at) * 1_000)),
    "year_10000": ("invalid_time", lambda event, *_: _json(event, time=_YEAR_10000)),
    "number_action": ("invalid_action", lambda event, *_: _json(event, action=1)),
    "close_all": ("invalid_action", lambda event, *_: _json(event, action="close all")),
    "too_early_in_json": ("before_start", lambda event, _, first: _json(event, time=_epoch(instant(first, -1)))),
    "too_late_in_json": ("after_delivery", lambda event, day, _: _json(event, time=_epoch(instant(day, 2 * DAY)))),
    "bad_byte_in_json": ("not_utf8", lambda event, *_: _json(event, action=f"{event.action}\udcff")),
}
_DIRT = _CSV_DIRT | _JSON_DIRT
DIRT_RULES = {kind: rule for kind, (rule, _) in _DIRT.items()}
"""The kinds of dirt, and the one rule that a row of the kind breaks."""


def planned_rows(day: date, *, first_day: date, rows: int) -> Counter[str]:
    """Count the dirty rows (`DIRT_RULES`) of a delivery, for any seed; all others are good.

    Raises ValueError when `day` is before `first_day`.
    """
    return planned_dirt(tuple(_DIRT), day, first_day=first_day, rows=rows)


def write_actions(folder: Path, day: date, *, first_day: date, rows: int, seed: int) -> list[Path]:
    """Write the delivery of `day`: its events, late ones and those of the next day's first hour.

    Args:
        folder: the folder of the delivery, created when it does not exist.
        day: the day of the delivery.
        first_day: the day of the first delivery; no good event is older.
        rows: the exact number of lines that are neither blank nor headers, in all files together.
        seed: chooses the events, but not how many are dirty, see `planned_rows`.

    Returns:
        The files, by name; on some days with one that is not of the feed.

    Raises:
        ValueError: `day` is before `first_day`.
        OSError: a file cannot be written.
    """
    plan = planned_rows(day, first_day=first_day, rows=rows)
    others = {"actions-doors.csv.bak": f"{_HEADER}\n".encode()} if (day - first_day).days % 4 == 3 else {}
    return write_files(folder, _FILES, _lines(plan, day, first_day, rows, seed), others)


def _lines(plan: Counter[str], day: date, first_day: date, rows: int, seed: int) -> Iterator[tuple[int, str]]:
    """Yield the lines, headers and blank ones included, each with the number of its file."""
    random = Random(f"actions:{seed}:{day}:lines")
    good = _events(Random(f"actions:{seed}:{day}"), day, rows - plan.total(), day > first_day)
    dirty = _events(Random(f"actions:{seed}:{day}:dirt"), day, plan.total(), False)
    for file in _CSV_FILES:
        yield file, _HEADER
    for file, kind in slots(random, spread(random, plan, rows), rows, _FILE_OF_LINE):
        if kind == BLANK:
            yield file, ""
        elif kind in _JSON_DIRT:
            yield _JSON_FILE, _JSON_DIRT[kind][1](next(dirty), day, first_day)
        elif kind in _CSV_DIRT:
            yield random.choice(_CSV_FILES), _CSV_DIRT[kind][1](next(dirty), day, first_day)
        elif file == _JSON_FILE:
            yield file, _json(next(good))
        else:
            event = next(good)
            yield file, random.choice(_CSV_FORMS).format(_stamp(event.at), event.action)


def _events(random: Random, day: date, total: int, late: bool) -> Iterator[_Event]:
    """Yield at least so many events, as runs of an hour: in order within a run, the runs in any order."""
    hours = random.sample(_HOURS, len(_HOURS))
    span = len(hours) * _HOUR
    for index in range(total):
        run, ms = divmod((index * span + random.randrange(span)) // total, _HOUR)
        ms += hours[run] * _HOUR
        if index < len(_MIDNIGHTS):
            ms = _MIDNIGHTS[index]
        elif not random.randrange(20):  # at the very start of a window, or at the very end of the one before
            ms = max(0, ms - ms % _EDGES - random.randrange(2))
        # Mornings open and evenings close.
        action = random.choice(_SPELLINGS["Open" if random.randrange(25) >= hours[run] else "Close"])
        shift = -DAY if late and not random.randrange(25) else 0
        event = _Event(instant(day, shift) + timedelta(milliseconds=ms), action)
        yield event
        if not random.randrange(40):  # a repeated row is another event
            yield event


WRITERS = {"actions": write_actions}
"""What writes the sample deliveries of the domain's feed."""
