"""Guards that any table may have: which rows they count, and which values they name."""

from __future__ import annotations

from datetime import date

import pytest

from platform_assets.assets import guards
from platform_assets.assets.guards import ClosedVersions, KnownValues, NamedRows
from platform_assets.lake.audit import Finding
from platform_assets.lake.engines.engine import Engine
from platform_assets_tests.support.settings import settings_for

VERSIONS = "member int, valid_from date, valid_until date"
Version = tuple[int, int, int | None]


def known_products(engine: Engine, *sold: str | None) -> Finding:
    """What is found of sales of some products, of which the table has soap."""
    rows = engine.session.createDataFrame([(name,) for name in sold], "product string")
    products = engine.session.createDataFrame([("soap",), ("soap",), (None,)], "name string")
    guard = KnownValues("products", of="name", column="product")
    (found,) = guard.judge(rows, {"products": products}, settings_for(()))
    return found


def closed_members(engine: Engine, facts: list[tuple[int, int]], versions: list[Version]) -> Finding:
    """What is found of such (day of January, member) when a history has such (member, valid from, valid until)."""

    def day(number: int | None) -> date | None:
        return number and date(2026, 1, number)

    history = [(member, day(first), day(end)) for member, first, end in versions]
    inputs = {
        "visits": engine.session.createDataFrame([(day(d), member) for d, member in facts], "day date, member int"),
        "members": engine.session.createDataFrame(history, VERSIONS),
    }
    guard = ClosedVersions("members", of="visits", key=("member",))
    (found,) = guard.judge(inputs["visits"], inputs, settings_for(()))
    return found


def test_rows_with_values_that_nobody_knows_are_counted_the_most_frequent_first(engine: Engine) -> None:
    found = known_products(engine, "tea", "jam", "soap", "jam", None, None, None)
    assert (found.passed, found.warning) == (False, True)
    assert found.summary == "3 rows have a product that no row of products has: jam, tea"
    assert found.details == {"rows": 3, "values": {"jam": 2, "tea": 1}}


def test_of_many_unknown_values_the_first_are_named(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guards, "_SHOWN", 1)
    found = known_products(engine, "tea", "jam", "jam")
    assert found.summary == "3 rows have a product that no row of products has: jam, and 1 more"


def test_of_a_long_value_the_beginning_is_told(engine: Engine) -> None:
    long, shown = "x" * 201, f"{'x' * 200}…"
    found = known_products(engine, long, "x" * 200)
    assert list(found.details["values"].items()) == [("x" * 200, 1), (shown, 1)]
    assert named(engine, (1, long, 9)).details["names"] == [f"{shown} (2026-01-01)"]


def test_rows_without_a_value_are_of_nothing_unknown(engine: Engine) -> None:
    assert known_products(engine, "soap", None).passed


def test_rows_are_of_a_deleted_version_from_its_end_until_the_day_before_it_is_back(engine: Engine) -> None:
    versions: list[Version] = [(1, 1, 3), (1, 5, None), (2, 1, 3), (2, 4, None), (3, 1, 3)]
    every_day = [(day, member) for day in range(1, 7) for member in (1, 2, 3)]
    found = closed_members(engine, every_day, versions)
    assert (found.passed, found.warning) == (False, True)
    assert found.details == {"days": {"2026-01-03": 3, "2026-01-04": 2, "2026-01-05": 1, "2026-01-06": 1}}
    assert found.summary.startswith("7 rows are of days on which what they join in members had been deleted: ")


def test_a_version_that_follows_another_at_once_was_not_deleted(engine: Engine) -> None:
    assert closed_members(engine, [(2, 1), (3, 1), (4, 1)], [(1, 1, 3), (1, 3, None)]).passed
    assert closed_members(engine, [(2, 1)], [(1, 1, 3)]).summary == "none is"


def named(engine: Engine, *rows: tuple[int, str, int]) -> Finding:
    """What is found of such (day of January, product, number sold) of which more than 5 were sold."""
    dated = [(date(2026, 1, day), product, sold) for day, product, sold in rows]
    guard = NamedRows("sold_few", "Few are sold", "sold > 5", "product", "many were sold of")
    frame = engine.session.createDataFrame(dated, "day date, product string, sold int")
    (found,) = guard.judge(frame, {}, settings_for(()))
    assert (found.check, found.warning) == ("sold_few", True)
    return found


def test_rows_of_which_a_condition_holds_are_named_by_their_days(engine: Engine) -> None:
    found = named(engine, (2, "jam", 6), (1, "tea", 9), (1, "tea", 7), (1, "soap", 5), (2, "coffee", 8), (1, "wax", 6))
    assert not found.passed
    assert found.summary == (
        "many were sold of: tea (2026-01-01), wax (2026-01-01), coffee (2026-01-02), jam (2026-01-02)"
    )
    assert found.details["count"] == 4
    assert found.details["names"] == found.summary.removeprefix("many were sold of: ").split(", ")


def test_of_many_named_rows_the_first_are_told_and_all_are_counted(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guards, "_SHOWN", 2)
    rows = [(1, "tea", 6), (2, "jam", 6)]
    assert named(engine, *rows).summary == "many were sold of: tea (2026-01-01), jam (2026-01-02)"
    found = named(engine, *rows, (2, "wax", 6))
    assert found.summary == "many were sold of: tea (2026-01-01), jam (2026-01-02), and 1 more"
    assert found.details == {"count": 3, "names": ["tea (2026-01-01)", "jam (2026-01-02)"]}


def test_where_no_row_meets_the_condition_none_is_named(engine: Engine) -> None:
    found = named(engine, (1, "tea", 5))
    assert (found.passed, found.summary) == (True, "there is none")


def test_guards_that_warn_stop_nothing() -> None:
    known = KnownValues("products", of="name", column="product")
    closed = ClosedVersions("members", of="visits", key=("member",))
    rows = NamedRows("sold_few", "Few are sold", "sold > 5", "product", "many were sold of")
    for guard in (known, closed, rows):
        assert guard.warnings == set(guard.checks) != set()
