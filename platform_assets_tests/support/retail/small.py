"""A retail platform of few rows that a test can read: three customers, two stores, two sellers, and their sales."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from platform_assets_tests.support.platforms import Platform

SALES = "customer_id,store_id,product_name,sales_date,sales_person_id,price,quantity,total_cost"
_DIMENSIONS = {
    "customers": (
        "customer_id,first_name,last_name,address,pincode,phone_number,customer_joining_date",
        "{},{},Doe,Elm Street {},1000,555-{},2020-01-01",
    ),
    "stores": (
        "id,address,store_pincode,store_manager_name,store_opening_date,reviews",
        "{},{} Street {},2000,Manager {},2019-01-01,good",
    ),
    "sales_team": (
        "id,first_name,last_name,manager_id,is_manager,address,pincode,joining_date",
        "{},{},Roe,9,N,Oak Street {},300{},2020-01-01",
    ),
}
PRODUCTS = "id,name,current_price,old_price,created_date,updated_date,expiry_date\n1,soap,2,2,2020-01-01,,2030-01-01\n"


def sale(
    day: str, customer: int = 1, store: int = 11, seller: int = 21, price: str = "2", quantity: int = 3, **more: Any
) -> str:
    """A line of a sales file; a total that is right unless another is given."""
    total = more.get("total", f"{float(price) * quantity:.2f}")
    return f"{customer},{store},{more.get('product', 'soap')},{day},{seller},{price},{quantity},{total}"


def deliver_sales(platform: Platform, day: str, *lines: str, name: str = "sales.csv", header: str = SALES) -> None:
    """Land a sales file."""
    platform.deliver("sales", day, name, [header, *lines])


def snapshot(platform: Platform, feed: str, day: str, *members: Any) -> None:
    """Land a snapshot of customers, stores or sellers: each an id, with a name if it matters."""
    header, line = _DIMENSIONS[feed]
    lines = []
    for member in members:
        number, name = member if isinstance(member, tuple) else (member, f"Name{member}")
        lines.append(line.format(number, name, number, number))
    platform.deliver(feed, day, f"{feed}.csv", [header, *lines])


def everybody(platform: Platform, day: str, customers: Sequence[Any] = (1, 2, 3)) -> None:
    """Land the snapshots of a day: customers, two stores, two sellers, one product."""
    snapshot(platform, "customers", day, *customers)
    snapshot(platform, "stores", day, 11, 12)
    snapshot(platform, "sales_team", day, 21, 22)
    platform.deliver("products", day, "products.csv", PRODUCTS)
