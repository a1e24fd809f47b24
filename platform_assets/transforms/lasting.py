"""What is known of something from a day on, for each day until something else is known of it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

_UNTIL = "_until"


def lasting(rows: DataFrame, *, key: Sequence[str], days: Sequence[date], at_most: Column | None = None) -> DataFrame:
    """For each of the days, which follow each other, the newest row of each key up to it, with that `day`.

    Of a key there is one row a `day`; those from before the days last until the key's next one, too, but none after
    the day `at_most`.
    """
    following = F.lead("day").over(Window.partitionBy(*key).orderBy("day"))
    last = F.lit(days[-1]) if at_most is None else F.least(at_most, F.lit(days[-1]))
    until = F.coalesce(F.date_sub(following, 1), last)
    first = F.greatest("day", F.lit(days[0]))
    spans = rows.withColumns({"day": first, _UNTIL: until}).where(F.col("day") <= F.col(_UNTIL))
    return spans.withColumn("day", F.explode(F.sequence("day", _UNTIL))).drop(_UNTIL)
