"""retail/unmatched_sales: the sales of customers, stores and sellers that nobody knows yet."""

from typing import Annotated

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from platform_assets import Field, T, table
from platform_assets.domains.retail.domain import retail
from platform_assets.domains.retail.sales import Sales
from platform_assets.transforms.events import accepted


class UnmatchedSales(Sales):
    """Good rows whose customer, store or seller is in no snapshot so far. They become sales when that comes."""

    reasons: Annotated[T.ArrayType, T.StringType(), True] = Field(
        description="What is unknown: unknown_customer, unknown_store, unknown_seller"
    )

    class Config:
        columns_agree = {
            "rules": {"total_is_of_all": "total_cost = price * quantity", "has_a_reason": "size(reasons) > 0"}
        }


@table(UnmatchedSales, domain=retail, matched_by=("customers", "stores", "sales_team"))
def unmatched_sales(raw_sales: DataFrame, customers: DataFrame, stores: DataFrame, sales_team: DataFrame) -> DataFrame:
    """The good rows of all deliveries with something unknown."""
    rows = accepted(raw_sales)
    reasons = []
    for key, reason, history in (
        ("customer_id", "unknown_customer", customers),
        ("store_id", "unknown_store", stores),
        ("sales_person_id", "unknown_seller", sales_team),
    ):
        known = history.select(key).distinct().withColumn(reason, F.lit(False))
        rows = known.join(rows, key, "right")  # engines keep in memory what stands on the left
        reasons.append(F.when(F.col(reason).isNull(), F.lit(reason)))
    found = rows.withColumn("reasons", F.array_compact(F.array(*reasons))).where(F.size("reasons") > 0)
    return found.select(*unmatched_sales.contract.names)
