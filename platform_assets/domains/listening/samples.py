"""Sample deliveries of the feed `plays`, clean and dirty; not how such files are read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from random import Random
from uuid import UUID

from platform_assets.samples.files import (
    BLANK,
    CUT,
    DAY,
    GOOD,
    SampleFile,
    instant,
    planned_dirt,
    slots,
    spread,
    write_files,
)

_FILES = (
    SampleFile("plays-app.tsv"),
    SampleFile("plays-desktop.tsv.gz"),
    SampleFile("plays-radio.tsv", b"\r\n", b"\xef\xbb\xbf", last_line_ends=False),
)
_FILE_OF_LINE = (0,) * 6 + (1,) * 3 + (2,)  # drawn from evenly, as are all tuples of values below
_FIELDS = ("user_id", "played_at", "artist_mbid", "artist_name", "track_mbid", "track_name")
_USER, _TIME, _, _ARTIST, _, _TRACK = range(len(_FIELDS))
_ARTISTS = (
    *("Gravel & Plum", "The Wobbling Atlas", "NA", '"Doktor" Halma', "Zo\u00eb Quillfeather"),
    *(" Marrow Lane Six ", "\U0001f3b7 Otter Parade", "null", "\u00c6ther Plumbers", "Tin Cathedral Choir"),
    *("Nine Damp Candles", "Okra Junction", "MC Teaspoon", "La Brouette Lente", "The 11% Moths"),
    *("Kettle & Sons", "Dj Pine Needle", "Quartz for Breakfast", "Uncle Turnstile"),
)
_ODD_TRACKS = (
    *("NA", '12" Lantern Mix', "null", "Beekeeper's Third Umbrella", "\U0001f98a at the Window", " Half a Step"),
    *('"Unfinished', "Ladder Down ", "Moss\u2028Part 2", "C:\\new\\tape", "None", "#7", 'Say "Yes", Twice', "-"),
    *("Nettle Clock", "Paper Harbour", "Wet Stairs", "O\u2019Plank", "0"),
    *("Paper Harbour", "null", "NA", "Wet Stairs"),  # again: the artists are fewer, so these are songs of others
)
_FIRST_WORDS = (
    *("Amber", "Borrowed", "Crooked", "Distant", "Eleventh", "Folded", "Gentle", "Hollow", "Idle", "Jagged"),
    *("Knitted", "Lukewarm", "Mended", "Nearly", "Orange", "Patient", "Quiet", "Rented", "Salted", "Tilted"),
)
_LAST_WORDS = (
    *("Anvil", "Bakery", "Cloudburst", "Doorbell", "Envelope", "Ferry", "Gazebo", "Hinge", "Inkwell", "Jetty"),
    *("Kiosk", "Lighthouse", "Marmalade", "Notebook", "Orchard", "Pulley", "Quarry", "Roundabout", "Sawmill"),
    *("Trombone", "Underpass", "Veranda", "Windmill", "Xylophone", "Yardstick", "Zeppelin"),
)
_SONGS = len(_FIRST_WORDS) * len(_LAST_WORDS)
_GAPS = (  # seconds from one play to the next; the last row ends a session
    *((130, 170, 185, 200, 204, 211, 215, 224, 230, 240, 247, 259, 270, 281, 300, 333, 412) * 3),
    *(0, 1, 700, 1_199, 1_199, 1_200, 1_200),
    *(1_201, 1_201, 2_700, 5_400, 9_000, 14_400, 20_000, 30_000),
)
_NIGHTS = (  # second of the last play, and the gap to the one before: around midnight, each in its own way
    *((DAY, 1_200), (DAY + 600, 1_201), (DAY + 599, 1_199)),
    *((DAY + 90, 240), (DAY + CUT - 1, 300), (DAY - 1, 215)),
)
_MACHINES = ((1_200, 360), (600, 1_500), (180, 5_000))  # seconds between plays, and rows a delivery must have for it
_LATE_EVERY = 14  # users

_Play = list[str]
_Spoil = Callable[[_Play, date, date], str]  # the play, its delivery day, the first day
_line = "\t".join


def _stamp(day: date, second: int) -> str:
    """Write the instant so many seconds after the start of the day."""
    return f"{instant(day, second).isoformat()}Z"


def _with(play: _Play, field: int, value: str) -> str:
    """Return the line of the play with another value of a field."""
    return _line([*play[:field], value, *play[field + 1 :]])


_DIRT: dict[str, tuple[str, _Spoil]] = {
    "five_fields": ("malformed", lambda play, *_: _line(play[:-1])),
    "seven_fields": ("malformed", lambda play, *_: _line([*play, "203"])),
    "extra_tab": ("malformed", lambda play, *_: _line(play) + "\t"),
    "tab_in_track": ("malformed", lambda play, *_: _with(play, _TRACK, "Part\tTwo")),
    "spaces_for_tabs": ("malformed", lambda play, *_: "    ".join(play)),
    "not_a_row": ("malformed", lambda *_: "--- log rotated ---"),
    **{
        f"no_{_FIELDS[field]}": (f"missing_{_FIELDS[field]}", lambda play, *_, f=field: _with(play, f, ""))
        for field in (_USER, _TIME, _ARTIST, _TRACK)
    },
    **{
        kind: ("invalid_played_at", lambda play, *_, v=value: _with(play, _TIME, v))
        for kind, value in (
            ("february_31", "2026-02-31T09:30:00Z"),
            ("month_13", "2026-13-05T09:30:00Z"),
            ("hour_24", "2026-01-05T24:00:00Z"),
            ("no_z", "2026-01-05T09:30:00"),
            ("offset", "2026-01-05T09:30:00+01:00"),
            ("milliseconds", "2026-01-05T09:30:00.000Z"),
            ("blank_for_t", "2026-01-05 09:30:00Z"),
            ("epoch", "1767605400"),
        )
    },
    "header_line": ("invalid_played_at", lambda *_: _line(_FIELDS)),
    "too_early": ("before_start", lambda play, _, first: _with(play, _TIME, _stamp(first, -1))),
    "too_late": ("after_delivery", lambda play, day, _: _with(play, _TIME, _stamp(day, 2 * DAY))),
    # The lone surrogate is written as the byte E9, an accented e in Latin-1.
    "bad_byte": ("not_utf8", lambda play, *_: _with(play, _TRACK, "Caf\udce9")),
}
DIRT_RULES = {kind: rule for kind, (rule, _) in _DIRT.items()}
"""The kinds of dirt, and the one rule that a row of the kind breaks."""


def planned_rows(day: date, *, first_day: date, rows: int) -> Counter[str]:
    """Count the dirty rows (`DIRT_RULES`) of a delivery, for any seed; all others are good.

    Raises ValueError when `day` is before `first_day`.
    """
    return planned_dirt(tuple(_DIRT), day, first_day=first_day, rows=rows)


def write_plays(folder: Path, day: date, *, first_day: date, rows: int, seed: int) -> list[Path]:
    """Write the delivery of `day`: user by user the newest plays first, and of some users older ones, too.

    Args:
        folder: the folder of the delivery, created when it does not exist.
        day: the day of the delivery.
        first_day: the day of the first delivery; no good play is older.
        rows: the exact number of lines that are not blank, in all files together.
        seed: chooses the plays, but not how many are dirty, see `planned_rows`.

    Returns:
        The files, by name; on some days with an empty one.

    Raises:
        ValueError: `day` is before `first_day`.
        OSError: a file cannot be written.
    """
    plan = planned_rows(day, first_day=first_day, rows=rows)
    others = {"empty.tsv": b""} if (day - first_day).days % 4 == 1 else {}
    return write_files(folder, _FILES, _lines(plan, day, first_day, rows, seed), others)


def _lines(plan: Counter[str], day: date, first_day: date, rows: int, seed: int) -> Iterator[tuple[int, str]]:
    """Yield the lines, blank ones included, each with the number of its file."""
    random, number = Random(f"plays:{seed}:{day}:lines"), (day - first_day).days
    good = _plays(Random(f"plays:{seed}:{day}"), day, number, rows)
    dirty = _plays(Random(f"plays:{seed}:{day}:dirt"), day, number, 0)
    for file, kind in slots(random, spread(random, plan, rows), rows, _FILE_OF_LINE):
        if kind == BLANK:
            yield file, ""
        elif kind == GOOD:
            yield file, _line(next(good))
        else:
            yield file, _DIRT[kind][1](next(dirty), day, first_day)


def _plays(random: Random, day: date, number: int, rows: int) -> Iterator[_Play]:
    """Yield plays without end, user by user and each user's newest first."""
    for user, (gap, needed) in enumerate(_MACHINES):
        if rows >= needed:
            # A machine never sleeps, but is switched off for half of every fourth day.
            end = DAY // 2 if number % 4 == 3 else DAY
            for second in range(end - gap, -1, -gap):
                yield _play(random, user, day, second)
    user = len(_MACHINES)
    while True:
        yield from _evening(random, user, day, number)
        user += random.randrange(1, 3)


