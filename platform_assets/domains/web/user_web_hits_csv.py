"""web/user_web_hits_csv: the hits of a day as a file."""

from pyspark.sql import DataFrame

from platform_assets import Csv, document
from platform_assets.domains.web.domain import web

COLUMNS = ("user_id", "time_stamp", "url_level1", "url_level2", "url_level3", "activity")


@document(Csv("user_web_hits.csv", COLUMNS, times="%d/%m/%Y %H:%M:%S"), domain=web)
def user_web_hits_csv(user_web_hits: DataFrame) -> DataFrame:
    """Who did what where on a day: one line per hit, times as dd/MM/yyyy HH:mm:ss in UTC."""
    return user_web_hits.select("day", *COLUMNS)
