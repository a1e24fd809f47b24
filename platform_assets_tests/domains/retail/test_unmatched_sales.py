"""Sales of somebody whom no snapshot knows: kept and told, and sales as soon as the snapshot comes."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from platform_assets.lake.engines.engine import Engine
from platform_assets_tests.support.due import applied, built, reasons
from platform_assets_tests.support.platforms import Platform, checks
from platform_assets_tests.support.retail.small import deliver_sales, everybody, sale, snapshot

ONE, TWO, THREE, FOUR = "2026-01-01", "2026-01-02", "2026-01-03", "2026-01-04"
RETAIL = "group:retail"
TO_SALES = '+key:"retail/sales"'


def unmatched(platform: Platform) -> list[tuple[Any, ...]]:
    """Day of January, customer and reasons of the sales with something unknown."""
    rows = platform.rows("retail/unmatched_sales")
    return sorted((row["day"].day, row["customer_id"], ", ".join(row["reasons"])) for row in rows)


def sold(platform: Platform) -> list[tuple[int, int]]:
    """Day of January and customer of the sales."""
    return sorted((row["day"].day, row["customer_id"]) for row in platform.rows("retail/sales"))


@pytest.fixture(scope="module")
def whole(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three days, all built: on each a sale of customer 2, on the first one of 4 and on the second one of 5."""
    platform = Platform(tmp_path_factory.mktemp("whole"))
    everybody(platform, ONE)
    for day, customer in ((ONE, 4), (TWO, 5), (THREE, 1)):
        more = [sale(day, customer=customer)] if customer > 3 else []
        deliver_sales(platform, day, sale(day, customer=2, quantity=int(day[-1])), *more)
    result = platform.materialise(ONE, THREE, select=RETAIL)
    assert checks(result, "retail/sales_team_sales")["closed_sales_team"].passed
    return platform.root


@pytest.fixture
def built_before(whole: Path, tmp_path: Path) -> Platform:
    """The platform as a copy of its own."""
    shutil.copytree(whole, tmp_path / "copy")
    return Platform(tmp_path / "copy")


def own(found: dict[str, list[str]]) -> dict[str, list[str]]:
    """The days that are due for themselves."""
    return {day: its for day, reasons in found.items() if (its := [one for one in reasons if "upstream" not in one])}


def test_rows_with_something_unknown_are_no_sales_and_say_what_it_is(platform: Platform) -> None:
    everybody(platform, ONE)
    deliver_sales(platform, ONE, sale(ONE), sale(ONE), sale(ONE, customer=4), sale(ONE, customer=5, store=9, seller=8))
    platform.materialise(ONE, select=TO_SALES)
    assert unmatched(platform) == [
        (1, 4, "unknown_customer"),
        (1, 5, "unknown_customer, unknown_store, unknown_seller"),
    ]
    assert sold(platform) == [(1, 1), (1, 1)]


def test_a_customer_who_comes_makes_due_the_days_that_wait_for_them_alone(built_before: Platform) -> None:
    assert reasons(built_before, "retail") == {}
    everybody(built_before, FOUR, (1, 2, 3, 4))
    assert reasons(built_before, "retail")["raw_customers"] == {"04": ["missing"]}
    runs, _ = applied(built_before, "retail")
    assert not any("unmatched_sales" in tables for span, *tables in built(runs) if span in ("2", "3", "2-3"))
    assert unmatched(built_before) == [(2, 5, "unknown_customer")]
    assert sold(built_before) == [(1, 2), (1, 4), (2, 2), (3, 2)]
    assert reasons(built_before, "retail") == {}


def test_the_plan_names_who_has_come(built_before: Platform) -> None:
    snapshot(built_before, "customers", FOUR, 1, 2, 3, 4)
    built_before.materialise(FOUR, select='key:"retail/raw_customers" or key:"retail/customers_changes"')
    built_before.materialise(ONE, select='key:"retail/customers"')
    assert own(reasons(built_before, "retail")["unmatched_sales"]) == {
        "01": ["matched customers"],
        "04": ["missing"],
    }


def test_stores_and_sellers_who_come_make_due_the_days_that_wait_for_them(platform: Platform) -> None:
    everybody(platform, ONE)
    deliver_sales(platform, ONE, sale(ONE, store=13, seller=23))
    platform.materialise(ONE, select='+key:"retail/unmatched_sales"')
    snapshot(platform, "stores", TWO, 11, 12, 13)
    snapshot(platform, "sales_team", TWO, 21, 22, 23)
    came = [f'key:"retail/{name}"' for one in ("stores", "sales_team") for name in (f"raw_{one}", f"{one}_changes")]
    platform.materialise(TWO, select=" or ".join(came))
    platform.materialise(ONE, select='key:"retail/stores" or key:"retail/sales_team"')
    assert own(reasons(platform, "retail")["unmatched_sales"]) == {
        "01": ["matched stores", "matched sales_team"],
        "02": ["missing"],
    }


def test_somebody_who_comes_and_whom_nobody_waits_for_makes_nothing_due(built_before: Platform) -> None:
    snapshot(built_before, "customers", FOUR, 1, 2, 3, 7)
    built_before.materialise(FOUR, select='key:"retail/raw_customers" or key:"retail/customers_changes"')
    built_before.materialise(ONE, select='key:"retail/customers"')
    assert own(reasons(built_before, "retail")["unmatched_sales"]) == {"04": ["missing"]}


def test_a_customer_who_moves_makes_due_the_days_from_then_on(built_before: Platform) -> None:
    everybody(built_before, TWO, (1, (2, "Moved"), 3))
    applied(built_before, "retail")
    names = {row["day"].day: row["full_name"] for row in built_before.rows("retail/customer_sales")}
    assert names == {1: "Name2 Doe", 2: "Moved Doe", 3: "Moved Doe"}
    rows = built_before.rows("retail/customers_data_mart")
    mart = {row["day"].day: (row["full_name"], str(row["total_sales"])) for row in rows}
    assert mart == {1: ("Name2 Doe", "2.00"), 2: ("Moved Doe", "6.00"), 3: ("Moved Doe", "12.00")}
    assert reasons(built_before, "retail") == {}


def test_sales_of_a_day_on_which_the_customer_was_deleted_join_what_was_before_and_are_told(platform: Platform) -> None:
    everybody(platform, ONE)
    everybody(platform, TWO, (1, 3))
    deliver_sales(platform, TWO, sale(ONE, customer=2), sale(TWO, customer=2), sale(TWO, product="tea"))
    result = platform.materialise(ONE, TWO, select=f'{TO_SALES} or key:"retail/customer_sales"')
    found = checks(result, "retail/customer_sales")["closed_customers"]
    assert not found.passed
    assert found.metadata["days"].value == {TWO: 1}
    assert {row["full_name"] for row in platform.rows("retail/customer_sales")} == {"Name1 Doe", "Name2 Doe"}
    found = checks(result, "retail/sales")["known_products"]
    assert (found.passed, found.metadata["values"].value) == (False, {"tea": 1})
