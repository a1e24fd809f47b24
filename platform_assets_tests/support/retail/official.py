"""The official files of retail as deliveries, and the figures that are known of them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

from platform_assets_tests.support.feed_oracle import Row
from platform_assets_tests.support.landing.parcels import Deliveries

DIMENSIONS = {"customers": "customer", "products": "product", "stores": "store", "sales_team": "sales_team"}


class Figures(NamedTuple):
    """What is known of a file: its days, the sales in it, and what the marts say of their months."""

    first: date
    last: date
    rows: int
    total: Decimal
    customers: int
    sellers: int
    winners: int
    incentives: Decimal


_SPRING, _SUMMER, _MAY = date(2024, 3, 1), date(2024, 8, 31), date(2025, 5, 15)
EXPECTED = {
    "sales_data.csv": Figures(_SPRING, _SUMMER, 5_000, Decimal("2025019.00"), 120, 54, 18, Decimal("7504.33")),
    "transactions_data.csv": Figures(_SPRING, _SUMMER, 5_000, Decimal("1990811.00"), 120, 54, 18, Decimal("7367.23")),
    "extra_column_2025-05-15.csv": Figures(_MAY, _MAY, 1_000, Decimal("411491.00"), 20, 9, 3, Decimal("1538.45")),
    "less_column_2025-05-15.csv": Figures(_MAY, _MAY, 0, Decimal(0), 0, 0, 0, Decimal(0)),
}


def deliveries(official: Path, *names: str) -> dict[str, Deliveries]:
    """Files of sales of the same days and all dimensions, delivered on the last of these days."""
    day, folder = EXPECTED[names[0]].last, official / "retail"
    found = {"sales": {day: {name: (folder / name).read_bytes() for name in names}}}
    for feed, file in DIMENSIONS.items():
        found[feed] = {day: {f"{file}.csv": (folder / "dimensions" / f"{file}.csv").read_bytes()}}
    return found


def of_whole_months(mart: Iterable[Row], last: date) -> list[Row]:
    """The rows of the last day of each month that a mart has: those of its whole month."""
    rows = [row for row in mart if row["day"] <= last]
    newest: dict[str, date] = {}
    for row in rows:
        newest[row["sales_month"]] = max(row["day"], newest.get(row["sales_month"], row["day"]))
    return [row for row in rows if row["day"] == newest[row["sales_month"]]]
