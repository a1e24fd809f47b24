"""web/aggregated_web_stats_csv: the hourly statistics of a day as a file."""

from pyspark.sql import DataFrame

from platform_assets import Csv, document
from platform_assets.domains.web.domain import web

COLUMNS = ("time_bucket", "url_level1", "activity", "activity_count", "user_count")


@document(Csv("aggregated_web_stats.csv", COLUMNS), domain=web)
def aggregated_web_stats_csv(aggregated_web_stats: DataFrame) -> DataFrame:
    """Hourly activity per web site on a day: one line per hour, host and activity."""
    return aggregated_web_stats.select("day", *COLUMNS)
