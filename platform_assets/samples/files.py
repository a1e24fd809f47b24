"""What the sample feeds share: how dirt is planned and spread over a delivery, and how its files are written."""

from __future__ import annotations

import gzip
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from datetime import date, datetime, time, timedelta
from pathlib import Path
from random import Random
from typing import NamedTuple

DAY = 86_400
"""Seconds of a day."""
CUT = 1_200
"""A delivery is cut 20 minutes after midnight, so that visits and sessions may cross it."""
GOOD = "good"
"""The slot of a row that is as it should be."""
BLANK = "blank"
"""The slot of an empty line, which is no row."""
_BLANK_EVERY = 200  # rows


class SampleFile(NamedTuple):
    """A file of a delivery, and the bytes around its lines."""

    name: str
    newline: bytes = b"\n"
    start: bytes = b""
    last_line_ends: bool = True


def instant(day: date, second: int) -> datetime:
    """Return the instant so many seconds after the start of the day."""
    return datetime.combine(day, time()) + timedelta(seconds=second)


def delivery_number(day: date, first_day: date) -> int:
    """Number the deliveries from 0; raises ValueError when `day` is before `first_day`."""
    number = (day - first_day).days
    if number < 0:
        raise ValueError(f"no delivery on {day}, before the first day {first_day}")
    return number


def in_turn(kinds: Sequence[str], start: int, stop: int) -> Counter[str]:
    """Count the kinds of some turns, so that small samples of a few days have each of them."""
    return Counter(kinds[turn % len(kinds)] for turn in range(start, stop))


def planned_dirt(kinds: Sequence[str], day: date, *, first_day: date, rows: int) -> Counter[str]:
    """Count the dirty rows of a delivery by kind, two per cent; raises ValueError like `delivery_number`."""
    number, dirty = delivery_number(day, first_day), rows * 2 // 100
    return in_turn(kinds, number * dirty, (number + 1) * dirty)


def spread(random: Random, plan: Counter[str], rows: int) -> dict[int, str]:
    """Give each planned row a place in the delivery, but neither the first nor the last."""
    return dict(zip(random.sample(range(1, rows - 1), plan.total()), plan.elements(), strict=True))


def slots(
    random: Random, special: Mapping[int, str], rows: int, file_of_line: Sequence[int]
) -> Iterator[tuple[int, str]]:
    """Yield for each line the number of its file, drawn evenly, and its kind: special, `GOOD` or `BLANK`."""
    for row in range(rows):
        file = random.choice(file_of_line)
        if row % _BLANK_EVERY == _BLANK_EVERY - 1:
            yield file, BLANK
        yield file, special.get(row, GOOD)


def write_files(
    folder: Path, files: Sequence[SampleFile], lines: Iterator[tuple[int, str]], others: Mapping[str, bytes]
) -> list[Path]:
    """Write lines, each with the number of its file, and other files as they are; all paths by name.

    A lone surrogate from U+DC80 to U+DCFF in a line is written as the byte 80 to FF.
    """
    folder.mkdir(parents=True, exist_ok=True)
    begun = [False] * len(files)
    with ExitStack() as stack:
        writes = [stack.enter_context(_writing(folder / file.name)) for file in files]
        for number, line in lines:
            before = files[number].newline if begun[number] else files[number].start
            writes[number](before + line.encode("utf-8", "surrogateescape"))
            begun[number] = True
        for number, file in enumerate(files):
            if begun[number] and file.last_line_ends:
                writes[number](file.newline)
    for name, content in others.items():
        (folder / name).write_bytes(content)
    return sorted(folder / name for name in (*(file.name for file in files), *others))


@contextmanager
def _writing(path: Path) -> Iterator[Callable[[bytes], int]]:
    with path.open("wb") as file:
        if path.suffix != ".gz":
            yield file.write
            return
        # Neither a name nor a time in the header, so that the bytes are always the same.
        with gzip.GzipFile("", "wb", 6, file, mtime=0) as packed:
            yield packed.write
