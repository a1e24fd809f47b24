"""retail/raw_products: every row of every snapshot of the products, good or rejected."""

from collections.abc import Mapping
from typing import Annotated

from pyspark.sql import Column

from platform_assets import CSV, Feed, RawRows, T, raw_table, source
from platform_assets.domains.retail.domain import retail


class RawProducts(RawRows):
    """Every row of every snapshot of the products, good or rejected, with the rules that it breaks."""

    product_id: T.IntegerType = source("id", required=True, description="Identity of the product")
    name: T.StringType = source("name", trimmed=True, description="Name of the product, as sales have it")
    current_price: Annotated[T.DecimalType, 12, 2] = source("current_price", ge=0, description="Price of one")
    old_price: Annotated[T.DecimalType, 12, 2] = source(
        "old_price", ge=0, description="Price of one before the current price"
    )
    created_date: T.DateType = source("created_date", description="Day on which it came into the range")
    updated_date: T.DateType = source("updated_date", description="Day of its last change")
    expiry_date: T.DateType = source("expiry_date", description="Day from which on it is not sold")


@raw_table(RawProducts, Feed("products", (CSV,)), domain=retail, snapshot_of="product_id")
def raw_products() -> Mapping[str, Column]:
    """Every field is read as its column's type."""
    return {}
