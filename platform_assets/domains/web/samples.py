"""Sample deliveries of the feed `web_events`, clean and dirty; not how such files are read."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from heapq import heappop, heappush
from itertools import islice
from pathlib import Path
from random import Random
from typing import Any

from platform_assets.samples.files import (
    BLANK,
    CUT,
    DAY,
    GOOD,
    SampleFile,
    delivery_number,
    in_turn,
    instant,
    slots,
    spread,
    write_files,
)

_FILES = (
    SampleFile("events-main.jsonl"),
    SampleFile("events-mobile.jsonl.gz"),
    SampleFile("events-partner.json", b"\r\n", b"\xef\xbb\xbf", last_line_ends=False),
)
_OTHERS = {1: {"empty.jsonl": b""}, 2: {"NOTES.txt": b"Sent twice.\n"}}  # on one day of three each
_FILE_OF_LINE = (0,) * 7 + (1,) * 2 + (2,)  # drawn from evenly, as are all tuples of values below
_HOSTS = (
    *(("www.homefix.example",) * 30 + ("w3.homefix.example", "homefix.example")),
    *("WWW.HomeFix.example", "www.homefix.example:8443", "guest@www.homefix.example"),
    *("www.gardenpages.example.org", "pets.example.com"),
)
_PATHS = (
    *("", "/", "/guides", "/guides/roof%20repair", "/guides/terrassen-und-b%C3%B6den", "/quotes"),
    *("/search/painters", "/search/tilers", "/search/painters/north/open", "/search//tilers"),
    *("/pros/{}", "/pros/{}/reviews", "/gallery/kitchens/", "/gallery/caf\u00e9"),
)
_TAILS = (
    *(("",) * 14 + ("?q=sink+tap", "#reviews/latest")),
    *("?next=https://www.elsewhere.example/a/b", "?utm_source=mail&utm_term=a%2Fb#top"),
)
_SCHEMES = ("https://",) * 18 + ("http://", "")
_ACTIONS = ("page_view",) * 9 + ("button_click",) * 3 + ("claim",)
_ODD_IPS = ("999.1.2.300", "unknown", "")
_GAPS = (5, 20, 45, 60, 90, 150, 240, 400, 700, 1800, 1801)  # seconds from one hit to the next

_DIRTY_FROM = 500_000_000  # number of a delivery's first event that is to be spoiled
_TRUNCATED = "truncated_last_line"

COPIES = ("copy_in_file", "copy_in_other_file", "copy_of_earlier_delivery")
"""The kinds of exact copies of good events."""

_Event = dict[str, Any]
_Spoil = Callable[[_Event, date, date], str]  # the event, its delivery day, the first day
_text = json.JSONEncoder(ensure_ascii=False).encode


def _stamp(day: date, second: int) -> str:
    """Write the instant so many seconds after the start of the day."""
    at = instant(day, second)
    return f"{at.day:02}/{at.month:02}/{at.year:04} {at.hour:02}:{at.minute:02}:{at.second:02}"


def _with(event: _Event, column: str, *value: object) -> str:
    """Return the text of the event with the field of a column set to a value, or left out."""
    holder = event["user"] if column.startswith("user_") else event
    del holder[column.removeprefix("user_")]
    holder |= {column.removeprefix("user_"): each for each in value}
    return _text(event)


_DIRT: dict[str, tuple[str, _Spoil]] = {
    **{
        f"{how}_{column}": (f"missing_{column}", lambda e, *_, c=column, v=value: _with(e, c, *v))
        for how, value in {"absent": (), "null": (None,), "empty": ("",)}.items()
        for column in ("event_id", "user_id", "action", "url", "timestamp")
    },
    **{
        kind: (f"invalid_{column}", lambda e, *_, c=column, v=value: _with(e, c, v))
        for kind, column, value in (
            ("number_event_id", "event_id", 893471),
            ("boolean_user_id", "user_id", True),
            ("fraction_user_id", "user_id", 10017.5),
            ("letters_user_id", "user_id", "u-10017"),
            ("number_session_id", "user_session_id", 56401),
            ("object_action", "action", {"name": "claim"}),
            ("list_url", "url", ["https://www.homefix.example/"]),
            ("no_host_url", "url", "https:///guides/roof%20repair"),
            ("path_only_url", "url", "/search/painters?q=attic"),
            ("number_timestamp", "timestamp", 1767225600),
            ("february_31", "timestamp", "31/02/2026 09:30:00"),
            ("month_13", "timestamp", "05/13/2026 09:30:00"),
            ("hour_24", "timestamp", "05/01/2026 24:00:00"),
            ("iso_timestamp", "timestamp", "2026-01-05T09:30:00Z"),
        )
    },
    "too_early": ("before_start", lambda e, _, first: _with(e, "timestamp", _stamp(first, -1))),
    "too_late": ("after_delivery", lambda e, day, _: _with(e, "timestamp", _stamp(day, 3 * DAY))),
    "no_closing_brace": ("malformed", lambda event, *_: _text(event)[:-1]),
    "single_quotes": ("malformed", lambda event, *_: _text(event).replace('"', "'")),
    "not_an_object": ("malformed", lambda event, *_: f"[{_text(event)}]"),
    "not_json": ("malformed", lambda event, *_: "--- log rotated ---"),
    _TRUNCATED: ("malformed", lambda event, *_: _text(event)[:60]),
    # The lone surrogate is written as the byte FF.
    "bad_byte": ("not_utf8", lambda event, *_: _with(event, "action", "claim\udcff")),
}
DIRT_RULES = {kind: rule for kind, (rule, _) in _DIRT.items()}
"""The kinds of dirt, and the one rule that a row of the kind breaks."""


def planned_rows(day: date, *, first_day: date, rows: int) -> Counter[str]:
    """Count the dirty rows (`DIRT_RULES`) and copies (`COPIES`) of a delivery, for any seed.

    All other rows are good first occurrences. Raises ValueError when `day` is before `first_day`.
    """
    number = delivery_number(day, first_day)
    dirty = rows * 24 // 1000
    truncated = number % 2 if dirty else 0
    kinds = [kind for kind in _DIRT if kind != _TRUNCATED]
    plan = in_turn(kinds, number * dirty, (number + 1) * dirty - truncated)
    plan[_TRUNCATED] = truncated
    for kind, per_mille in zip(COPIES, (6, 4, 10 if number else 0), strict=True):
        plan[kind] = rows * per_mille // 1000
    return +plan


def write_web_events(folder: Path, day: date, *, first_day: date, rows: int, seed: int) -> list[Path]:
    """Write the delivery of `day`: its events, late ones and those of the next day's first minutes.

    Args:
        folder: the folder of the delivery, created when it does not exist.
        day: the day of the delivery.
        first_day: the day of the first delivery; no good event is older.
        rows: the exact number of lines that are not blank, in all files together.
        seed: chooses the events, but not how many are dirty or copies, see `planned_rows`.

    Returns:
        The files, by name; on some days with an empty one or one that is not of the feed.

    Raises:
        ValueError: `day` is before `first_day`.
        OSError: a file cannot be written.
    """
    plan = planned_rows(day, first_day=first_day, rows=rows)
    main = _FILES[0]._replace(last_line_ends=not plan[_TRUNCATED])
    others = _OTHERS.get((day - first_day).days % 3, {})
    return write_files(folder, (main, *_FILES[1:]), _lines(plan, day, first_day, rows, seed), others)


def _lines(plan: Counter[str], day: date, first_day: date, rows: int, seed: int) -> Iterator[tuple[int, str]]:
    """Yield the lines, blank ones included, each with the number of its file."""
    random = Random(f"web_events:{seed}:{day}:lines")
    # The first row is good, so that there is something to copy.
    special = spread(random, plan - Counter({_TRUNCATED: 1}), rows)
    if plan[_TRUNCATED]:
        special[rows - 1] = _TRUNCATED
    good = _good_events(day, first_day, rows, seed)
    earlier = islice(_good_events(day - timedelta(days=1), first_day, rows, seed), 0, None, 3)
    dirt = sum(plan[kind] for kind in DIRT_RULES)
    dirty = _events(Random(f"web_events:{seed}:{day}:dirt"), day, dirt, False, _DIRTY_FROM)
    last = 0, ""
    for file, kind in slots(random, special, rows, _FILE_OF_LINE):
        if kind == BLANK:
            yield file, ""
        elif kind == GOOD:
            last = file, _text(next(good))
            yield last
        elif kind in DIRT_RULES:
            yield 0 if kind == _TRUNCATED else file, _DIRT[kind][1](next(dirty), day, first_day)
        elif kind == "copy_in_file":
            yield last
        elif kind == "copy_in_other_file":
            yield (last[0] + 1) % len(_FILES), last[1]
        else:
            yield file, _text(next(earlier))


def _good_events(day: date, first_day: date, rows: int, seed: int) -> Iterator[_Event]:
    total = rows - planned_rows(day, first_day=first_day, rows=rows).total()
    random = Random(f"web_events:{seed}:{day}")
    yield from _events(random, day, total, day > first_day, 0)


def _events(random: Random, day: date, total: int, late: bool, number: int) -> Iterator[_Event]:
    """Yield events numbered from `number`, as visits of hits that arrive spread over the day."""
    users = max(10, total // 12)
    due: list[tuple[int, int, int, int]] = []  # a heap: second, visit, user, shift of the day
    for index in range(total):
        now = index * (DAY + CUT) // total
        if due and due[0][0] <= now:
            second, visit, user, shift = heappop(due)
        else:  # nobody goes on, so somebody begins; some users come more often than others
            second, visit = now, number + index
            user = 10_000 + min(random.randrange(users), random.randrange(users))
            shift = -DAY if late and index and random.randrange(100) < 4 else 0
        if random.randrange(5):
            heappush(due, (second + random.choice(_GAPS), visit, user, shift))
        odd, serial = random.randrange(100), number + index
        stamp = _stamp(day, second + shift)
        if 80 < odd <= 85:  # one-digit day and month
            stamp = stamp.lstrip("0").replace("/0", "/")
        yield {
            # The first event has the same id every day; 3 ** 18 shuffles the numbers below 10 ** 9.
            "event_id": f"{day.toordinal()}{serial * 3**18 % 10**9:09}" if serial else "1" * 15,
            "user": {
                "session_id": f"{day.toordinal()}{visit:09}" if odd > 1 else None,
                "id": str(user) if odd > 90 else user,
                "ip": f"198.51.100.{user % 254 + 1}" if odd > 3 else _ODD_IPS[odd % 3],
            },
            "action": random.choice(_ACTIONS),
            "url": random.choice(_SCHEMES)
            + random.choice(_HOSTS)
            + random.choice(_PATHS).format(random.randrange(9_000))
            + random.choice(_TAILS),
            "timestamp": stamp,
            **({"device": "tablet\u2028landscape"} if odd in (10, 11) else {}),
        }


WRITERS = {"web_events": write_web_events}
"""What writes the sample deliveries of the domain's feed."""
