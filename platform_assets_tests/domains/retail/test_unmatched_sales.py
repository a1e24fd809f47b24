"""Sales of somebody whom no snapshot knows: kept and told, and sales as soon as the snapshot comes."""

from __future__ import annotations

from typing import Any

from platform_assets_tests.support.due import applied, built, reasons
from platform_assets_tests.support.platforms import Platform, checks
from platform_assets_tests.support.retail.small import deliver_sales, everybody, sale, snapshot

ONE, TWO, THREE = "2026-01-01", "2026-01-02", "2026-01-03"
RETAIL = "group:retail"


def unmatched(platform: Platform) -> list[tuple[Any, ...]]:
    """Day of January, customer and reasons of the sales with something unknown."""
    rows = platform.rows("retail/unmatched_sales")
    return sorted((row["day"].day, row["customer_id"], ", ".join(row["reasons"])) for row in rows)


def sold(platform: Platform) -> list[tuple[int, int]]:
    """Day of January and customer of the sales."""
    return sorted((row["day"].day, row["customer_id"]) for row in platform.rows("retail/sales"))


def test_rows_with_something_unknown_are_no_sales_and_say_what_it_is(platform: Platform) -> None:
    everybody(platform, ONE)
    deliver_sales(platform, ONE, sale(ONE), sale(ONE), sale(ONE, customer=4), sale(ONE, customer=5, store=9, seller=8))
    platform.materialise(ONE, select=RETAIL)
    assert unmatched(platform) == [
        (1, 4, "unknown_customer"),
        (1, 5, "unknown_customer, unknown_store, unknown_seller"),
    ]
    assert sold(platform) == [(1, 1), (1, 1)]


def test_a_customer_who_comes_makes_due_the_days_that_wait_for_them_alone(platform: Platform) -> None:
    everybody(platform, ONE)
    for day, customer in ((ONE, 4), (TWO, 5), (THREE, 1)):
        deliver_sales(platform, day, sale(day), sale(day, customer=customer, quantity=int(day[-1])))
    platform.materialise(ONE, THREE, select=RETAIL)
    assert reasons(platform, "retail") == {}
    everybody(platform, "2026-01-04", (1, 2, 3, 4))
    assert reasons(platform, "retail")["raw_customers"] == {"04": ["missing"]}
    runs, _ = applied(platform, "retail")
    assert not any("unmatched_sales" in tables for span, *tables in built(runs) if span in ("2", "3", "2-3"))
    assert unmatched(platform) == [(2, 5, "unknown_customer")]
    assert sold(platform) == [(1, 1), (1, 4), (2, 1), (3, 1), (3, 1)]
    assert reasons(platform, "retail") == {}


def test_the_plan_names_who_has_come(platform: Platform) -> None:
    everybody(platform, ONE)
    deliver_sales(platform, ONE, sale(ONE, customer=4), sale(ONE))
    deliver_sales(platform, TWO, sale(TWO))
    platform.materialise(ONE, TWO, select=RETAIL)
    snapshot(platform, "customers", THREE, 1, 2, 3, 4)
    platform.materialise(THREE, select='key:"retail/raw_customers" or key:"retail/customers_changes"')
    platform.materialise(ONE, select='key:"retail/customers"')
    assert reasons(platform, "retail")["unmatched_sales"] == {"01": ["matched customers"], "03": ["missing"]}


def test_somebody_who_comes_and_whom_nobody_waits_for_makes_nothing_due(platform: Platform) -> None:
    everybody(platform, ONE)
    deliver_sales(platform, ONE, sale(ONE, customer=4))
    platform.materialise(ONE, TWO, select=RETAIL)
    snapshot(platform, "customers", TWO, 1, 2, 3, 7)
    runs, _ = applied(platform, "retail")
    assert not any("unmatched_sales" in tables for span, *tables in built(runs) if span.startswith("1"))
    assert unmatched(platform) == [(1, 4, "unknown_customer")]


def test_a_customer_who_moves_makes_due_the_days_from_then_on(platform: Platform) -> None:
    everybody(platform, ONE)
    for day in (ONE, TWO, THREE):
        deliver_sales(platform, day, sale(day, customer=2, quantity=int(day[-1])))
    platform.materialise(ONE, THREE, select=RETAIL)
    everybody(platform, TWO, (1, (2, "Moved"), 3))
    applied(platform, "retail")
    names = {row["day"].day: row["full_name"] for row in platform.rows("retail/customer_sales")}
    assert names == {1: "Name2 Doe", 2: "Moved Doe", 3: "Moved Doe"}
    mart = {
        row["day"].day: (row["full_name"], str(row["total_sales"]))
        for row in platform.rows("retail/customers_data_mart")
    }
    assert mart == {1: ("Name2 Doe", "6.00"), 2: ("Moved Doe", "18.00"), 3: ("Moved Doe", "36.00")}
    assert reasons(platform, "retail") == {}


def test_sales_of_a_day_on_which_the_customer_was_deleted_join_what_was_before_and_are_told(platform: Platform) -> None:
    everybody(platform, ONE)
    everybody(platform, TWO, (1, 3))
    deliver_sales(platform, TWO, sale(ONE, customer=2), sale(TWO, customer=2), sale(TWO))
    result = platform.materialise(ONE, TWO, select=RETAIL)
    found = checks(result, "retail/customer_sales")["closed_customers"]
    assert not found.passed
    assert found.metadata["days"].value == {TWO: 1}
    assert {row["full_name"] for row in platform.rows("retail/customer_sales")} == {"Name1 Doe", "Name2 Doe"}
    others = checks(result, "retail/sales_team_sales")
    assert others["closed_sales_team"].passed
    assert others["closed_stores"].passed


def test_products_that_nobody_knows_are_told_and_stay_sales(platform: Platform) -> None:
    everybody(platform, ONE)
    deliver_sales(platform, ONE, sale(ONE, product="tea"), sale(ONE, product="tea"), sale(ONE))
    result = platform.materialise(ONE, select=RETAIL)
    found = checks(result, "retail/sales")["known_products"]
    assert (found.passed, found.metadata["values"].value) == (False, {"tea": 2})
    assert len(platform.rows("retail/sales")) == 3
