"""Hypothesis strategies for deliveries of actions: events at the edges of windows, both formats, and dirty lines."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta, timezone

from hypothesis import strategies as st

from platform_assets_tests.support.landing.parcels import Deliveries, Lines, delivery_days, written

ACTIONS = ("Open", "Open", "Close", "close", "OPEN", " open", "cLOSE\t")
# Milliseconds from one event to the next.
GAPS = (0, 0, 1, 999, 1000, 59_999, 60_000, 599_999, 600_000, 600_001, 3_600_000, 86_400_000)
CLOCKS = (time(0), time(0, 9, 59, 999000), time(12, 10), time(23, 50), time(23, 59, 59, 999000))
# So many events in a row, a window apart, give more windows than are ranked.
MANY = 15
# The CSV files and their headers.
HEADERS = {"a.csv": b"time,action", "b.csv": b'"action",time'}
FILES = (*HEADERS, "c.json", "d.jsonl")


def line(file: str, at: datetime, action: str, quoted: bool = False) -> bytes:
    """An action as a file of that name writes it."""
    if file not in HEADERS:
        return json.dumps({"time": int(at.replace(tzinfo=timezone.utc).timestamp()), "action": action}).encode()
    cells = [f"{at.isoformat(timespec='milliseconds')}Z", action]
    if quoted:
        cells = [f'"{cell}"' for cell in cells]
    return ",".join(cells if file == "a.csv" else reversed(cells)).encode()


def dirty_lines(file: str, day: date, start: date) -> tuple[bytes, ...]:
    """Lines of a delivery that are blank or break rules, and odd ones that break none."""
    noon = datetime.combine(day, time(12))
    moments = (
        *(datetime.combine(start, time()) - timedelta(milliseconds=1), noon - timedelta(days=400)),
        *(datetime.combine(day + timedelta(days=n), time()) for n in (1, 2)),
    )
    actions = ("", " ", "\t ", "Opened", "null", "Open Close", "opén", "Op,en")
    good = line(file, noon, "Open")
    common = (
        *(b"", b" \t", b"\r", b"\xff", good + b"\xff", b"\xef\xbb\xbf" + good, b"word", b"time,action", b"{}", b"[]"),
        *(line(file, moment, "Open") for moment in moments),
        *(line(file, noon, action) for action in actions),
    )
    return common + (_dirty_csv(good) if file in HEADERS else _dirty_json(good))


def _dirty_csv(good: bytes) -> tuple[bytes, ...]:
    return (
        *(b",", b'"",""', b'"', good + b",", good + b",x", good.replace(b",", b";"), good.replace(b",", b" ,")),
        *(good.replace(b",", b', "'), good + b'"', b'"' + good, b'"' + good + b'"', good.replace(b",", b'","') + b'"'),
        *(good.replace(b"Open", quoted) for quoted in (b'"Open"', b'"Op""en"', b'"Open" ', b'"Open"x', b'"Op"en"')),
        *(good.replace(b"Open", quoted) for quoted in (b'"Open,Close"', b'" Open\t"', b'""Open""', b"'Open'")),
        *(good.replace(b".000Z", end) for end in (b"Z", b".000", b".00Z", b".000000Z", b".000+00:00", b".000z")),
        *(good.replace(b"T12:", hour) for hour in (b"T24:", b" 12:", b"t12:", b"T1:")),
        *(good.replace(b"-", b"/"), good.replace(b"T12:00:00", b"T12:00:60"), good.replace(b"2026-", b"2026-13-")),
    )


def _dirty_json(good: bytes) -> tuple[bytes, ...]:
    seconds = str(json.loads(good)["time"])
    times = (
        *(
            f'"{seconds}"',
            f'"0{seconds}"',
            f'" {seconds}"',
            f'"-{seconds}"',
            f'"{seconds}.0"',
            '"2026-01-01T12:00:00Z"',
        ),
        *(f"{seconds}.0", f"{seconds}000", f"-{seconds}", "0", "1e9", "true", "null", '""', "[]", "{}"),
        *("9" * 25, f'"{"9" * 25}"', "NaN", f"0{seconds}"),
    )
    return (
        *(
            good.replace(b'"Open"', action)
            for action in (b"null", b"1", b"true", b'["Open"]', b'"\\u004fpen"', b"Open")
        ),
        *(good.replace(seconds.encode(), written_time.encode()) for written_time in times),
        *(good[:-1], good + b"}", good + b" ", good.replace(b'"time"', b'"Time"'), good.replace(b'"action"', b'"x"')),
        *(good[:-1] + b', "b": 1, "a": {"time": 2}}', good[:-1] + b', "action": "Close"}', good[:-1] + b', "": null}'),
    )


@st.composite
def _action_lines(draw: st.DrawFn, days: Sequence[date]) -> Lines:
    lines: Lines = {}
    for _ in range(draw(st.integers(0, 5))):
        at = datetime.combine(draw(st.sampled_from(days)), draw(st.sampled_from(CLOCKS)))
        file, delivery = draw(st.sampled_from(FILES)), draw(delivery_days(at.date(), days))
        for _ in range(draw(st.integers(1, 6))):
            gap, action = draw(st.sampled_from(GAPS)), draw(st.sampled_from(ACTIONS))
            number = MANY if gap == 600_000 and draw(st.booleans()) else 1
            for _ in range(number):
                lines.setdefault((delivery, file), []).append(line(file, at, action, quoted=gap % 1000 == 0))
                at += timedelta(milliseconds=gap)
    return lines


@st.composite
def deliveries(draw: st.DrawFn, days: Sequence[date]) -> Deliveries:
    """Files of actions for delivery days, the first of which is the first day of the domain."""
    lines = draw(_action_lines(days))
    for day in days:
        for _ in range(draw(st.integers(0, 3))):
            file = draw(st.sampled_from(FILES))
            lines.setdefault((day, file), []).append(draw(st.sampled_from(dirty_lines(file, day, days[0]))))
    return draw(written(lines, HEADERS))
