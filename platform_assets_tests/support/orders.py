"""A domain of two tables whose texts are awkward to write into pages."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Annotated

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from platform_assets import (
    JSON_LINES,
    Balance,
    Contract,
    Domain,
    DomainSettings,
    Feed,
    Field,
    RawContract,
    T,
    raw_table,
    source,
    table,
)


class ShopSettings(DomainSettings):
    """What a user may set of the shop."""

    hosts: str = "raw"
    """Hosts as they are, or *bare*."""


shop = Domain("shop", owner="team:shop", settings=ShopSettings)


class RawOrders(RawContract):
    """Every delivered order, good or rejected."""

    order_id: T.StringType = source("order.id", required=True, str_length={"min_value": 1}, description="Identity")
    kind: T.StringType = source("kind", str_matches=r"(a|b)`?c\Z", description="Kind: `a|b` or *any*, <none> else")
    ordered_at: T.TimestampType = source("at", required=True, description="When (UTC)")


@raw_table(RawOrders, Feed("orders", (JSON_LINES,)), domain=shop, event_time="ordered_at")
def raw_orders() -> Mapping[str, Column]:
    """Times are written as nobody else writes them."""
    return {"ordered_at": F.col("text.ordered_at").cast("timestamp")}


class Orders(Contract):
    """What was ordered: one row per order.

    Returned orders stay | they are orders too.
    """

    day: T.DateType = Field(ge=date(2020, 1, 1), description="UTC day of the order")
    order_id: T.StringType = Field(str_matches=r"(a|b)`?c\Z", description="Identity\nwithin its day")
    price: Annotated[T.DecimalType, 9, 2] = Field(nullable=True, gt=0, raise_warning=True, description="Price, in €")
    tags: Annotated[T.ArrayType, T.StringType(), True] = Field(description="Tags, *starred* or <not>")

    class Config:
        unique = ["day", "order_id"]
        columns_agree = {"rules": {"prices_of_kinds": "order_id <> 'a|b' OR price * 2 > 3 * 1"}}


@table(Orders, domain=shop, balances=[Balance("orders_are_kept", "raw_orders", "count(*)")])
def orders(raw_orders: DataFrame, *, hosts: str) -> DataFrame:
    """The good orders, as they are."""
    return raw_orders
