"""The totals of the month, the incentives and the coupons of a few sales that can be added up by hand."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

from platform_assets_tests.support.platforms import Platform
from platform_assets_tests.support.retail.small import deliver_sales, everybody, sale

ONE, TWO, LAST = "2026-01-01", "2026-01-02", "2026-01-31"
RETAIL = "group:retail"
MARTS = '+key:"retail/coupons" or +key:"retail/sales_team_data_mart"'


def sellers(platform: Platform, day: int) -> dict[tuple[int, int], tuple[str, str]]:
    """Per store and seller the total and the incentive."""
    return {
        (row["store_id"], row["sales_person_id"]): (str(row["total_sales"]), str(row["incentive"]))
        for row in platform.rows("retail/sales_team_data_mart")
        if row["day"].day == day
    }


def test_all_best_sellers_of_a_store_get_one_per_cent_of_their_own_sales(platform: Platform) -> None:
    everybody(platform, ONE)
    deliver_sales(
        platform,
        ONE,
        sale(ONE, seller=21, price="50.50", quantity=1),
        sale(ONE, seller=22, price="50.50", quantity=1),
        sale(ONE, seller=21, store=12, price="1.50", quantity=1),
        *[sale(ONE, seller=22, store=12, price="0.25", quantity=1)] * 2,  # the same twice is two sales
    )
    platform.materialise(ONE, select=MARTS)
    assert sellers(platform, 1) == {
        (11, 21): ("50.50", "0.51"),  # half a cent goes up
        (11, 22): ("50.50", "0.51"),
        (12, 21): ("1.50", "0.02"),
        (12, 22): ("0.50", "0.00"),
    }


def test_days_without_sales_go_on_and_a_new_month_begins_at_nothing(platforms: Callable[..., Platform]) -> None:
    platform = platforms("months", retail_start=date(2026, 1, 29))
    everybody(platform, "2026-01-29")
    deliver_sales(platform, LAST, sale("2026-01-29"))
    deliver_sales(platform, "2026-02-02", sale("2026-02-02", quantity=1))
    platform.materialise("2026-01-29", "2026-02-02", select=MARTS)
    totals = {str(row["day"]): str(row["total_sales"]) for row in platform.rows("retail/customers_data_mart")}
    assert totals == {"2026-01-29": "6.00", "2026-01-30": "6.00", LAST: "6.00", "2026-02-02": "2.00"}


def test_customers_at_the_amount_of_a_coupon_get_one(platforms: Callable[..., Platform]) -> None:
    platform = platforms("coupons", retail_coupon_amount=Decimal("12.01"))
    everybody(platform, ONE)
    deliver_sales(platform, ONE, sale(ONE), sale(ONE, customer=2, price="12.01", quantity=1))
    deliver_sales(platform, TWO, sale(TWO), sale(TWO, price="0.01", quantity=1))
    platform.materialise(ONE, TWO, select=MARTS)
    found = sorted((row["day"].day, row["customer_id"]) for row in platform.rows("retail/coupons"))
    assert found == [(1, 2), (2, 1), (2, 2)]


def test_the_documents_show_the_marts_and_the_sales_by_month_and_store(platform: Platform) -> None:
    everybody(platform, ONE)
    deliver_sales(platform, ONE, sale(ONE), sale(ONE, store=12))
    platform.materialise(ONE, select=RETAIL)
    exports = platform.root / "exports" / "retail"

    def text(name: str) -> Any:
        return (exports / name / "latest" / f"{name.removesuffix('_csv')}.csv").read_text().splitlines()

    assert text("customers_data_mart_csv") == [
        "customer_id,full_name,address,phone_number,sales_month,total_sales",
        "1,Name1 Doe,Elm Street 1,555-1,2026-01,12.00",
    ]
    assert text("sales_team_data_mart_csv") == [
        "store_id,sales_person_id,full_name,sales_month,total_sales,incentive",
        "11,21,Name21 Roe,2026-01,6.00,0.06",
        "12,21,Name21 Roe,2026-01,6.00,0.06",
    ]
    folder = exports / "sales_team_sales_parquet" / "latest" / "sales_month=2026-01"
    assert sorted(path.name for path in folder.iterdir()) == ["store_id=11", "store_id=12"]
