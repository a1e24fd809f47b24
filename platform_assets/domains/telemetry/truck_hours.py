"""telemetry/truck_hours: the hourly means of each truck, two columns for each sensor that ever had a number."""

from collections.abc import Sequence
from datetime import date

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from platform_assets import Contract, Field, T, table
from platform_assets.domains.telemetry.domain import telemetry
from platform_assets.domains.telemetry.guards import SensorsHaveColumns

_HOUR = ["day", "hour", "truck_id"]


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
    numbers = readings.where(F.col("value").isNotNull()).withColumn("hour", F.date_trunc("hour", "measured_at"))
    per_sensor = numbers.join(named, "sensor", "left_semi").groupBy(*_HOUR, "sensor")
    listed = per_sensor.agg(F.sort_array(F.collect_list("value")).alias("values"), F.count("value").alias("n"))
    total = F.aggregate("values", F.lit(0.0), lambda so_far, value: so_far + value)
    each = listed.select(*_HOUR, F.struct("sensor", F.struct((total / F.col("n")).alias("mean"), "n")).alias("of"))
    hours = each.groupBy(*_HOUR).agg(F.map_from_entries(F.collect_list("of")).alias("of"))
    columns = [F.col("of")[name][what].alias(f"{name}_{what}") for name in names for what in ("mean", "n")]
    return hours.select(*_HOUR, *columns)
