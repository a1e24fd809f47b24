"""Rows and distinct values per group: small frames, and any frame against plain Python."""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from platform_assets.lake.engine import Engine
from platform_assets.transforms.counts import count_with_distinct
from platform_assets_tests.engines import examples

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
