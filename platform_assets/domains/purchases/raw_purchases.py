"""purchases/raw_purchases: every row of every snapshot, good or rejected."""

from collections.abc import Mapping

from pyspark.sql import Column

from platform_assets import CSV, Feed, RawRows, T, raw_table, source
from platform_assets.domains.purchases.domain import purchases


class RawPurchases(RawRows):
    """Every row of every snapshot, good or rejected, with the rules that it breaks."""

    purchase_id: T.LongType = source("PurchaseID", required=True, description="Identity of the purchase")
    product: T.LongType = source("product", required=True, description="What was bought")
    user: T.LongType = source("user", required=True, description="Who bought it")
    date: T.DateType = source("date", required=True, description="Day of the purchase, as the source has it")

    class Config:
        columns_agree = {"rules": {"date_after_delivery": "date <= delivery_day"}}


@raw_table(RawPurchases, Feed("purchases", (CSV,)), domain=purchases, snapshot_of="purchase_id")
def raw_purchases() -> Mapping[str, Column]:
    """Every field is read as its column's type."""
    return {}
