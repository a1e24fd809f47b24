"""Top lists: the best rows of a group, and the best so far, in a total order that no tie can change."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

RANK = "rank"


def ranked(rows: DataFrame, within: Sequence[str], order: Sequence[Column], most: int) -> DataFrame:
    """The first `most` rows of each group with their `rank`, 1 being the first; `order` leaves no ties."""
    place = F.row_number().over(Window.partitionBy(*within).orderBy(*order))
    return rows.withColumn(RANK, place).where(F.col(RANK) <= most)


def best_so_far(rows: DataFrame, *, days: Sequence[date], order: Sequence[Column], most: int) -> DataFrame:
    """For each of the days, which follow each other, the best `most` rows of all rows whose `day` it is or was.

    Rows keep their columns, `day` becomes the day of the list. In steps that double the days looked back on, of which
    n days need log2(n): the best of the last two days are among the best of each, those of four days among those of
    two pairs, and so on.
    """
    best = ranked(rows, ["day"], order, most).drop(RANK)
    back = 1
    while back < len(days):
        also_later = F.explode(F.array("day", F.date_add("day", back)))
        candidates = best.withColumn("day", also_later).where(F.col("day") <= F.lit(days[-1]))
        best = ranked(candidates, ["day"], order, most).drop(RANK)
        back *= 2
    return best
