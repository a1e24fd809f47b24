"""Totals that grow from day to day until their month is over."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from platform_assets.lake.audit import Balance

_UNTIL, _MONTH = "_until", "_month"


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
    daily = rows.groupBy("day", *key).agg(F.sum(total).alias(total), *[F.max(name).alias(name) for name in newest])
    known = before.select(F.lit(days[0] - timedelta(days=1)).alias("day"), *names, total)
    steps = daily.select("day", *names, total).unionByName(known).withColumn(_MONTH, F.trunc("day", "month"))
    in_order = Window.partitionBy(*key, _MONTH).orderBy("day")
    so_far = F.sum(total).over(in_order.rowsBetween(Window.unboundedPreceding, Window.currentRow)).cast(kind)
    # Until the key's next row of the month, the month's end, or the last of the days.
    last = F.least(F.last_day("day"), F.lit(days[-1]))
    until = F.coalesce(F.date_sub(F.lead("day").over(in_order), 1), last)
    lasting = steps.select(
        F.greatest("day", F.lit(days[0])).alias("day"), *names, so_far.alias(total), until.alias(_UNTIL)
    )
    # What was known before is of the first day's month, or over.
    lasting = lasting.where(F.col("day") <= F.col(_UNTIL))
    return lasting.select(F.explode(F.sequence("day", _UNTIL)).alias("day"), *names, total)


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
