"""retail/sales_team_data_mart_csv: the sellers' totals of the month and their incentives as CSV."""

from pyspark.sql import DataFrame

from platform_assets import Csv, document
from platform_assets.domains.retail.domain import retail

_COLUMNS = ("store_id", "sales_person_id", "full_name", "sales_month", "total_sales", "incentive")


@document(Csv("sales_team_data_mart.csv", _COLUMNS), domain=retail)
def sales_team_data_mart_csv(sales_team_data_mart: DataFrame) -> DataFrame:
    """What each seller has sold in each store in the month up to a day, and the incentive."""
    return sales_team_data_mart
