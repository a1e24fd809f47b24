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

END_OF_MARCH = date(2024, 3, 31)


@pytest.fixture(scope="module", params=EXPECTED)
def built(
    request: pytest.FixtureRequest, engine: Engine, official: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Platform, str]:
    """An official file of sales, delivered on the last of its days with all dimensions."""
    name: str = request.param
    figures = EXPECTED[name]
    platform = Platform(tmp_path_factory.mktemp("retail"), retail_start=figures.first)
    for feed, delivered in deliveries(official, name).items():
        deliver(Path(platform.settings.landing), feed, delivered)
    platform.materialise(str(figures.first), str(figures.last), select="group:retail")
    return platform, name


def test_every_table_is_what_plain_python_makes_of_the_files(built: tuple[Platform, str], official: Path) -> None:
    platform, name = built
    figures = EXPECTED[name]
    assert unlike(platform, deliveries(official, name), figures.first, figures.last) == []


def test_the_figures_are_those_that_are_known(built: tuple[Platform, str]) -> None:
    platform, name = built
    figures = EXPECTED[name]
    totals = [row["total_cost"] for row in platform.rows("retail/sales", "total_cost")]
    assert (len(totals), sum(totals)) == (figures.rows, figures.total)
    customers, sellers = (
        of_whole_months(platform.rows(f"retail/{mart}"), figures.last)
        for mart in ("customers_data_mart", "sales_team_data_mart")
    )
    incentives = [row["incentive"] for row in sellers if row["incentive"]]
    assert (len(customers), len(sellers)) == (figures.customers, figures.sellers)
    assert (len(incentives), sum(incentives)) == (figures.winners, figures.incentives)


def test_a_file_without_a_mandatory_column_is_rejected_whole_with_its_name(built: tuple[Platform, str]) -> None:
    platform, name = built
    (row,) = platform.rows("retail/sales_files")
    lacks, extra = name.startswith("less"), name.startswith(("less", "extra"))
    assert row["status"] == ("E" if lacks else "I")
    assert row["missing_columns"] == ("store_id" if lacks else None)
    assert row["extra_columns"] == ("payment_mode" if extra else None)
    assert row["rows"] == row["rejected_rows" if lacks else "accepted_rows"] == (200 if lacks else EXPECTED[name].rows)


def test_the_winners_of_march(built: tuple[Platform, str]) -> None:
    platform, name = built
    if name != "transactions_data.csv":
        pytest.skip("of another file")
    mart = [row for row in platform.rows("retail/sales_team_data_mart") if row["day"] == END_OF_MARCH]
    names = ("store_id", "sales_person_id", "full_name", "total_sales", "incentive")
    assert sorted(tuple(row[name] for name in names) for row in mart if row["incentive"]) == [
        (121, 1, "Rahul Verma", Decimal("35779.00"), Decimal("357.79")),
        (122, 5, "Neha Kumar", Decimal("45270.00"), Decimal("452.70")),
        (123, 7, "Anita Malhotra", Decimal("42686.00"), Decimal("426.86")),
    ]
