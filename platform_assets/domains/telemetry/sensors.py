"""telemetry/sensors: which sensors there were up to a day: when each appeared, and what it says."""

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from platform_assets import Contract, Field, NamedRows, T, table
from platform_assets.domains.telemetry.domain import telemetry

_TYPES = {"number": "first_number", "boolean": "first_boolean", "text": "first_text"}


class Sensors(Contract):
    """The sensors so far, as they are at the end of the day: that new ones appear leaves a trace here."""

    day: T.DateType = Field(description="UTC day up to whose end all readings count")
    sensor: T.StringType = Field(description="The sensor, in lower snake case")
    place: T.LongType = Field(
        ge=1, description="Its place in the order in which sensors appeared, 1 being the first; of equals by name"
    )
    value_type: T.StringType = Field(
        isin=["number", "boolean", "text", "mixed"], description="What all its readings are, or that they differ"
    )
    value_type_since: T.TimestampType = Field(description="The reading (UTC) that made it this type")
    first_seen: T.TimestampType = Field(description="Its first reading (UTC)")
    last_seen: T.TimestampType = Field(description="Its last reading so far (UTC)")
    readings: T.LongType = Field(ge=1, description="Readings so far")
    trucks: T.LongType = Field(ge=1, description="Different trucks so far")

    class Config:
        unique = ["day", "sensor"]
        columns_agree = {
            "rules": {
                "nothing_later_than_the_day": "to_date(last_seen) <= day",
                "typed_while_seen": "value_type_since BETWEEN first_seen AND last_seen",
            }
        }


@table(
    Sensors,
    domain=telemetry,
    guards=[
        NamedRows("new_sensors", "No sensor appears", "to_date(first_seen) = day", "sensor", "new sensors"),
        NamedRows(
            "changed_types",
            "No sensor says something of another type than before",
            "to_date(value_type_since) = day AND to_date(first_seen) < day",
            "sensor",
            "sensors with values of another type than before",
        ),
        NamedRows(
            "silent_sensors",
            "Every sensor of the day before has readings",
            "to_date(last_seen) = date_sub(day, 1)",
            "sensor",
            "sensors that fell silent",
        ),
    ],
)
def sensors(truck_sensors: DataFrame) -> DataFrame:
    """Those of all trucks together; a sensor's type is the one of all its readings, or `mixed`."""
    of_all = truck_sensors.groupBy("day", "sensor").agg(
        *[F.min(first).alias(first) for first in ("first_seen", *_TYPES.values())],
        F.max("last_seen").alias("last_seen"),
        F.sum("readings").alias("readings"),
        F.count("*").alias("trucks"),
    )
    types = F.array_compact(F.array(*[F.when(F.col(first).isNotNull(), name) for name, first in _TYPES.items()]))
    in_order = Window.partitionBy("day").orderBy("first_seen", "sensor")
    # A second type makes it mixed, a third changes nothing.
    firsts = F.sort_array(F.array_compact(F.array(*_TYPES.values())))
    return of_all.select(
        *("day", "sensor"),
        F.row_number().over(in_order).cast("long").alias("place"),
        F.when(F.size(types) == 1, types[0]).otherwise("mixed").alias("value_type"),
        F.when(F.size(types) == 1, firsts[0]).otherwise(F.get(firsts, F.lit(1))).alias("value_type_since"),
        *("first_seen", "last_seen", "readings", "trucks"),
    )
