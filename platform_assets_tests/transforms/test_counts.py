"""Rows and distinct values per group, and totals so far: small frames, and any frame against plain Python."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from platform_assets.lake.engines.engine import Engine
from platform_assets.transforms.counts import count_with_distinct, totals_so_far
from platform_assets_tests.support.engines import examples

Row = tuple[Any, ...]


def counts(engine: Engine, rows: list[Row]) -> list[Row]:
    """(hour, page, hits, users), in a fixed order."""
    frame = engine.session.createDataFrame(rows, "hour int, page string, user bigint")
    found = count_with_distinct(frame, ["hour", "page"], "user", count="hits", distinct="users")
    assert dict(found.dtypes) == {"hour": "int", "page": "string", "hits": "bigint", "users": "bigint"}
    return sorted(map(tuple, found.collect()), key=repr)


def expected(rows: list[Row]) -> list[Row]:
    users: dict[Row, list[int | None]] = {}
    for hour, page, user in rows:
        users.setdefault((hour, page), []).append(user)
    return sorted(((*group, len(all_), len({*all_} - {None})) for group, all_ in users.items()), key=repr)


def test_rows_and_users_are_counted_per_group(engine: Engine) -> None:
    rows = [(1, "a", 7), (1, "a", 7), (1, "a", 8), (1, "b", 7), (2, "a", 7)]
    assert counts(engine, rows) == [(1, "a", 3, 2), (1, "b", 1, 1), (2, "a", 1, 1)]


def test_null_is_a_group_of_its_own(engine: Engine) -> None:
    rows = [(1, None, 7), (1, None, 8), (1, "", 7), (None, None, 7)]
    assert counts(engine, rows) == [(1, "", 1, 1), (1, None, 2, 2), (None, None, 1, 1)]


def test_rows_without_a_user_count_as_rows_but_not_as_users(engine: Engine) -> None:
    assert counts(engine, [(1, "a", None), (1, "a", None), (1, "a", 7), (1, "b", None)]) == [
        *((1, "a", 3, 1), (1, "b", 1, 0)),
    ]


def test_no_rows_have_no_groups(engine: Engine) -> None:
    assert counts(engine, []) == []


@settings(max_examples=examples(20), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(
        st.tuples(st.sampled_from((1, 2, None)), st.sampled_from(("a", "", None)), st.sampled_from((7, 8, 0, None))),
        max_size=60,
    )
)
def test_any_rows_are_counted_as_plain_python_counts_them(engine: Engine, rows: list[Row]) -> None:
    assert counts(engine, rows) == expected(rows)


FIRST = date(2026, 2, 27)


def totals(engine: Engine, rows: list[Row], days: int, before: Row | None = None) -> list[Row]:
    """(day, hits, users) up to each of so many days, of such rows; `before` are the totals of the day before."""
    schema, calendar = "day date, hits bigint, users bigint", [FIRST + timedelta(days=n) for n in range(days)]
    frame = engine.session.createDataFrame([(FIRST + timedelta(days=day), *other) for day, *other in rows], schema)
    known = [] if before is None else [(FIRST - timedelta(days=1), *before)]
    found = totals_so_far(frame, engine.session.createDataFrame(known, schema), ["hits", "users"], calendar)
    assert dict(found.dtypes) == {"day": "date", "hits": "bigint", "users": "bigint"}
    return sorted(((day - FIRST).days, *other) for day, *other in found.collect())


def test_totals_grow_from_day_to_day_and_stay_on_days_without_rows(engine: Engine) -> None:
    rows = [(1, 5, 2), (1, 1, 1), (3, 10, 0)]
    assert totals(engine, rows, 5) == [(0, 0, 0), (1, 6, 3), (2, 6, 3), (3, 16, 3), (4, 16, 3)]


def test_totals_go_on_from_the_day_before(engine: Engine) -> None:
    assert totals(engine, [(0, 1, 1), (1, 2, 0)], 3, before=(100, 10)) == [(0, 101, 11), (1, 103, 11), (2, 103, 11)]
    assert totals(engine, [], 2, before=(100, 10)) == [(0, 100, 10), (1, 100, 10)]


def test_totals_of_nothing_are_zero(engine: Engine) -> None:
    assert totals(engine, [], 2) == [(0, 0, 0), (1, 0, 0)]
    assert totals(engine, [], 1, before=(0, 0)) == [(0, 0, 0)]


@settings(max_examples=examples(10), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(st.tuples(st.integers(0, 4), st.integers(0, 9), st.integers(0, 9)), max_size=20),
    st.integers(1, 4),
)
def test_totals_of_two_runs_are_those_of_one(engine: Engine, rows: list[Row], cut: int) -> None:
    whole = totals(engine, rows, 5)
    assert whole == [(day, *(sum(row[n] for row in rows if row[0] <= day) for n in (1, 2))) for day in range(5)]
    (_, *before) = whole[cut - 1]
    later = totals(engine, [(day - cut, *other) for day, *other in rows if day >= cut], 5 - cut, before=tuple(before))
    assert [(day + cut, *other) for day, *other in later] == whole[cut:]
