"""Examples of sales that a reader can check by eye, and the official figures, for the oracle of the retail tables."""

from __future__ import annotations

from pathlib import Path

import pytest

from platform_assets_tests.support.feed_oracle import Row
from platform_assets_tests.support.retail import oracle
from platform_assets_tests.support.retail.official import EXPECTED, deliveries, of_whole_months

Tables = dict[str, list[Row]]


@pytest.fixture(scope="module")
def official_tables(official: Path) -> dict[str, Tables]:
    """What the oracle makes of each official file of sales."""
    found = {}
    for name, figures in EXPECTED.items():
        found[name] = oracle.tables(deliveries(official, name), figures.first, figures.last)
    return found


@pytest.mark.parametrize("name", EXPECTED)
def test_the_official_files_have_the_figures_that_are_known(name: str, official_tables: dict[str, Tables]) -> None:
    tables, figures = official_tables[name], EXPECTED[name]
    assert not [row for row in tables["raw_sales"] if row["violations"]]
    assert tables["unmatched_sales"] == []
    totals = [row["total_cost"] for row in tables["sales"]]
    customers, sellers = (
        of_whole_months(tables[mart], figures.last) for mart in ("customers_data_mart", "sales_team_data_mart")
    )
    incentives = [row["incentive"] for row in sellers if row["incentive"]]
    assert (len(totals), sum(totals)) == (figures.rows, figures.total)
    assert (len(customers), len(sellers)) == (figures.customers, figures.sellers)
    assert (len(incentives), sum(incentives)) == (figures.winners, figures.incentives)
    assert sum(row["total_sales"] for row in customers) == sum(row["total_sales"] for row in sellers) == sum(totals)
