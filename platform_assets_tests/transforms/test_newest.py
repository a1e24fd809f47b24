"""The newest version of what is delivered again and again: small frames with rows that a reader can check by eye."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from platform_assets.lake.engines.engine import Engine
from platform_assets.transforms.newest import newest_of_each

FIRST = date(2026, 1, 30)
Row = tuple[Any, ...]


def newest(engine: Engine, rows: list[Row], days: int, before: list[Row] | None = None) -> list[Row]:
    """(day, key, value) of the newest of each key; rows are (day, key, value, violations), the first day is 0."""
    dated = [(FIRST + timedelta(days=day), key, value, [*broken]) for day, key, value, *broken in rows]
    raw = engine.session.createDataFrame(dated, "delivery_day date, key string, value string, violations array<string>")
    schema = "day date, key string, value string"
    known = [(FIRST - timedelta(days=1), key, value) for key, value in before or []]
    calendar = [FIRST + timedelta(days=n) for n in range(days)]
    found = newest_of_each(
        raw, engine.session.createDataFrame(known, schema), key=["key"], columns=["key", "value"], days=calendar
    )
    assert found.columns == ["day", "key", "value"]
    return sorted(((day - FIRST).days, *rest) for day, *rest in found.collect())


def test_what_was_delivered_stays_until_it_is_delivered_again(engine: Engine) -> None:
    rows = [(0, "a", "1"), (0, "b", "1"), (2, "a", "2")]
    assert newest(engine, rows, 4) == [
        (0, "a", "1"),
        (0, "b", "1"),
        (1, "a", "1"),
        (1, "b", "1"),
        (2, "a", "2"),
        (2, "b", "1"),
        (3, "a", "2"),
        (3, "b", "1"),
    ]


def test_it_goes_on_from_the_day_before(engine: Engine) -> None:
    assert newest(engine, [(1, "a", "2"), (1, "c", "1")], 2, [("a", "1"), ("b", None)]) == [
        (0, "a", "1"),
        (0, "b", None),
        (1, "a", "2"),
        (1, "b", None),
        (1, "c", "1"),
    ]


def test_what_is_delivered_on_the_first_day_takes_the_place_of_what_was_known(engine: Engine) -> None:
    # Of few keys an engine keeps the order in which they came, and of equal days the right one by luck.
    keys = sorted(map(str, range(1000)))
    found = newest(engine, [(0, key, "2") for key in keys], 1, [(key, "1") for key in [*keys, "known"]])
    assert found == [*((0, key, "2") for key in keys), (0, "known", "1")]


def test_a_key_of_two_columns_is_another_when_one_of_them_is(engine: Engine) -> None:
    columns, days = ["race", "driver"], [FIRST, FIRST + timedelta(days=1)]
    schema = "delivery_day date, race string, driver string, violations array<string>"
    rows: list[Row] = [(days[0], "a", "1", []), (days[0], "a", "2", []), (days[1], "a", "2", [])]
    raw = engine.session.createDataFrame(rows, schema)
    before = engine.session.createDataFrame([], "day date, race string, driver string")
    found = newest_of_each(raw, before, key=columns, columns=columns, days=days)
    assert sorted(((day - FIRST).days, *rest) for day, *rest in found.collect()) == [
        (0, "a", "1"),
        (0, "a", "2"),
        (1, "a", "1"),
        (1, "a", "2"),
    ]


def test_equal_rows_of_a_day_are_one(engine: Engine) -> None:
    assert newest(engine, [(0, "a", "1"), (0, "a", "1"), (0, "b", None), (0, "b", None)], 1) == [
        (0, "a", "1"),
        (0, "b", None),
    ]


def test_a_rejected_row_replaces_nothing(engine: Engine) -> None:
    rows = [(0, "a", "1"), (1, "a", "2", "invalid_value"), (1, None, "3", "missing_key")]
    assert newest(engine, rows, 2) == [(0, "a", "1"), (1, "a", "1")]


def test_a_day_of_which_nothing_is_known_has_no_rows(engine: Engine) -> None:
    assert newest(engine, [(2, "a", "1")], 3) == [(2, "a", "1")]
