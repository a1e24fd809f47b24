"""Sample deliveries: how those of several feeds are written; what a feed's files hold is said in its domain."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Protocol


class FeedWriter(Protocol):
    """Writes one feed's delivery of one day into `folder` and returns the files written.

    The bytes depend on nothing but (day, first_day, rows, seed): not on other days of the run, the
    clock or the machine. A feed that repeats or goes on from an earlier delivery computes it anew.
    """

    def __call__(self, folder: Path, day: date, *, first_day: date, rows: int, seed: int) -> list[Path]:
        """Write the delivery of `day`, creating `folder`."""


def write_samples(
    writers: Mapping[str, FeedWriter], landing: Path, *, first_day: date, days: int, rows: int, seed: int
) -> list[Path]:
    """Write sample deliveries of feeds to `<landing>/<feed>/<YYYY-MM-DD>/`.

    The same arguments give the same files. A day's files do not depend on `days`, so a run can be
    made longer later without changing what was written. Files of the same name are overwritten,
    others are left alone.

    Args:
        writers: what writes each feed, by the feed's name.
        landing: the landing folder, created when it does not exist.
        first_day: the day of the first delivery, and the first day of good events.
        days: the number of days, each with a delivery of each feed, but where a feed has none on some days.
        rows: the number of rows in each delivery, blank lines and headers not counted; the most that a delivery has
            of feeds which tell of no more, such as those of seasons.
        seed: chooses one of many equally plausible worlds.

    Returns:
        The files written, by feed, then day, then name.

    Raises:
        ValueError: `days` or `rows` is less than 1.
        OSError: a file cannot be written.
    """
    if days < 1 or rows < 1:
        raise ValueError(f"days and rows must be at least 1, not {days} and {rows}")
    return [
        path
        for feed, write in sorted(writers.items())
        for day in (first_day + timedelta(days=number) for number in range(days))
        for path in write(landing / feed / day.isoformat(), day, first_day=first_day, rows=rows, seed=seed)
    ]
