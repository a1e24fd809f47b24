"""Periods written into tables of every kind of database: what stands there afterwards, whatever happens meanwhile."""

from __future__ import annotations

from pathlib import Path

import pytest

from platform_assets_tests.support.sql import JANUARY, Base, Written, total


@pytest.fixture
def table(base: Base, tmp_path: Path) -> Written:
    """The table `totals` of each kind of database."""
    return Written(base, tmp_path)


def test_a_month_is_replaced_by_its_rows_and_others_stay(table: Written) -> None:
    assert table.write({JANUARY: [total(1), total(2)], "2026-02": [total(1, "Bob", "0.10")]}) == {
        JANUARY: 2,
        "2026-02": 1,
    }
    table.write({JANUARY: [total(2, None, "1234567890123.45"), total(3, "ünï 😀 '\"`%s ")]})
    assert table.base.totals() == {
        JANUARY: [total(2, None, "1234567890123.45"), total(3, "ünï 😀 '\"`%s ")],
        "2026-02": [total(1, "Bob", "0.10")],
    }


def test_running_twice_changes_nothing(table: Written) -> None:
    for _ in range(2):
        table.write({JANUARY: [total(1), total(2)]})
        assert table.base.totals() == {JANUARY: [total(1), total(2)]}


def test_a_month_without_rows_is_emptied(table: Written) -> None:
    table.write({JANUARY: [total(1)], "2026-02": [total(1)]})
    assert table.write({JANUARY: []}) == {JANUARY: 0}
    assert table.base.totals() == {"2026-02": [total(1)]}
