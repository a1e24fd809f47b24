"""retail/sales_team_sales: the sales with their sellers and stores, as these were on the day."""

from typing import Annotated

from pyspark.sql import DataFrame

from platform_assets import Balance, ClosedVersions, Contract, Field, T, table
from platform_assets.domains.retail.domain import full_name, month, retail
from platform_assets.transforms.scd2 import as_of_join


class SalesTeamSales(Contract):
    """One row per sale, with the seller and the store as known on the day of the sale."""

    day: T.DateType = Field(description="UTC day of the sale")
    sales_month: T.StringType = Field(str_matches=r"[0-9]{4}-[0-9]{2}\Z", description="Month of the sale, yyyy-MM")
    store_id: T.IntegerType = Field(description="Where")
    store_manager_name: T.StringType = Field(nullable=True, personal=True, description="Name of the store's manager")
    sales_person_id: T.IntegerType = Field(description="Who sold it")
    first_name: T.StringType = Field(nullable=True, personal=True, description="First name of the seller")
    last_name: T.StringType = Field(nullable=True, personal=True, description="Last name of the seller")
    full_name: T.StringType = Field(nullable=True, personal=True, description="First and last name of the seller")
    manager_id: T.IntegerType = Field(nullable=True, description="Identity of the seller's manager")
    is_manager: T.BooleanType = Field(nullable=True, description="Whether the seller is a manager")
    address: T.StringType = Field(nullable=True, personal=True, description="Where the seller lives")
    pincode: T.StringType = Field(nullable=True, personal=True, description="Postal code")
    product_name: T.StringType = Field(description="What")
    quantity: T.IntegerType = Field(ge=1, description="How many")
    total_cost: Annotated[T.DecimalType, 18, 2] = Field(description="Price of all")


@table(
    SalesTeamSales,
    domain=retail,
    balances=[
        Balance("every_sale_is_here", "sales", "count(*)"),
        Balance("all_money_is_here", "sales", "sum(total_cost)", staged="sum(total_cost)"),
    ],
    guards=[
        ClosedVersions("sales_team", of="sales", key=("sales_person_id",)),
        ClosedVersions("stores", of="sales", key=("store_id",)),
    ],
)
def sales_team_sales(sales: DataFrame, sales_team: DataFrame, stores: DataFrame) -> DataFrame:
    """Each sale with the versions of the seller and the store that were valid on its day, or the first ones."""
    of_seller = ["first_name", "last_name", "manager_id", "is_manager", "address", "pincode"]
    joined = as_of_join(sales, sales_team, key=["sales_person_id"], on="day", columns=of_seller)
    joined = joined.drop("version", "closed")
    joined = as_of_join(joined, stores, key=["store_id"], on="day", columns=["store_manager_name"])
    named = joined.withColumns({"full_name": full_name(), "sales_month": month()})
    return named.select(*sales_team_sales.contract.names)
