"""Totals that grow from day to day until their month is over."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from platform_assets.lake.audit import Balance
from platform_assets.transforms.lasting import lasting

_MONTH = "_month"


def month_to_date(
    rows: DataFrame,
    before: DataFrame,
    *,
    days: Sequence[date],
    key: Sequence[str],
    total: str,
    newest: Sequence[str] = (),
) -> DataFrame:
    """For each of the days, which follow each other, the totals of each key in the day's month up to it.

    `rows` have a day, the key, the column `total`, and those in which the `newest` row of a key counts; rows of one key
    and day say the same in these. `before` is the outcome for the day before the first. Gives day, key, newest, and the
    total with the type that it has before. A key has no row before its first one of a month.
    """
    kind = dict(before.dtypes)[total]
    names = [*key, *newest]
    daily = rows.groupBy("day", *names).agg(F.sum(total).alias(total))
    known = before.select(F.lit(days[0] - timedelta(days=1)).alias("day"), *names, total)
    steps = daily.select("day", *names, total).unionByName(known).withColumn(_MONTH, F.trunc("day", "month"))
    in_order = Window.partitionBy(*key, _MONTH).orderBy("day")
    so_far = F.sum(total).over(in_order.rowsBetween(Window.unboundedPreceding, Window.currentRow)).cast(kind)
    grown = steps.select("day", _MONTH, *names, so_far.alias(total))
    # Until the key's next row of the month, or the month's end; what was known before may be of one that is over.
    lasts = lasting(grown, key=[*key, _MONTH], days=days, at_most=F.last_day("day"))
    return lasts.select("day", *names, total)


def month_to_date_balance(rows: str, amount: str, before: str, total: str) -> Balance:
    """What must hold of totals that `month_to_date` makes: the last day's are all amounts of its month.

    `rows` and `before` are the inputs with these names, `amount` and `total` columns of theirs.
    """
    in_month = "date_trunc('month', day) = date_trunc('month', DATE '{last}')"
    return Balance(
        "totals_are_all_of_the_month",
        rows,
        f"sum(CASE WHEN {in_month} THEN {amount} END)",
        staged=f"sum(CASE WHEN day = DATE '{{last}}' THEN {total} END)",
        added={before: f"sum(CASE WHEN {in_month} THEN {total} END)"},
    )
