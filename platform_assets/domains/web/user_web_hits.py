"""web/user_web_hits: the good events, flat, with the URL split into levels."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from platform_assets import Balance, Contract, Field, Repeats, T, table
from platform_assets.domains.web.domain import web
from platform_assets.transforms.events import GOOD, GOOD_ROW, accepted, first_of_each
from platform_assets.transforms.urls import bare_host, host, host_and_path, segment


class UserWebHits(Contract):
    """What users did on which page: one row per event, the URL split into levels."""

    day: T.DateType = Field(description="UTC day of the event")
    event_id: T.StringType = Field(description="Identity of the event within its day")
    user_id: T.LongType = Field(description="Who acted")
    time_stamp: T.TimestampType = Field(description="When (UTC)")
    url_level1: T.StringType = Field(str_length={"min_value": 1}, description="Host, lower case")
    url_level2: T.StringType = Field(nullable=True, description="First path segment, as written")
    url_level3: T.StringType = Field(nullable=True, description="Second path segment, as written")
    activity: T.StringType = Field(str_length={"min_value": 1}, description="What the user did")
    session_id: T.StringType = Field(nullable=True, description="Session as the sender names it")

    class Config:
        unique = ["day", "event_id"]
        columns_agree = {"rules": {"time_stamp_in_day": "to_date(time_stamp) = day"}}


@table(
    UserWebHits,
    domain=web,
    balances=[
        Balance(
            "good_rows_are_hits_or_copies",
            "raw_events",
            whole=GOOD,
            left_out={"copies": Repeats(("day", "event_id"), where=GOOD_ROW)},
        )
    ],
)
def user_web_hits(raw_events: DataFrame, *, hosts: str) -> DataFrame:
    """The first good row of each event, by delivery day, then file name, then all columns."""
    columns = ["user_id", "user_session_id", "user_ip", "action", "url", "timestamp"]
    order = ["delivery_day", "source_file", *columns]
    events = first_of_each(accepted(raw_events).select("day", "event_id", *order), key=["day", "event_id"], order=order)
    located = events.withColumn("location", host_and_path(F.col("url")))
    name = host(F.col("location"))
    return located.select(
        "day",
        "event_id",
        "user_id",
        F.col("timestamp").alias("time_stamp"),
        (bare_host(name) if hosts == "bare" else name).alias("url_level1"),
        segment(F.col("location"), 1).alias("url_level2"),
        segment(F.col("location"), 2).alias("url_level3"),
        F.col("action").alias("activity"),
        F.col("user_session_id").alias("session_id"),
    )
