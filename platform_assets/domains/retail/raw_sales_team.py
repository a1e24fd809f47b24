"""retail/raw_sales_team: every row of every snapshot of the sellers, good or rejected."""

from collections.abc import Mapping

from pyspark.sql import Column
from pyspark.sql import functions as F

from platform_assets import CSV, Feed, RawRows, T, raw_table, source
from platform_assets.domains.retail.domain import retail


class RawSalesTeam(RawRows):
    """Every row of every snapshot of the sellers, good or rejected, with the rules that it breaks."""

    sales_person_id: T.IntegerType = source("id", required=True, description="Identity of the seller")
    first_name: T.StringType = source("first_name", trimmed=True, personal=True, description="First name")
    last_name: T.StringType = source("last_name", trimmed=True, personal=True, description="Last name")
    manager_id: T.IntegerType = source("manager_id", description="Identity of the seller's manager")
    is_manager: T.BooleanType = source("is_manager", description="Whether the seller is a manager (Y or N)")
    address: T.StringType = source("address", personal=True, description="Where the seller lives")
    pincode: T.StringType = source("pincode", personal=True, description="Postal code")
    joining_date: T.DateType = source("joining_date", description="Day on which the seller joined")


@raw_table(RawSalesTeam, Feed("sales_team", (CSV,)), domain=retail, snapshot_of="sales_person_id")
def raw_sales_team() -> Mapping[str, Column]:
    """Y and N say whether a seller is a manager; every other field is read as its column's type."""
    text = F.col("text.is_manager")
    return {"is_manager": F.when(text.isin("Y", "N"), text == "Y")}
