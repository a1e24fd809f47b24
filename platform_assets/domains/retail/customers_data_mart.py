"""retail/customers_data_mart: what each customer has bought in the month so far."""

from collections.abc import Sequence
from datetime import date
from typing import Annotated

from pyspark.sql import DataFrame

from platform_assets import Contract, Field, T, table
from platform_assets.domains.retail.domain import month, retail
from platform_assets.transforms.totals import month_to_date, month_to_date_balance


class CustomersDataMart(Contract):
    """What each customer has bought in the month up to a day; that of a month's last day is the month's."""

    day: T.DateType = Field(description="UTC day up to whose end was added up")
    customer_id: T.IntegerType = Field(description="Who bought")
    full_name: T.StringType = Field(nullable=True, personal=True, description="First and last name on the newest sale")
    address: T.StringType = Field(nullable=True, personal=True, description="Where the customer lived on that day")
    phone_number: T.StringType = Field(nullable=True, personal=True, description="Telephone number on that day")
    sales_month: T.StringType = Field(str_matches=r"[0-9]{4}-[0-9]{2}\Z", description="The month, yyyy-MM")
    total_sales: Annotated[T.DecimalType, 28, 2] = Field(description="Price of all that was bought in the month so far")

    class Config:
        unique = ["day", "customer_id"]


@table(
    CustomersDataMart,
    domain=retail,
    balances=[month_to_date_balance("customer_sales", "total_cost", "customers_data_mart_before", "total_sales")],
)
def customers_data_mart(
    customer_sales: DataFrame, customers_data_mart_before: DataFrame, *, days: Sequence[date]
) -> DataFrame:
    """Sales of the month so far per customer, with the names and addresses of the newest one."""
    sales = customer_sales.withColumnRenamed("total_cost", "total_sales")
    totals = month_to_date(
        sales,
        customers_data_mart_before,
        days=days,
        key=["customer_id"],
        total="total_sales",
        newest=["full_name", "address", "phone_number"],
    )
    return totals.withColumn("sales_month", month())