def _evening(random: Random, user: int, day: date, number: int) -> Iterator[_Play]:
    """Yield a person's plays, back to the end of the delivery before, or farther if their device was offline."""
    second, gap = random.randrange(DAY // 4, DAY), random.choice(_GAPS)
    if user % 3 == 0:
        second, gap = _NIGHTS[(user // 3 + number) % len(_NIGHTS)]
    late = number and (user + number) % _LATE_EVERY == 0
    while second >= (-DAY // 2 if late else CUT):
        play = _play(random, user, day, second)
        yield play
        if not random.randrange(50):  # a repeated row is another play
            yield play
        second, gap = second - gap, random.choice(_GAPS)


def _play(random: Random, user: int, day: date, second: int) -> _Play:
    # The product of draws makes few songs popular and leaves most of them rare.
    song = int(_SONGS * random.random() * random.random() * random.random())
    artist, odd = song % len(_ARTISTS), random.randrange(100)
    return [
        f"user_{user:06}",
        _stamp(day, second),
        _identifier(artist) if not 9 <= odd < 12 else "",
        _ARTISTS[artist],
        _identifier(1_000 + song) if odd >= 11 else "",
        _track(song),
    ]


def _track(song: int) -> str:
    if song < len(_ODD_TRACKS):
        return _ODD_TRACKS[song]
    return f"{_FIRST_WORDS[song % len(_FIRST_WORDS)]} {_LAST_WORDS[song // len(_FIRST_WORDS)]}"


def _identifier(number: int) -> str:
    """Write a number as an identifier that looks random."""
    return str(UUID(int=(number + 1) * 3**80 % 2**128, version=4))


WRITERS = {"plays": write_plays}
"""What writes the sample deliveries of the domain's feed."""
