"""What is known lasts until something else is known: small frames with rows that a reader can check by eye."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from pyspark.sql import functions as F

from platform_assets.lake.engines.engine import Engine
from platform_assets.transforms.lasting import lasting

FIRST = date(2026, 1, 30)
Row = tuple[Any, ...]


def day(number: int) -> date:
    """A day, counted from the first of the run."""
    return FIRST + timedelta(days=number)


def lasts(engine: Engine, rows: list[Row], days: int, *, in_month: bool = False) -> list[Row]:
    """(day, key, value) on each of the days from the first on, of such rows; days are numbers, the first is 0."""
    frame = engine.session.createDataFrame(
        [(day(number), *rest) for number, *rest in rows], "day date, k int, v string"
    )
    calendar = [day(number) for number in range(days)]
    found = lasting(frame, key=["k"], days=calendar, at_most=F.last_day("day") if in_month else None)
    assert found.columns == ["day", "k", "v"]
    return sorted(((its - FIRST).days, *rest) for its, *rest in found.collect())


def test_each_key_has_the_newest_row_up_to_each_day(engine: Engine) -> None:
    rows = [(0, 1, "a"), (2, 1, "b"), (1, 2, "c")]
    assert lasts(engine, rows, 4) == [
        *((0, 1, "a"), (1, 1, "a"), (1, 2, "c")),
        *((2, 1, "b"), (2, 2, "c"), (3, 1, "b"), (3, 2, "c")),
    ]


def test_of_many_rows_from_before_the_days_the_newest_lasts(engine: Engine) -> None:
    rows = [*((-number, 1, f"{number} days ago") for number in range(1, 8)), (1, 1, "new"), (-9, 2, "old")]
    assert lasts(engine, rows, 2) == [(0, 1, "1 days ago"), (0, 2, "old"), (1, 1, "new"), (1, 2, "old")]


def test_a_row_of_the_first_day_takes_the_place_of_those_before(engine: Engine) -> None:
    assert lasts(engine, [(-2, 1, "a"), (-1, 1, "b"), (0, 1, "c")], 1) == [(0, 1, "c")]


def test_nothing_is_known_of_days_before_a_keys_first_row_nor_of_rows_after_the_days(engine: Engine) -> None:
    assert lasts(engine, [(1, 1, "a"), (3, 1, "b"), (5, 2, "c")], 3) == [(1, 1, "a"), (2, 1, "a")]


def test_no_row_lasts_longer_than_it_may(engine: Engine) -> None:
    rows = [(-40, 1, "a month ago"), (0, 2, "January"), (1, 3, "January"), (2, 3, "February"), (3, 4, "February")]
    assert lasts(engine, rows, 4, in_month=True) == [
        *((0, 2, "January"), (1, 2, "January"), (1, 3, "January")),
        *((2, 3, "February"), (3, 3, "February"), (3, 4, "February")),
    ]
