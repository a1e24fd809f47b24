"""What all tables of the web domain share."""

from datetime import date
from typing import Literal

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from platform_assets import Domain, DomainSettings, GapSeconds
from platform_assets.settings import FIRST_DAY
from platform_assets.transforms.counts import count_with_distinct
from platform_assets.transforms.sessions import Sessions


class WebSettings(DomainSettings):
    """What a user may set of the web domain."""

    start: date = FIRST_DAY
    """First day of the web domain; earlier events are rejected as before_start."""
    date_order: Literal["dmy", "mdy"] = "dmy"
    """How the feed writes dates: 02/01/2026 is 2 January (`dmy`) or 1 February (`mdy`)."""
    hosts: Literal["raw", "bare"] = "raw"
    """Hosts as they are (`raw`), or without a leading www. or w3. (`bare`)."""
    gap_seconds: GapSeconds = 1800
    """Seconds without a hit that end a session: one more than this opens a new one. At most a day."""


web = Domain("web", owner="team:web", settings=WebSettings)

HITS = Sessions(
    user="user_id",
    time="time_stamp",
    item=("url_level1", "url_level2", "url_level3"),
    event="hit",
    events="hits",
    distinct="pages",
    items="visited",
)


def hourly_activity(hits: DataFrame, *levels: str) -> DataFrame:
    """Hits and distinct users per UTC hour, URL levels and activity.

    day, time_bucket (yyyyMMddHH), the levels, activity, activity_count, user_count. Hours are written as text only when
    all is counted: groups of ten million rows take much longer by text than by time.
    """
    hours = hits.withColumn("hour", F.date_trunc("hour", "time_stamp"))
    group = ["day", "hour", *levels, "activity"]
    counted = count_with_distinct(hours, group, "user_id", count="activity_count", distinct="user_count")
    bucket = F.date_format("hour", "yyyyMMddHH").alias("time_bucket")
    return counted.select("day", bucket, *levels, "activity", "activity_count", "user_count")
