"""Hypothesis strategies for deliveries of plays: where sessions split or go on, ties, late rows, and dirty lines."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta

from hypothesis import strategies as st

from platform_assets_tests.support.landing.parcels import Deliveries, Lines, delivery_days, written

USERS = ("ann", "bob", "u|3", "Ünal")
# Artist ID, artist, track ID, title.
SONGS = (
    *(("a1", "A", "", "x"), ("a1", "A", "t2", "y"), ("", "B", "", "x"), ("", "B", "t4", "NA")),
    *(("", '"B', "", 'x"'), ("", "A", "", " x"), ("", "null", "", "\u2028")),
)
GAPS = (0, 1, 600, 1199, 1200, 1201, 3600, 86400)
CLOCKS = (time(0), time(23, 40), time(23, 59, 59))
# So many plays in a row, 20 minutes apart, go over two midnights or more.
LONG = 150
FILES = ("a.tsv", "b.tsv")


def line(user: str, at: datetime, song: tuple[str, str, str, str]) -> bytes:
    """A play as the feed writes it."""
    return "\t".join((user, f"{at:%Y-%m-%dT%H:%M:%SZ}", *song)).encode()


def dirty_lines(day: date, start: date) -> tuple[bytes, ...]:
    """Lines of a delivery that are blank or break rules, and odd ones that break none."""
    good = line("ann", datetime.combine(day, time(12)), SONGS[0])
    noon = f"{day}T12:00:00Z".encode()
    times = (
        *(b"", b" ", noon[:-1], noon.lower(), noon.replace(b"T", b" "), noon + b" ", b" " + noon, b"1767261600"),
        *(noon.replace(b"12:", b"24:"), noon.replace(b":00Z", b":60Z"), noon.replace(b":00Z", b":00.000Z")),
        *(b"2026-02-30T12:00:00Z", b"2026-13-01T12:00:00Z", b"0000-01-01T12:00:00Z", b"26-01-01T12:00:00Z"),
        *(f"{start - timedelta(days=1)}T23:59:59Z".encode(), b"0001-01-01T00:00:00Z", b"9999-12-31T23:59:59Z"),
        *(f"{day + timedelta(days=n)}T{clock}Z".encode() for n, clock in ((1, "23:59:59"), (2, "00:00:00"))),
    )
    return (
        *(b"", b" ", b"\t", b"\t\t\t\t\t", b"\r", b"\xef\xbb\xbf"),
        *(b"ann", good + b"\t", good.replace(b"\t", b",", 1), good[:-2], b'"' + good + b'"', b"\xef\xbb\xbf" + good),
        *(good + b"\xff", b"\xff", good + b"\t\xc3", good + b"\r", good + b"\0", good + b"\xef\xbf\xbd"),
        *(good.replace(b"ann", b""), good.replace(b"\tA\t", b"\t\t"), good.removesuffix(b"x"), good + b" "),
        *(b"\tword\t\t\t\t", b"\t2020-01-01T00:00:00Z\t\t\t\t", good.replace(b"ann", b" "), good.replace(b"A", b" ")),
        *(good.replace(noon, written_time) for written_time in times),
    )


@st.composite
def _play_lines(draw: st.DrawFn, days: Sequence[date]) -> Lines:
    lines: Lines = {}
    for user in USERS:
        for _ in range(draw(st.integers(0, 2))):
            at = datetime.combine(draw(st.sampled_from(days)), draw(st.sampled_from(CLOCKS)))
            for _ in range(draw(st.integers(1, 6))):
                move = draw(st.sampled_from(GAPS + CLOCKS))
                number = LONG if move in (1199, 1200) and draw(st.integers(0, 7)) == 0 else 1
                song, file = draw(st.integers(0, len(SONGS) - 1)), draw(st.sampled_from(FILES))
                delivery = draw(delivery_days(at.date(), days))
                for step in range(number):
                    at = _moved(at, move)
                    # What goes on for days is delivered day by day.
                    day = delivery if number == 1 else min(max(at.date(), delivery), days[-1])
                    lines.setdefault((day, file), []).append(line(user, at, SONGS[(song + step) % len(SONGS)]))
    return lines


def _moved(at: datetime, move: int | time) -> datetime:
    """So many seconds later, or the next time that a clock shows a time."""
    if isinstance(move, int):
        return at + timedelta(seconds=move)
    today = datetime.combine(at.date(), move)
    return today if today >= at else today + timedelta(days=1)


@st.composite
def deliveries(draw: st.DrawFn, days: Sequence[date]) -> Deliveries:
    """Files of plays for delivery days, the first of which is the first day of the domain."""
    lines = draw(_play_lines(days))
    for day in days:
        for dirty in draw(st.lists(st.sampled_from(dirty_lines(day, days[0])), max_size=3)):
            lines.setdefault((day, draw(st.sampled_from(FILES))), []).append(dirty)
    return draw(written(lines, {}))
