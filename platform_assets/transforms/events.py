"""From raw rows to events: which raw rows are good, and which of several copies of an event counts."""

from collections.abc import Sequence

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F


def accepted(raw: DataFrame) -> DataFrame:
    """The rows of a raw table that break no rule."""
    return raw.where(F.size("violations") == 0)


def first_of_each(rows: DataFrame, key: Sequence[str], order: Sequence[str]) -> DataFrame:
    """One row for each key, the first in the given order; NULL is a key like any other.

    Keys with a single row, nearly all as a rule, pass without being sorted.
    """
    repeated = rows.groupBy(*key).agg(F.count("*").alias("copies")).where("copies > 1").drop("copies")
    same = [rows[name].eqNullSafe(repeated[name]) for name in key]
    once = rows.join(repeated, same, "left_anti")
    place = F.row_number().over(
        Window.partitionBy(*key).orderBy(*[F.asc_nulls_first(name) for name in order])
    )
    first = rows.join(repeated, same, "left_semi").withColumn("place", place).where("place = 1").drop("place")
    return once.unionByName(first)
