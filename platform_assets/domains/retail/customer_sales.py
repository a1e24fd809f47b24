"""retail/customer_sales: the sales with their customers, as these were on the day."""

from typing import Annotated

from pyspark.sql import DataFrame

from platform_assets import Balance, ClosedVersions, Contract, Field, T, table
from platform_assets.domains.retail.domain import full_name, month, retail
from platform_assets.transforms.scd2 import as_of_join


class CustomerSales(Contract):
    """One row per sale, with the customer as known on the day of the sale."""

    day: T.DateType = Field(description="UTC day of the sale")
    sales_month: T.StringType = Field(str_matches=r"[0-9]{4}-[0-9]{2}\Z", description="Month of the sale, yyyy-MM")
    customer_id: T.IntegerType = Field(description="Who bought")
    first_name: T.StringType = Field(nullable=True, personal=True, description="First name of the customer")
    last_name: T.StringType = Field(nullable=True, personal=True, description="Last name of the customer")
    full_name: T.StringType = Field(nullable=True, personal=True, description="First and last name of the customer")
    address: T.StringType = Field(nullable=True, personal=True, description="Where the customer lives")
    pincode: T.StringType = Field(nullable=True, personal=True, description="Postal code")
    phone_number: T.StringType = Field(nullable=True, personal=True, description="Telephone number")
    store_id: T.IntegerType = Field(description="Where")
    product_name: T.StringType = Field(description="What")
    quantity: T.IntegerType = Field(ge=1, description="How many")
    total_cost: Annotated[T.DecimalType, 18, 2] = Field(description="Price of all")


@table(
    CustomerSales,
    domain=retail,
    balances=[
        Balance("every_sale_is_here", "sales", "count(*)"),
        Balance("all_money_is_here", "sales", "sum(total_cost)", staged="sum(total_cost)"),
    ],
    guards=[ClosedVersions("customers", of="sales", key=("customer_id",))],
)
def customer_sales(sales: DataFrame, customers: DataFrame) -> DataFrame:
    """Each sale with the version of the customer that was valid on its day, or the first one."""
    of_customer = ["first_name", "last_name", "address", "pincode", "phone_number"]
    joined = as_of_join(sales, customers, key=["customer_id"], on="day", columns=of_customer)
    named = joined.withColumns({"full_name": full_name(), "sales_month": month()})
    return named.select(*customer_sales.contract.names)
