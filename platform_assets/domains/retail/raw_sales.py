"""retail/raw_sales: every row of every sales file that was accepted, good or rejected."""

from collections.abc import Mapping
from typing import Annotated

from pyspark.sql import Column

from platform_assets import CSV, Feed, RawContract, T, raw_table, source
from platform_assets.domains.retail.domain import retail


class RawSales(RawContract):
    """Every row of every sales file that was accepted, good or rejected, with the rules that it breaks."""

    customer_id: T.IntegerType = source("customer_id", required=True, description="Who bought")
    store_id: T.IntegerType = source("store_id", required=True, description="Where")
    product_name: T.StringType = source("product_name", required=True, aliases="item_name", description="What")
    sales_date: T.DateType = source(
        "sales_date", required=True, aliases="transactions_date", description="When (UTC day)"
    )
    sales_person_id: T.IntegerType = source(
        "sales_person_id", required=True, aliases="transactions_person_id", description="Who sold it"
    )
    price: Annotated[T.DecimalType, 12, 2] = source("price", required=True, ge=0, description="Price of one")
    quantity: T.IntegerType = source("quantity", required=True, ge=1, description="How many")
    total_cost: Annotated[T.DecimalType, 18, 2] = source("total_cost", required=True, description="Price of all")
    additional_column: T.StringType = source(
        "*", description="Values of the file's further columns, in their order, with `, ` between them"
    )

    class Config:
        columns_agree = {"rules": {"wrong_total_cost": "total_cost = price * quantity"}}


@raw_table(
    RawSales,
    Feed("sales", (CSV,), once=True, whole_files=True),
    domain=retail,
    event_time="sales_date",
)
def raw_sales() -> Mapping[str, Column]:
    """Every field is read as its column's type."""
    return {}
