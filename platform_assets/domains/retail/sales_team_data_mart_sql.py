"""retail/sales_team_data_mart_sql: the sellers' totals of the month and their incentives in a database."""

from pyspark.sql import DataFrame

from platform_assets import Monthly, sql_table
from platform_assets.domains.retail.domain import retail
from platform_assets.domains.retail.sales_team_data_mart import SalesTeamDataMart


@sql_table(SalesTeamDataMart, Monthly("sales_month"), domain=retail, url="sql_url")
def sales_team_data_mart_sql(sales_team_data_mart: DataFrame) -> DataFrame:
    """What each seller has sold in each store and month, up to its newest day, and the incentive."""
    return sales_team_data_mart.drop("day")
