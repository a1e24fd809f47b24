"""retail/sales: the sales, by the day on which they were made."""

from typing import Annotated

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from platform_assets import Balance, Contract, Field, KnownValues, T, table
from platform_assets.domains.retail.domain import retail
from platform_assets.transforms.events import GOOD, accepted


class Sales(Contract):
    """What was sold of whom to whom: one row per sale; a row that looks like another is a sale of its own."""

    day: T.DateType = Field(description="UTC day of the sale")
    customer_id: T.IntegerType = Field(description="Who bought")
    store_id: T.IntegerType = Field(description="Where")
    product_name: T.StringType = Field(description="What")
    sales_person_id: T.IntegerType = Field(description="Who sold it")
    price: Annotated[T.DecimalType, 12, 2] = Field(ge=0, description="Price of one")
    quantity: T.IntegerType = Field(ge=1, description="How many")
    total_cost: Annotated[T.DecimalType, 18, 2] = Field(description="Price of all")
    additional_column: T.StringType = Field(nullable=True, description="Values of the file's further columns")

    class Config:
        columns_agree = {"rules": {"total_is_of_all": "total_cost = price * quantity"}}


@table(
    Sales,
    domain=retail,
    balances=[Balance("good_rows_are_sales", "raw_sales", GOOD, elsewhere={"unmatched_sales": "count(*)"})],
    guards=[KnownValues("products", of="name", column="product_name")],
)
def sales(raw_sales: DataFrame, unmatched_sales: DataFrame, products: DataFrame) -> DataFrame:
    """The good rows of all deliveries but those with something unknown."""
    who = ["customer_id", "store_id", "sales_person_id"]
    unmatched = unmatched_sales.select("day", *who).distinct().withColumn("unmatched", F.lit(True))
    # Not an anti-join: engines keep in memory what stands on the left.
    rows = unmatched.join(accepted(raw_sales), ["day", *who], "right").where("unmatched IS NULL")
    columns = ["day", "customer_id", "store_id", "product_name", "sales_person_id", "price", "quantity", "total_cost"]
    return rows.select(*columns, "additional_column")
