"""retail/raw_stores: every row of every snapshot of the stores, good or rejected."""

from collections.abc import Mapping

from pyspark.sql import Column

from platform_assets import CSV, Feed, RawRows, T, raw_table, source
from platform_assets.domains.retail.domain import retail


class RawStores(RawRows):
    """Every row of every snapshot of the stores, good or rejected, with the rules that it breaks."""

    store_id: T.IntegerType = source("id", required=True, description="Identity of the store")
    address: T.StringType = source("address", description="Where the store is")
    store_pincode: T.StringType = source("store_pincode", description="Postal code of the store")
    store_manager_name: T.StringType = source(
        "store_manager_name", trimmed=True, personal=True, description="Name of the store's manager"
    )
    store_opening_date: T.DateType = source("store_opening_date", description="Day on which it opened")
    reviews: T.StringType = source("reviews", description="What customers say of it")


@raw_table(RawStores, Feed("stores", (CSV,)), domain=retail, snapshot_of="store_id")
def raw_stores() -> Mapping[str, Column]:
    """Every field is read as its column's type."""
    return {}
