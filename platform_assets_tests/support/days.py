"""Days for properties: spans of days split into runs, deliveries put into landing, and runs over selected tables."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from itertools import pairwise
from pathlib import Path

from hypothesis import strategies as st

from platform_assets_tests.support.feed_oracle import Row, comparable
from platform_assets_tests.support.landing.parcels import Deliveries
from platform_assets_tests.support.platforms import Platform

Range = tuple[date, date]


def cut(days: Sequence[date], places: Iterable[int]) -> list[Range]:
    """The days cut before each of these places, in order."""
    bounds = [0, *sorted(places), len(days)]
    return [(days[a], days[b - 1]) for a, b in pairwise(bounds)]


def splits(days: Sequence[date], most: int = 3) -> st.SearchStrategy[list[Range]]:
    """Any split of the days into at most so many runs, in the order of the days."""
    cuts = st.sets(st.integers(1, len(days) - 1), max_size=most - 1)
    return cuts.map(lambda places: cut(days, places))


def in_any_order(days: Sequence[date]) -> st.SearchStrategy[list[Range]]:
    """Any split of the days into runs, in any order: for tables of which no day needs the one before."""
    return splits(days).flatmap(st.permutations)


def run(platform: Platform, ranges: Iterable[Range], tables: Iterable[str]) -> None:
    """One run after the other over ranges of days."""
    selection = " or ".join(f'key:"{table}"' for table in tables)
    for first, last in ranges:
        platform.materialise(first.isoformat(), last.isoformat(), select=selection)


def deliver(landing: Path, feed: str, deliveries: Deliveries) -> None:
    """Put files into landing, which is there when there are none."""
    landing.mkdir(parents=True, exist_ok=True)
    for day, files in deliveries.items():
        for name, content in files.items():
            path = landing / feed / day.isoformat() / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)


def delivered(feed: Path, days: Sequence[date]) -> Deliveries:
    """What lies in a feed's folder for these days."""
    folders = {day: feed / day.isoformat() for day in days}
    return {
        day: {file.name: file.read_bytes() for file in folder.iterdir()}
        for day, folder in folders.items()
        if folder.is_dir()
    }


def rows_of(delivered: Deliveries, read: Callable[[bytes, date, str], Iterable[Row]]) -> list[Row]:
    """What an oracle reads from every file: `read(content, delivery day, name)`."""
    return [
        row for day, files in delivered.items() for name, content in files.items() for row in read(content, day, name)
    ]


def differences(platform: Platform, expected: Mapping[str, list[Row]]) -> list[str]:
    """The tables whose rows are not as expected."""
    return [table for table, rows in expected.items() if comparable(platform.rows(table)) != comparable(rows)]


def tails(days: Sequence[date]) -> st.SearchStrategy[list[Range]]:
    """Any split of some day and all days after it."""

    def split_from(first: int) -> st.SearchStrategy[list[Range]]:
        return splits(days[first:]) if first + 1 < len(days) else st.just([(days[-1], days[-1])])

    return st.integers(0, len(days) - 1).flatmap(split_from)
