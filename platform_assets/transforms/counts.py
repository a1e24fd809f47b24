"""Counting rows and distinct values in groups, in bounded memory."""

from collections.abc import Sequence

from pyspark.sql import DataFrame
from pyspark.sql import functions as F


def count_with_distinct(rows: DataFrame, group: Sequence[str], value: str, *, count: str, distinct: str) -> DataFrame:
    """Per group the number of rows (`count`) and of distinct values (`distinct`), both long.

    In two steps, by group and value first: a set of values per group would have to fit into memory.
    """
    per_value = rows.groupBy(*group, value).agg(F.count("*").alias(count))
    return per_value.groupBy(*group).agg(F.sum(count).alias(count), F.count(value).alias(distinct))
