"""web/aggregated_web_stats: hourly activity per web site."""

from pyspark.sql import DataFrame

from platform_assets import Balance, Contract, Field, T, table
from platform_assets.domains.web.domain import hourly_activity, web


class AggregatedWebStats(Contract):
    """Hourly activity per web site: one row per hour, host and activity."""

    day: T.DateType = Field(description="UTC day of the hour")
    time_bucket: T.StringType = Field(str_matches=r"[0-9]{10}\Z", description="UTC hour, yyyyMMddHH")
    url_level1: T.StringType = Field(description="Host")
    activity: T.StringType = Field(description="What the users did")
    activity_count: T.LongType = Field(ge=1, description="How often they did it")
    user_count: T.LongType = Field(ge=1, description="How many different users did it")

    class Config:
        unique = ["day", "time_bucket", "url_level1", "activity"]
        columns_agree = {
            "rules": {
                "time_bucket_in_day": "startswith(time_bucket, date_format(day, 'yyyyMMdd'))",
                "users_at_most_activities": "user_count <= activity_count",
            }
        }


@table(
    AggregatedWebStats,
    domain=web,
    balances=[Balance("activities_are_hits", "user_web_hits", "count(*)", staged="sum(activity_count)")],
)
def aggregated_web_stats(user_web_hits: DataFrame) -> DataFrame:
    """Hits and distinct users per hour, host and activity."""
    return hourly_activity(user_web_hits, "url_level1")
