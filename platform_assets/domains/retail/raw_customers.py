"""retail/raw_customers: every row of every snapshot of the customers, good or rejected."""

from collections.abc import Mapping

from pyspark.sql import Column

from platform_assets import CSV, Feed, RawRows, T, raw_table, source
from platform_assets.domains.retail.domain import retail


class RawCustomers(RawRows):
    """Every row of every snapshot of the customers, good or rejected, with the rules that it breaks."""

    customer_id: T.IntegerType = source("customer_id", required=True, description="Identity of the customer")
    first_name: T.StringType = source("first_name", trimmed=True, personal=True, description="First name")
    last_name: T.StringType = source("last_name", trimmed=True, personal=True, description="Last name")
    address: T.StringType = source("address", personal=True, description="Where the customer lives")
    pincode: T.StringType = source("pincode", personal=True, description="Postal code")
    phone_number: T.StringType = source("phone_number", personal=True, description="Telephone number")
    customer_joining_date: T.DateType = source("customer_joining_date", description="Day on which the customer joined")


@raw_table(RawCustomers, Feed("customers", (CSV,)), domain=retail, snapshot_of="customer_id")
def raw_customers() -> Mapping[str, Column]:
    """Every field is read as its column's type."""
    return {}
