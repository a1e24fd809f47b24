"""telemetry/truck_hours: the hourly means of each truck, two columns for each sensor that ever had a number."""

from collections.abc import Sequence
from datetime import date
from math import ceil

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from platform_assets import Contract, Field, T, table
from platform_assets.domains.telemetry.domain import telemetry
from platform_assets.domains.telemetry.guards import SensorsHaveColumns

_HOUR = ["day", "hour", "truck_id"]
_WHAT = ("mean", "n")
_STEPS = 3


class TruckHours(Contract):
    """A row for each truck and hour with at least one number. A sensor's columns come with it, and never go again."""

    day: T.DateType = Field(description="UTC day of the hour")
    hour: T.TimestampType = Field(description="First instant of the hour (UTC)")
    truck_id: T.StringType = Field(description="The truck")
    mean: T.DoubleType = Field(
        alias=r"^[a-z][a-z0-9_]*_mean$",
        regex=True,
        nullable=True,
        description="Mean of a sensor's numbers in the hour, booleans being 1 and 0; NULL when there was none",
    )
    n: T.LongType = Field(
        alias=r"^[a-z][a-z0-9_]*_n$",
        regex=True,
        nullable=True,
        ge=1,
        description="How many there were; NULL when there was none",
    )

    class Config:
        unique = ["day", "hour", "truck_id"]
        columns_agree = {"rules": {"hour_in_day": "to_date(hour) = day AND hour = date_trunc('hour', hour)"}}


@table(TruckHours, domain=telemetry, guards=[SensorsHaveColumns()])
def truck_hours(readings: DataFrame, sensors: DataFrame, *, days: Sequence[date], max_sensors: int) -> DataFrame:
    """The sums of the values in ascending order, divided by their number: a mean has the same bits from any run.

    The sensors with columns are the first that appeared; who has come before does so on every later day, too.
    """
    with_columns = sensors.where((F.col("day") == F.lit(days[-1])) & (F.col("place") <= max_sensors))
    named = with_columns.where(F.col("value_type") != "text").select("sensor")
    names = sorted(row["sensor"] for row in named.collect())
    in_order = F.row_number().over(Window.partitionBy(F.lit(1)).orderBy("sensor")) - 1
    numbers = readings.where(F.col("value").isNotNull()).withColumn("hour", F.date_trunc("hour", "measured_at"))
    rows = numbers.join(named.withColumn("place", in_order), "sensor").select(*_HOUR, "place", "value")
    return _in_columns(_means(rows), names)


def _means(rows: DataFrame) -> DataFrame:
    """A row for each hour, truck and sensor (by its place): day, hour, truck_id, place, mean, n."""
    # Sums so far, of which the last is the whole: lists of millions of groups would have to fit into memory.
    ascending = Window.partitionBy(*_HOUR, "place").orderBy("value")
    summed = rows.withColumns(
        {
            "total": F.sum("value").over(ascending.rowsBetween(Window.unboundedPreceding, Window.currentRow)),
            "n": F.row_number().over(ascending).cast("long"),
            "next": F.lead("value").over(ascending),
        }
    )
    return summed.where(F.col("next").isNull()).select(
        *_HOUR, "place", (F.col("total") / F.col("n")).alias("mean"), "n"
    )


def _in_columns(means: DataFrame, names: Sequence[str]) -> DataFrame:
    """The sensors side by side, in three steps: of a thousand, each row is looked at for ten, three times over."""
    if not names:
        return means.select(*_HOUR).distinct()
    width = ceil(len(names) ** (1 / _STEPS))
    rows = means.select(*_HOUR, "place", *(F.col(what).alias(f"{what}_0") for what in _WHAT))
    for step in range(_STEPS):
        is_last, inner = step == _STEPS - 1, width**step
        columns = [
            # A sum of one value: the greatest of infinities may be a number (workaround: sail-greatest-of-infinities).
            F.sum(F.when(F.col("place") % width == at // inner, F.col(f"{what}_{at % inner}"))).alias(
                f"{names[at]}_{what}" if is_last else f"{what}_{at}"
            )
            for at in range(len(names) if is_last else inner * width)
            for what in _WHAT
        ]
        by = _HOUR if is_last else [*_HOUR, F.floor(F.col("place") / width).alias("place")]
        rows = rows.groupBy(*by).agg(*columns)
    return rows
