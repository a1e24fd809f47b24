"""retail/customers_data_mart_sql: the customers' totals of the month in a database."""

from pyspark.sql import DataFrame

from platform_assets import Monthly, sql_table
from platform_assets.domains.retail.customers_data_mart import CustomersDataMart
from platform_assets.domains.retail.domain import retail


@sql_table(CustomersDataMart, Monthly("sales_month"), domain=retail, url="sql_url")
def customers_data_mart_sql(customers_data_mart: DataFrame) -> DataFrame:
    """What each customer has bought in each month, up to its newest day."""
    return customers_data_mart.drop("day")
