"""Totals of the month so far: small frames, and any sales in any split of days against plain Python."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from platform_assets.lake.engines.engine import Engine
from platform_assets.transforms.totals import month_to_date
from platform_assets_tests.support.engines import examples

Row = tuple[Any, ...]
FIRST = date(2026, 1, 30)


def day(number: int) -> date:
    """A day, counted from the day before the last of January."""
    return FIRST + timedelta(days=number)


def totals(engine: Engine, rows: list[Row], first: int, last: int, before: list[Row]) -> list[Row]:
    """(number of the day, who, name, total) of such (number of the day, who, name, amount)."""
    sold = [(day(number), who, name, Decimal(amount)) for number, who, name, amount in rows if first <= number <= last]
    known = [(day(number), who, name, total) for number, who, name, total in before]
    found = month_to_date(
        engine.session.createDataFrame(sold, "day date, who int, name string, total decimal(18,2)"),
        engine.session.createDataFrame(known, "day date, who int, name string, total decimal(28,2)"),
        days=[day(number) for number in range(first, last + 1)],
        key=["who"],
        total="total",
        newest=["name"],
    )
    assert dict(found.dtypes)["total"] == "decimal(28,2)"
    return sorted(((row[0] - FIRST).days, *row[1:]) for row in found.select("day", "who", "name", "total").collect())


def test_totals_grow_until_the_month_is_over(engine: Engine) -> None:
    rows = [(0, 1, "a", "1.10"), (0, 1, "a", "2"), (1, 2, "b", "5"), (3, 1, "a", "7.05")]
    assert totals(engine, rows, 0, 3, []) == [
        (0, 1, "a", Decimal("3.10")),
        (1, 1, "a", Decimal("3.10")),
        (1, 2, "b", Decimal("5.00")),
        (3, 1, "a", Decimal("7.05")),
    ]


def test_what_was_known_the_day_before_goes_on_in_its_month_alone(engine: Engine) -> None:
    before = [(0, 1, "a", Decimal("3.10"))]
    assert totals(engine, [(1, 1, "a", "1")], 1, 2, before) == [(1, 1, "a", Decimal("4.10"))]
    assert totals(engine, [], 2, 3, [(1, 1, "a", Decimal("3.10"))]) == []


def test_the_name_is_that_of_the_newest_sale(engine: Engine) -> None:
    rows = [(2, 1, "old", "1"), (4, 1, "new", "1")]
    assert [row[2] for row in totals(engine, rows, 2, 5, [])] == ["old", "old", "new", "new"]
    assert [row[2] for row in totals(engine, rows, 4, 5, [(3, 1, "old", Decimal(1))])] == ["new", "new"]


@settings(max_examples=examples(8), deadline=None, suppress_health_check=list(HealthCheck))
@given(
    rows=st.lists(st.tuples(st.integers(0, 5), st.integers(1, 3), st.integers(1, 999)), max_size=20),
    cut=st.integers(0, 5),
)
def test_any_split_of_the_days_gives_what_plain_python_adds_up(
    engine: Engine, rows: list[tuple[int, int, int]], cut: int
) -> None:
    sold = [(number, who, f"{who} on {number}", f"{cents / 100:.2f}") for number, who, cents in rows]
    expected = []
    for number in range(6):
        same = [row for row in sold if row[0] <= number and day(row[0]).month == day(number).month]
        for who in sorted({row[1] for row in same}):
            its = [row for row in same if row[1] == who]
            expected.append((number, who, max(its)[2], sum(Decimal(row[3]) for row in its)))
    assert totals(engine, sold, 0, 5, []) == expected
    first = totals(engine, sold, 0, cut, [])
    rest = totals(engine, sold, cut + 1, 5, [row for row in first if row[0] == cut]) if cut < 5 else []
    assert first + rest == expected
