"""The official files of retail: every table against plain Python, and the figures that are known of them."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from platform_assets.lake.engines.engine import Engine
from platform_assets_tests.support.days import deliver
from platform_assets_tests.support.platforms import Platform
from platform_assets_tests.support.retail.differences import unlike
from platform_assets_tests.support.retail.official import EXPECTED, deliveries, of_whole_months

SALES, OTHER_NAMES, MORE, LESS = EXPECTED
DELIVERIES = ((SALES,), (OTHER_NAMES,), (MORE, LESS))
Built = tuple[Platform, tuple[str, ...]]
# Without documents: half a year of days has many.
TABLES = '+key:"retail/coupons" or +key:"retail/sales_team_data_mart" or key:"retail/sales_files"'


@pytest.fixture(scope="module", params=DELIVERIES, ids=" and ".join)
def built(
    request: pytest.FixtureRequest, engine: Engine, official: Path, tmp_path_factory: pytest.TempPathFactory
) -> Built:
    """Official files of sales, delivered on the last of their days with all dimensions."""
    names: tuple[str, ...] = request.param
    figures = EXPECTED[names[0]]
    platform = Platform(tmp_path_factory.mktemp("retail"), retail_start=figures.first)
    for feed, delivered in deliveries(official, *names).items():
        deliver(Path(platform.settings.landing), feed, delivered)
    platform.materialise(str(figures.first), str(figures.last), select=TABLES)
    return platform, names


def test_every_table_is_what_plain_python_makes_of_the_files(built: Built, official: Path) -> None:
    platform, names = built
    figures = EXPECTED[names[0]]
    assert unlike(platform, deliveries(official, *names), figures.first, figures.last) == []


def test_the_figures_are_those_that_are_known(built: Built) -> None:
    platform, names = built
    figures = EXPECTED[names[0]]
    totals = [row["total_cost"] for row in platform.rows("retail/sales", "total_cost")]
    assert (len(totals), sum(totals)) == (figures.rows, figures.total)
    customers, sellers = (
        of_whole_months(platform.rows(f"retail/{mart}"), figures.last)
        for mart in ("customers_data_mart", "sales_team_data_mart")
    )
    incentives = [row["incentive"] for row in sellers if row["incentive"]]
    assert (len(customers), len(sellers)) == (figures.customers, figures.sellers)
    assert (len(incentives), sum(incentives)) == (figures.winners, figures.incentives)
    if OTHER_NAMES in names:
        _the_winners_of_march(platform)


def _the_winners_of_march(platform: Platform) -> None:
    end = date(2024, 3, 31)
    mart = [row for row in platform.rows("retail/sales_team_data_mart") if row["day"] == end]
    names = ("store_id", "sales_person_id", "full_name", "total_sales", "incentive")
    assert sorted(tuple(row[name] for name in names) for row in mart if row["incentive"]) == [
        (121, 1, "Rahul Verma", Decimal("35779.00"), Decimal("357.79")),
        (122, 5, "Neha Kumar", Decimal("45270.00"), Decimal("452.70")),
        (123, 7, "Anita Malhotra", Decimal("42686.00"), Decimal("426.86")),
    ]
    (customer,) = [
        row
        for row in platform.rows("retail/customers_data_mart")
        if row["day"] == end and row["full_name"] == "Saanvi Krishna"
    ]
    assert (customer["customer_id"], customer["total_sales"]) == (1, Decimal("17615.50"))


def test_a_file_without_a_mandatory_column_is_rejected_whole_with_its_name(built: Built) -> None:
    platform, names = built
    columns = ("status", "rows", "accepted_rows", "missing_columns", "extra_columns")
    expected = {
        SALES: ("I", 5_000, 5_000, None, None),
        OTHER_NAMES: ("I", 5_000, 5_000, None, None),
        MORE: ("I", 1_000, 1_000, None, "payment_mode"),
        LESS: ("E", 200, 0, "store_id", "payment_mode"),
    }
    found = {row["file_name"]: tuple(row[name] for name in columns) for row in platform.rows("retail/sales_files")}
    assert found == {name: expected[name] for name in names}
