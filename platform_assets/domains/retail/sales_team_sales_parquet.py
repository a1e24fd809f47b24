"""retail/sales_team_sales_parquet: the sales with their sellers and stores as Parquet, a file per month and store."""

from pyspark.sql import DataFrame

from platform_assets import Parquet, document
from platform_assets.domains.retail.domain import retail
from platform_assets.domains.retail.sales_team_sales import sales_team_sales as table

_COLUMNS = tuple(name for name in table.contract.names if name not in ("sales_month", "store_id"))


@document(Parquet("sales_month={sales_month}/store_id={store_id}/sales.parquet", _COLUMNS), domain=retail)
def sales_team_sales_parquet(sales_team_sales: DataFrame) -> DataFrame:
    """The sales of a day with their sellers and stores, in a folder for each month and store."""
    return sales_team_sales
