"""Counts: of rows and distinct values in groups, in bounded memory, and totals that grow from day to day."""

from collections.abc import Sequence
from datetime import date

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F


def count_with_distinct(rows: DataFrame, group: Sequence[str], value: str, *, count: str, distinct: str) -> DataFrame:
    """Per group the number of rows (`count`) and of distinct values (`distinct`), both long.

    In two steps, by group and value first: a set of values per group would have to fit into memory.
    """
    per_value = rows.groupBy(*group, value).agg(F.count("*").alias(count))
    return per_value.groupBy(*group).agg(F.sum(count).alias(count), F.count(value).alias(distinct))


def totals_so_far(rows: DataFrame, before: DataFrame, totals: Sequence[str], days: Sequence[date]) -> DataFrame:
    """For each of the days the sums of the columns `totals` over the rows of all days up to it: day and totals.

    `before` has the totals of the day before the first, or no row. Days without rows have totals, too.
    """
    of_days = rows.sparkSession.range(1).select(F.explode(F.sequence(F.lit(days[0]), F.lit(days[-1]))).alias("day"))
    nothing = of_days.select("day", *[F.lit(0).cast("long").alias(name) for name in totals])
    carried = before.select(F.lit(days[0]).alias("day"), *totals)
    daily = rows.select("day", *totals).unionByName(carried).unionByName(nothing).groupBy("day")
    summed = daily.agg(*[F.sum(name).alias(name) for name in totals])
    until = Window.partitionBy(F.lit(1)).orderBy("day").rowsBetween(Window.unboundedPreceding, Window.currentRow)
    return summed.select("day", *[F.sum(name).over(until).alias(name) for name in totals])
