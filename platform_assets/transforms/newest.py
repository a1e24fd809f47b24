"""The newest version of what is delivered again and again, as of each day."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from platform_assets.transforms.events import accepted
from platform_assets.transforms.lasting import lasting


def newest_of_each(
    raw: DataFrame, before: DataFrame, *, key: Sequence[str], columns: Sequence[str], days: Sequence[date]
) -> DataFrame:
    """For each of the days, which follow each other, the newest good row of each key: day, then the columns.

    `raw` has the rows delivered on these days, `before` the outcome for the day before the first. Rows that are equal
    in all columns are one; of a key that is rejected, what was known of it before stays.
    """
    delivered = accepted(raw).select(F.col("delivery_day").alias("day"), *columns).distinct()
    known = before.select(F.lit(days[0] - timedelta(days=1)).alias("day"), *columns)
    return lasting(delivered.unionByName(known), key=key, days=days)
