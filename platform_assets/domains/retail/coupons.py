"""retail/coupons: the customers who have bought enough in the month for a coupon."""

from decimal import Decimal
from typing import Annotated

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from platform_assets import Contract, Field, T, table
from platform_assets.domains.retail.domain import retail


class Coupons(Contract):
    """The customers whose purchases of the month up to a day come to the amount of a coupon."""

    day: T.DateType = Field(description="UTC day up to whose end was added up")
    customer_id: T.IntegerType = Field(description="Who bought")
    full_name: T.StringType = Field(nullable=True, personal=True, description="First and last name on the newest sale")
    sales_month: T.StringType = Field(str_matches=r"[0-9]{4}-[0-9]{2}\Z", description="The month, yyyy-MM")
    total_sales: Annotated[T.DecimalType, 28, 2] = Field(description="Price of all that was bought in the month so far")

    class Config:
        unique = ["day", "customer_id"]


@table(Coupons, domain=retail)
def coupons(customers_data_mart: DataFrame, *, coupon_amount: Decimal) -> DataFrame:
    """The customers at or above the amount."""
    reached = customers_data_mart.where(F.col("total_sales") >= F.lit(coupon_amount))
    return reached.select("day", "customer_id", "full_name", "sales_month", "total_sales")
