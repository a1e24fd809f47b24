"""A domain with tables that have no days, and one that goes on from all its days before: items, their prices, sales."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from platform_assets import (
    CSV,
    Contract,
    Domain,
    DomainSettings,
    Feed,
    Field,
    RawContract,
    RawRows,
    T,
    raw_table,
    source,
    table,
)
from platform_assets.registry import FoundDomain
from platform_assets.transforms.events import accepted
from platform_assets.transforms.times import utc_instant
from platform_assets_tests.support.platforms import Platform


class ShelfSettings(DomainSettings):
    """What may be set of the shelf."""

    least_price: int = 0
    """Items that cost less are not looked at."""


shelf = Domain("shelf", owner="team:shelf", settings=ShelfSettings)


class RawItems(RawRows):
    """Every row of every snapshot of the items."""

    item_id: T.LongType = source("id", required=True, description="Which item")
    price: T.LongType = source("price", required=True, description="Its price")


@raw_table(RawItems, Feed("items", (CSV,)), domain=shelf, snapshot_of="item_id")
def raw_items() -> Mapping[str, Column]:
    """Nothing needs a parse of its own."""
    return {}


class NewItems(Contract):
    """Items on the day on which they were first on the shelf."""

    day: T.DateType = Field(description="Day of the snapshot")
    item_id: T.LongType = Field(description="Which item")
    price: T.LongType = Field(description="Its price then")

    class Config:
        unique = ["day", "item_id"]


@table(NewItems, domain=shelf)
def new_items(
    raw_items: DataFrame, new_items_so_far: DataFrame, *, days: Sequence[date], least_price: int
) -> DataFrame:
    """Items that were in no snapshot before."""
    offered = accepted(raw_items).where(F.col("price") >= least_price)
    first = offered.groupBy("item_id").agg(F.min(F.struct("delivery_day", "price")).alias("first"))
    new = first.join(new_items_so_far, "item_id", "left_anti")
    return new.select(F.col("first.delivery_day").alias("day"), "item_id", F.col("first.price").alias("price"))


class PriceList(Contract, whole=True):
    """The price of every item that was ever on the shelf."""

    item_id: T.LongType = Field(description="Which item")
    price: T.LongType = Field(description="Its first price")

    class Config:
        unique = ["item_id"]


@table(PriceList, domain=shelf)
def price_list(new_items: DataFrame) -> DataFrame:
    """All new items of all days."""
    return new_items.select("item_id", "price")


class Totals(Contract, whole=True):
    """How much one of each item costs."""

    items: T.LongType = Field(description="How many items")
    price: T.LongType = Field(nullable=True, description="What they cost together")


@table(Totals, domain=shelf)
def totals(price_list: DataFrame) -> DataFrame:
    """The price list, summed up."""
    return price_list.agg(F.count("*").alias("items"), F.sum("price").alias("price"))


class RawSales(RawContract):
    """Every delivered sale."""

    item_id: T.LongType = source("item", required=True, description="Which item")
    sold_at: T.TimestampType = source("sold_at", required=True, description="When")


@raw_table(RawSales, Feed("shelf_sales", (CSV,)), domain=shelf, event_time="sold_at")
def raw_sales() -> Mapping[str, Column]:
    """Times are written yyyy-MM-ddTHH:mm:ssZ."""
    return {"sold_at": utc_instant(F.col("text.sold_at"))}


class Sales(Contract):
    """Sales with the prices of their items."""

    day: T.DateType = Field(description="Day of the sale")
    item_id: T.LongType = Field(description="Which item")
    price: T.LongType = Field(nullable=True, description="Its first price; none for an item that nobody knows")


@table(Sales, domain=shelf)
def sales(raw_sales: DataFrame, price_list: DataFrame) -> DataFrame:
    """The good sales, with their prices."""
    return accepted(raw_sales).join(price_list, "item_id", "left").select("day", "item_id", "price")


DECLARED = (raw_items, new_items, price_list, totals, raw_sales, sales)
FOUND = FoundDomain(shelf, __name__, DECLARED)


def shelf_at(root: Path, **settings: Any) -> Platform:
    """A platform of the shelf alone."""
    return Platform(root, domains=[FOUND], **settings)


def snapshot(platform: Platform, day: int, /, **prices: int) -> None:
    """Deliver the snapshot of a day of January 2026; items are named `i<number>`."""
    lines = "".join(f"{name[1:]},{price}\n" for name, price in prices.items())
    platform.deliver("items", f"2026-01-{day:02}", "items.csv", f"id,price\n{lines}")


def sold(platform: Platform, day: int, *items: int) -> None:
    """Deliver the sales of a day."""
    date_ = f"2026-01-{day:02}"
    platform.deliver(
        "shelf_sales", date_, "sales.csv", "item,sold_at\n" + "".join(f"{item},{date_}T10:00:00Z\n" for item in items)
    )
