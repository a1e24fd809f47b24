"""From raw rows to events: which raw rows are good, and which of several copies of an event counts."""

from collections.abc import Sequence

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from platform_assets.contracts.contract import GOOD_ROW

__all__ = ["GOOD", "GOOD_ROW", "accepted", "first_of_each"]

GOOD = f"count_if({GOOD_ROW})"
"""How many rows of a raw table break no rule, as an aggregate for balances."""


def accepted(raw: DataFrame) -> DataFrame:
    """The rows of a raw table that break no rule."""
    return raw.where(GOOD_ROW)


def first_of_each(rows: DataFrame, key: Sequence[str], order: Sequence[str]) -> DataFrame:
    """One row for each key, the first in the given order; NULL is a key like any other.

    Keys with a single row, nearly all as a rule, pass without being sorted.
    """
    hashed = rows.withColumn("_key_hash", F.xxhash64(*key))
    # A hash that one row has is a key that one row has; the few others are told apart exactly.
    repeated = hashed.groupBy("_key_hash").agg(F.count("*").alias("_copies")).where("_copies > 1").select("_key_hash")
    once = hashed.join(repeated, "_key_hash", "left_anti")
    place = F.row_number().over(Window.partitionBy(*key).orderBy(*[F.asc_nulls_first(name) for name in order]))
    several = hashed.join(repeated, "_key_hash", "left_semi")
    first = several.withColumn("_place", place).where("_place = 1").drop("_place")
    return once.unionByName(first).drop("_key_hash")
