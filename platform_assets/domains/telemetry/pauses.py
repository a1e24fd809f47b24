"""telemetry/pauses: how long each truck's sensors lately took from one reading to the next."""

from collections.abc import Sequence
from datetime import date
from typing import Annotated

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from platform_assets import Contract, Field, T, table
from platform_assets.domains.telemetry.domain import telemetry
from platform_assets.transforms.lasting import lasting

_KEY = ["truck_id", "sensor"]
_DAYS = 7
_PAUSES = T.StructType(
    [T.StructField("day", T.DateType()), T.StructField("milliseconds", T.ArrayType(T.LongType(), True))]
)


class Pauses(Contract):
    """What must be known of a truck's sensor to tell whether its next reading ends a gap, at the end of the day."""

    day: T.DateType = Field(description="UTC day up to whose end all readings count")
    truck_id: T.StringType = Field(description="The truck")
    sensor: T.StringType = Field(description="The sensor")
    last_at: T.TimestampType = Field(description="Its last reading so far (UTC)")
    recent: Annotated[T.ArrayType, _PAUSES, True] = Field(
        description="Its newest days with readings, at most 7, and the pauses (milliseconds) that ended on each"
    )

    class Config:
        unique = ["day", "truck_id", "sensor"]
        columns_agree = {"rules": {"at_most_seven_days": f"size(recent) BETWEEN 1 AND {_DAYS}"}}


def milliseconds(time: str) -> Column:
    """A time as milliseconds since 1970; times of readings have no more digits."""
    return (F.unix_micros(time) / 1000).cast("long")


@table(Pauses, domain=telemetry)
def pauses(readings: DataFrame, pauses_before: DataFrame, *, days: Sequence[date]) -> DataFrame:
    """The pauses of the newest days up to the day before, and those of the readings since."""
    known = pauses_before.select(*_KEY, F.col("last_at").alias("at"), F.lit(None).cast("date").alias("day"))
    read = readings.select(*_KEY, F.col("measured_at").alias("at"), "day").unionByName(known)
    before = F.lag("at").over(Window.partitionBy(*_KEY).orderBy("at"))
    paused = read.withColumn("before", before)
    paused = paused.withColumn("pause", milliseconds("at") - milliseconds("before"))
    of_days = (
        paused.where(F.col("day").isNotNull())
        .groupBy(*_KEY, "day")
        .agg(F.max("at").alias("last_at"), F.sort_array(F.collect_list("pause")).alias("milliseconds"))
    )
    earlier = pauses_before.select(*_KEY, "last_at", F.explode("recent").alias("of"))
    every = of_days.unionByName(earlier.select(*_KEY, "of.day", "last_at", "of.milliseconds"))
    newest = Window.partitionBy(*_KEY).orderBy("day").rowsBetween(1 - _DAYS, 0)
    recent = F.collect_list(F.struct("day", "milliseconds")).over(newest)
    return lasting(every.select("day", *_KEY, "last_at", recent.alias("recent")), key=_KEY, days=days)
