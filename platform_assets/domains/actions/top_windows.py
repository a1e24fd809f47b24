"""actions/top_windows: the windows with the most opens up to a day."""

from collections.abc import Sequence
from datetime import date

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from platform_assets import Contract, Field, T, table
from platform_assets.domains.actions.domain import actions as domain
from platform_assets.transforms.ranking import best_so_far, ranked

MOST = 10


class TopWindows(Contract):
    """The ten windows in which most was opened so far; windows without opens are none of them."""

    day: T.DateType = Field(description="UTC day up to whose end was ranked")
    rank: T.IntegerType = Field(ge=1, le=MOST, description="Place in the list, 1 being the window with most opens")
    window_start: T.TimestampType = Field(description="First instant of the window (UTC)")
    window_end: T.TimestampType = Field(description="First instant after the window (UTC)")
    open: T.LongType = Field(ge=1, description="How many were opened")
    close: T.LongType = Field(ge=0, description="How many were closed")

    class Config:
        unique = ["day", "rank"]
        columns_agree = {"rules": {"nothing_later_than_the_day": "to_date(window_start) <= day"}}


@table(TopWindows, domain=domain)
def top_windows(windows: DataFrame, top_windows_before: DataFrame, *, days: Sequence[date]) -> DataFrame:
    """The best of the list of the day before and of the windows since: opens descending, then the earlier one."""
    order = [F.desc("open"), F.asc("window_start")]
    columns = ["day", "window_start", "window_end", "open", "close"]
    before = top_windows_before.withColumn("day", F.lit(days[0])).select(*columns)
    opened = windows.where(F.col("open") > 0).select(*columns).unionByName(before)
    return ranked(best_so_far(opened, days=days, order=order, most=MOST), ["day"], order, MOST)
