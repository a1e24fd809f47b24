"""actions/window_summary: how many windows and actions there were up to a day."""

from collections.abc import Sequence
from datetime import date

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from platform_assets import Contract, Field, T, table
from platform_assets.domains.actions.domain import actions as domain
from platform_assets.transforms.counts import totals_so_far


class WindowSummary(Contract):
    """Windows and actions so far: one row per day, also for days without actions."""

    day: T.DateType = Field(description="UTC day up to whose end was counted")
    windows: T.LongType = Field(ge=0, description="Windows with actions")
    total_actions: T.LongType = Field(ge=0, description="Actions in them")
    average_actions_per_window: T.DoubleType = Field(
        nullable=True, ge=1, description="Actions per window; NULL before the first one"
    )

    class Config:
        unique = ["day"]
        columns_agree = {"rules": {"no_window_without_actions": "windows <= total_actions"}}


@table(WindowSummary, domain=domain)
def window_summary(windows: DataFrame, window_summary_before: DataFrame, *, days: Sequence[date]) -> DataFrame:
    """The totals of the day before and those of the days since."""
    counted = windows.select("day", F.lit(1).cast("long").alias("windows"), "total_actions")
    totals = totals_so_far(counted, window_summary_before, ["windows", "total_actions"], days)
    average = F.when(F.col("windows") > 0, F.col("total_actions") / F.col("windows"))
    return totals.withColumn("average_actions_per_window", average)
