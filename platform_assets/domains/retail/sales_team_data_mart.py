"""retail/sales_team_data_mart: what each seller has sold in each store in the month so far, and the incentive."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Annotated

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from platform_assets import Contract, Field, T, table
from platform_assets.domains.retail.domain import month, retail
from platform_assets.transforms.totals import month_to_date, month_to_date_balance

SHARE = Decimal("0.01")
"""What the best sellers of a store and month get of their own sales."""


class SalesTeamDataMart(Contract):
    """What each seller has sold in each store in the month up to a day, and the incentive of the best ones."""

    day: T.DateType = Field(description="UTC day up to whose end was added up")
    store_id: T.IntegerType = Field(description="Where")
    sales_person_id: T.IntegerType = Field(description="Who sold it")
    full_name: T.StringType = Field(nullable=True, personal=True, description="First and last name on the newest sale")
    sales_month: T.StringType = Field(str_matches=r"[0-9]{4}-[0-9]{2}\Z", description="The month, yyyy-MM")
    total_sales: Annotated[T.DecimalType, 28, 2] = Field(description="Price of all that was sold in the month so far")
    incentive: Annotated[T.DecimalType, 28, 2] = Field(
        ge=0, description="One per cent of it, half up, for all who have sold most in the store; 0 for the others"
    )

    class Config:
        unique = ["day", "store_id", "sales_person_id"]


@table(
    SalesTeamDataMart,
    domain=retail,
    balances=[month_to_date_balance("sales_team_sales", "total_cost", "sales_team_data_mart_before", "total_sales")],
)
def sales_team_data_mart(
    sales_team_sales: DataFrame, sales_team_data_mart_before: DataFrame, *, days: Sequence[date]
) -> DataFrame:
    """Sales of the month so far per store and seller; the best of each store, all of a tie, get the incentive."""
    totals = month_to_date(
        sales_team_sales.withColumnRenamed("total_cost", "total_sales"),
        sales_team_data_mart_before,
        days=days,
        key=["store_id", "sales_person_id"],
        total="total_sales",
        newest=["full_name"],
    )
    most = F.max("total_sales").over(Window.partitionBy("day", "store_id"))
    share = F.round(F.col("total_sales") * F.lit(SHARE), 2)
    incentive = F.when(F.col("total_sales") == most, share).otherwise(F.lit(0)).cast("decimal(28,2)")
    return totals.withColumns({"incentive": incentive, "sales_month": month()})
