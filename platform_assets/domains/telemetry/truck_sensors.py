"""telemetry/truck_sensors: which truck has reported which sensor up to a day, since when, and as what."""

from collections.abc import Sequence
from datetime import date, timedelta

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from platform_assets import Contract, Field, T, table
from platform_assets.domains.telemetry.domain import telemetry
from platform_assets.transforms.lasting import lasting

_KEY = ["truck_id", "sensor"]
_FIRST = {"first_number": "number", "first_boolean": "boolean", "first_text": "text"}


class TruckSensors(Contract):
    """The sensors of each truck so far, as they are at the end of the day."""

    day: T.DateType = Field(description="UTC day up to whose end all readings count")
    truck_id: T.StringType = Field(description="The truck")
    sensor: T.StringType = Field(description="The sensor")
    first_seen: T.TimestampType = Field(description="Its first reading (UTC)")
    last_seen: T.TimestampType = Field(description="Its last reading so far (UTC)")
    first_number: T.TimestampType = Field(nullable=True, description="Its first number (UTC); NULL when it has none")
    first_boolean: T.TimestampType = Field(nullable=True, description="Its first boolean (UTC); NULL when it has none")
    first_text: T.TimestampType = Field(nullable=True, description="Its first text (UTC); NULL when it has none")
    readings: T.LongType = Field(ge=1, description="Readings so far")

    class Config:
        unique = ["day", "truck_id", "sensor"]
        columns_agree = {
            "rules": {
                "nothing_later_than_the_day": "to_date(last_seen) <= day AND first_seen <= last_seen",
                "seen_as_something": "first_seen = least(first_number, first_boolean, first_text)",
            }
        }


@table(TruckSensors, domain=telemetry)
def truck_sensors(readings: DataFrame, truck_sensors_before: DataFrame, *, days: Sequence[date]) -> DataFrame:
    """What was known the day before, and the readings since."""
    of_type = {
        first: F.min(F.when(F.col("value_type") == kind, F.col("measured_at"))) for first, kind in _FIRST.items()
    }
    daily = readings.groupBy("day", *_KEY).agg(
        F.min("measured_at").alias("first_seen"),
        F.max("measured_at").alias("last_seen"),
        *[found.alias(first) for first, found in of_type.items()],
        F.count("*").alias("readings"),
    )
    known = truck_sensors_before.withColumn("day", F.lit(days[0] - timedelta(days=1)))
    so_far = Window.partitionBy(*_KEY).orderBy("day").rowsBetween(Window.unboundedPreceding, Window.currentRow)
    grown = daily.unionByName(known.select(*daily.columns)).select(
        *("day", *_KEY),
        *[F.min(name).over(so_far).alias(name) for name in ("first_seen", *_FIRST)],
        F.max("last_seen").over(so_far).alias("last_seen"),
        F.sum("readings").over(so_far).alias("readings"),
    )
    return lasting(grown, key=_KEY, days=days)
