"""retail/customers_data_mart_csv: the customers' totals of the month as CSV."""

from pyspark.sql import DataFrame

from platform_assets import Csv, document
from platform_assets.domains.retail.domain import retail

_COLUMNS = ("customer_id", "full_name", "address", "phone_number", "sales_month", "total_sales")


@document(Csv("customers_data_mart.csv", _COLUMNS), domain=retail)
def customers_data_mart_csv(customers_data_mart: DataFrame) -> DataFrame:
    """What each customer has bought in the month up to a day, by customer."""
    return customers_data_mart
