"""Counts: of rows and distinct values in groups, in bounded memory, and totals that grow from day to day."""

from collections.abc import Sequence
from datetime import date

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

_HASHES, _VALUE = ("_one", "_other"), "_value"


def count_with_distinct(rows: DataFrame, group: Sequence[str], value: str, *, count: str, distinct: str) -> DataFrame:
    """Per group the number of rows (`count`) and of distinct values (`distinct`), both long.

    In two steps, by group and value first: a set of values per group would have to fit into memory. A group is counted
    by two hashes of 64 bits, which take a quarter of the time that its names take, and is named again at the end.
    """
    names = [F.col(name) for name in group]
    marks = [name.isNull() for name in names]
    hashes = {_HASHES[0]: F.xxhash64(*names, *marks), _HASHES[1]: F.xxhash64(F.lit(1), *marks, *names)}
    hashed = rows.select(*names, F.col(value).alias(_VALUE)).withColumns(hashes)
    per_value = hashed.groupBy(*_HASHES, _VALUE).agg(F.count("*").alias(count))
    counted = per_value.groupBy(*_HASHES).agg(F.sum(count).alias(count), F.count(_VALUE).alias(distinct))
    return hashed.select(*group, *_HASHES).distinct().join(counted, list(_HASHES)).select(*group, count, distinct)


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
