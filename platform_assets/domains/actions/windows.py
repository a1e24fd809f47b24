"""actions/windows: actions in tumbling windows."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from platform_assets import Balance, Contract, Field, T, table
from platform_assets.domains.actions.domain import actions as domain
from platform_assets.domains.actions.domain import opens_and_closes
from platform_assets.transforms.windows import window_end


class Windows(Contract):
    """Actions per window (of ten minutes, if not set otherwise); a window without actions has no row."""

    day: T.DateType = Field(description="UTC day of the window")
    window_start: T.TimestampType = Field(description="First instant of the window (UTC)")
    window_end: T.TimestampType = Field(description="First instant after the window (UTC)")
    open: T.LongType = Field(ge=0, description="How many were opened")
    close: T.LongType = Field(ge=0, description="How many were closed")
    total_actions: T.LongType = Field(ge=1, description="Both together")
    average_actions: T.DoubleType = Field(ge=0, description="The mean of both: half their sum")
    opens_per_minute: T.DoubleType = Field(ge=0, description="How many were opened in a minute of the window")
    closes_per_minute: T.DoubleType = Field(ge=0, description="How many were closed in a minute of the window")

    class Config:
        unique = ["day", "window_start"]
        columns_agree = {
            "rules": {
                "window_in_day": "to_date(window_start) = day",
                "window_ends_behind_its_start": "window_start < window_end",
                "total_is_the_sum": "total_actions = open + close",
            }
        }


@table(Windows, domain=domain, balances=[Balance("every_action_once", "actions", "count(*)", "sum(total_actions)")])
def windows(actions: DataFrame, *, window_minutes: int) -> DataFrame:
    """Opens and closes per window [start, end)."""
    counted = opens_and_closes(actions, minutes=window_minutes, start="window_start")
    total, minutes = F.col("open") + F.col("close"), float(window_minutes)
    return counted.select(
        "day",
        "window_start",
        window_end("window_start", window_minutes).alias("window_end"),
        "open",
        "close",
        total.alias("total_actions"),
        (total / 2.0).alias("average_actions"),
        (F.col("open") / minutes).alias("opens_per_minute"),
        (F.col("close") / minutes).alias("closes_per_minute"),
    )
