"""Top lists: small frames, and the best so far of any rows on any number of days against plain Python."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from platform_assets.lake.engines.engine import Engine
from platform_assets.transforms.ranking import best_so_far, ranked
from platform_assets_tests.support.engines import examples

Row = tuple[Any, ...]
SCHEMA = "day date, name string, score bigint"
FIRST = date(2026, 1, 30)


def order() -> list[Column]:
    """The higher score first, of the same the first name."""
    return [F.desc("score"), F.asc("name")]


def frame(engine: Engine, rows: list[Row]) -> DataFrame:
    """Rows (day counted from the first one, name, score)."""
    dated = [(FIRST + timedelta(days=day), name, score) for day, name, score in rows]
    return engine.session.createDataFrame(dated, SCHEMA)


def tops(engine: Engine, rows: list[Row], most: int) -> list[Row]:
    """(day, rank, name, score) of the first of each day."""
    found = ranked(frame(engine, rows), ["day"], order(), most).select("day", "rank", "name", "score")
    return sorted(((day - FIRST).days, *other) for day, *other in found.collect())


def so_far(engine: Engine, rows: list[Row], days: int, most: int) -> list[Row]:
    """(day, name, score) of the best so far, on each of so many days."""
    calendar = [FIRST + timedelta(days=n) for n in range(days)]
    found = best_so_far(frame(engine, rows), days=calendar, order=order(), most=most)
    assert found.columns == ["day", "name", "score"]
    return sorted(((day - FIRST).days, *other) for day, *other in found.collect())


def expected(rows: list[Row], days: int, most: int) -> list[Row]:
    """The same in plain Python, every day anew from all rows up to it."""
    found = []
    for day in range(days):
        known = sorted((row for row in rows if row[0] <= day), key=lambda row: (-row[2], row[1]))
        found += [(day, name, score) for _, name, score in known[:most]]
    return sorted(found)


def test_a_list_holds_the_first_rows_of_its_day_with_their_ranks(engine: Engine) -> None:
    rows = [(0, "a", 1), (0, "b", 3), (0, "c", 2), (2, "a", 9)]
    assert tops(engine, rows, 2) == [(0, 1, "b", 3), (0, 2, "c", 2), (2, 1, "a", 9)]


def test_a_tie_at_the_end_of_the_list_is_decided_by_the_order(engine: Engine) -> None:
    rows = [(0, name, 5) for name in ("c", "a", "d", "b")] + [(0, "z", 7)]
    expected_list = [(0, 1, "z", 7), (0, 2, "a", 5), (0, 3, "b", 5)]
    assert tops(engine, rows, 3) == expected_list
    assert tops(engine, rows[::-1], 3) == expected_list


def test_fewer_rows_than_the_list_may_hold_are_all_in_it(engine: Engine) -> None:
    assert tops(engine, [(0, "b", 1), (0, "a", 1)], 50) == [(0, 1, "a", 1), (0, 2, "b", 1)]
    assert tops(engine, [], 50) == []


def test_rows_of_the_same_place_in_the_order_have_ranks_of_their_own(engine: Engine) -> None:
    assert tops(engine, [(0, "a", 1), (0, "a", 1), (0, "a", 1)], 2) == [(0, 1, "a", 1), (0, 2, "a", 1)]


def test_what_was_best_stays_until_better_rows_come_also_on_days_without_any(engine: Engine) -> None:
    rows = [(0, "a", 5), (0, "b", 3), (0, "c", 1), (2, "d", 4), (4, "a", 5)]
    assert so_far(engine, rows, 6, 2) == [
        *((0, "a", 5), (0, "b", 3)),
        *((1, "a", 5), (1, "b", 3)),
        *((2, "a", 5), (2, "d", 4)),
        *((3, "a", 5), (3, "d", 4)),
        *((4, "a", 5), (4, "a", 5)),
        *((5, "a", 5), (5, "a", 5)),
    ]


def test_before_the_first_row_the_list_is_empty(engine: Engine) -> None:
    assert so_far(engine, [(2, "a", 1)], 4, 2) == [(2, "a", 1), (3, "a", 1)]
    assert so_far(engine, [], 4, 2) == []


@pytest.mark.parametrize("days", [1, 2, 3, 7, 10, 64])
def test_any_rows_give_the_best_so_far_that_plain_python_finds(engine: Engine, days: int) -> None:
    rows = st.tuples(st.integers(0, days - 1), st.sampled_from("abcdef"), st.integers(0, 3))

    @settings(max_examples=examples(6), deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(rows=st.lists(rows, max_size=40), most=st.sampled_from((1, 2, 5)))
    def check(rows: list[Row], most: int) -> None:
        assert so_far(engine, rows, days, most) == expected(rows, days, most)

    check()
    crowded = [(day, name, (day * 7 + score) % 5) for day in range(days) for score, name in enumerate("abc")]
    assert so_far(engine, crowded, days, 4) == expected(crowded, days, 4)
