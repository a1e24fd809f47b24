"""Good rows, and of several copies the first: small frames, and any frame against plain Python."""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyspark.sql import DataFrame

from platform_assets.lake.engines.engine import Engine
from platform_assets.transforms.events import accepted, first_of_each
from platform_assets_tests.support.engines import examples

Row = tuple[Any, ...]
SCHEMA = "day int, id string, place int, name string"
KEY, ORDER = ["day", "id"], ["place", "name"]


def frame(engine: Engine, rows: list[Row]) -> DataFrame:
    return engine.session.createDataFrame(rows, SCHEMA)


def firsts(engine: Engine, rows: list[Row]) -> list[Row]:
    """The rows that are left, in a fixed order."""
    found = first_of_each(frame(engine, rows), KEY, ORDER)
    assert found.columns == ["day", "id", "place", "name"]
    return sorted(map(tuple, found.collect()), key=repr)


def expected(rows: list[Row]) -> list[Row]:
    """The same in plain Python: sorted with NULL first, the first of each key stays."""
    first: dict[Row, Row] = {}
    for row in sorted(rows, key=lambda row: [(value is not None, value or type(value)()) for value in row[2:]]):
        first.setdefault(row[:2], row)
    return sorted(first.values(), key=repr)


def test_a_row_is_accepted_when_it_breaks_no_rule(engine: Engine) -> None:
    raw = engine.session.createDataFrame(
        [("good", []), ("bad", ["missing_url"]), ("worse", ["missing_url", "invalid_action"])],
        "id string, violations array<string>",
    )
    assert [row["id"] for row in accepted(raw).collect()] == ["good"]


def test_the_first_copy_stays_and_single_rows_stay(engine: Engine) -> None:
    rows = [(1, "a", 2, "x"), (1, "a", 1, "z"), (1, "a", 1, "y"), (1, "b", 9, "x"), (2, "a", 5, "x")]
    assert firsts(engine, rows) == [(1, "a", 1, "y"), (1, "b", 9, "x"), (2, "a", 5, "x")]


def test_null_comes_before_every_value(engine: Engine) -> None:
    rows = [(1, "a", None, "z"), (1, "a", -5, "a"), (1, "b", 1, ""), (1, "b", 1, None)]
    assert firsts(engine, rows) == [(1, "a", None, "z"), (1, "b", 1, None)]


def test_null_is_a_key_like_any_other(engine: Engine) -> None:
    rows = [(None, None, 2, "x"), (None, None, 1, "x"), (None, "a", 1, "x"), (1, None, 2, "x"), (1, None, 3, "x")]
    assert firsts(engine, rows) == [(1, None, 2, "x"), (None, "a", 1, "x"), (None, None, 1, "x")]


def test_of_exact_copies_one_stays(engine: Engine) -> None:
    assert firsts(engine, [(1, "a", 1, "x")] * 5) == [(1, "a", 1, "x")]


def test_of_no_rows_none_stay(engine: Engine) -> None:
    assert firsts(engine, []) == []


def test_texts_are_ordered_by_their_characters(engine: Engine) -> None:
    names = ["b", "a", "B", "ä", "\uffff", "\U0001f600", "", "aa"]
    for number in range(1, len(names) + 1):
        rows = [(1, "k", 0, name) for name in names[-number:]]
        assert firsts(engine, rows) == [(1, "k", 0, min(names[-number:]))]


@settings(max_examples=examples(25), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(
        st.tuples(
            st.sampled_from((1, 2, None)),
            st.sampled_from(("a", "b", "", None)),
            st.sampled_from((0, 1, -1, None)),
            st.sampled_from(("x", "", "é", None)),
        ),
        max_size=60,
    )
)
def test_any_rows_give_the_firsts_that_plain_python_finds(engine: Engine, rows: list[Row]) -> None:
    assert firsts(engine, rows) == expected(rows)
