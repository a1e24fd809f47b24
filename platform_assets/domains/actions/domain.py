"""What all tables of the actions domain share."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from platform_assets.assets.domain import Domain
from platform_assets.transforms.windows import window_start

actions = Domain("actions", owner="team:actions")


def opens_and_closes(rows: DataFrame, *, minutes: int, start: str) -> DataFrame:
    """Actions per window of so many minutes: day, its start (named `start`), open, close (long)."""
    return rows.groupBy("day", window_start("occurred_at", minutes).alias(start)).agg(
        F.count_if(F.col("action") == "Open").alias("open"), F.count_if(F.col("action") == "Close").alias("close")
    )
