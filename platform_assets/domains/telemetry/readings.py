"""telemetry/readings: the good readings, one row for each truck, sensor and time."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from platform_assets import Balance, Contract, Field, Repeats, T, table
from platform_assets.domains.telemetry.domain import telemetry
from platform_assets.domains.telemetry.guards import MergedNames
from platform_assets.transforms.events import GOOD_ROW, accepted, first_of_each


class Readings(Contract):
    """What the sensors of trucks said, a row for each reading: a new sensor is just new rows."""

    day: T.DateType = Field(description="UTC day of the reading")
    truck_id: T.StringType = Field(str_length={"min_value": 1}, description="The truck")
    sensor: T.StringType = Field(description="The sensor, in lower snake case")
    measured_at: T.TimestampType = Field(description="When it was read (UTC), to the millisecond")
    value: T.DoubleType = Field(nullable=True, description="A number, or a boolean as 1 or 0; NULL for a text")
    value_text: T.StringType = Field(nullable=True, description="A text; NULL for all else")
    value_type: T.StringType = Field(isin=["number", "boolean", "text"], description="What was delivered")

    class Config:
        unique = ["day", "truck_id", "sensor", "measured_at"]
        columns_agree = {
            "rules": {
                "measured_at_in_day": "to_date(measured_at) = day",
                "a_number_unless_text": "(value IS NULL) = (value_type = 'text')",
                "a_text_if_text": "(value_text IS NULL) = (value_type <> 'text')",
            }
        }


@table(
    Readings,
    domain=telemetry,
    balances=[
        Balance(
            "good_readings_are_rows_or_copies",
            "raw_readings",
            whole=f"sum(CASE WHEN {GOOD_ROW} THEN size(readings) ELSE 0 END)",
            left_out={"copies": Repeats(("day", "truck_id", "name", "timestamp"), where=GOOD_ROW, each_of="readings")},
        )
    ],
    guards=[MergedNames()],
)
def readings(raw_readings: DataFrame) -> DataFrame:
    """The first good reading of a truck's sensor at a time, by delivery day, file name, and value, numbers first."""
    rows = accepted(raw_readings).select(
        "day",
        "truck_id",
        F.col("timestamp").alias("measured_at"),
        "delivery_day",
        "source_file",
        F.explode("readings").alias("of"),
    )
    each = rows.select(
        *("day", "truck_id", "measured_at", "delivery_day", "source_file"),
        F.col("of.name").alias("sensor"),
        *(f"of.{name}" for name in ("value", "value_text", "value_type")),
    )
    order = ["delivery_day", "source_file", "value_text", "value", "value_type"]
    first = first_of_each(each, key=["day", "truck_id", "sensor", "measured_at"], order=order)
    return first.drop("delivery_day", "source_file")
