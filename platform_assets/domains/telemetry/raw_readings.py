"""telemetry/raw_readings: every delivered line of readings, good or rejected."""

from collections.abc import Mapping

from pyspark.sql import Column
from pyspark.sql import functions as F

from platform_assets import (
    JSON_LINES,
    Feed,
    NamedValues,
    RawContract,
    RejectedValues,
    T,
    named_values,
    raw_table,
    rejected_values,
    source,
)
from platform_assets.domains.telemetry.domain import telemetry
from platform_assets.transforms.times import utc_instant


class RawReadings(RawContract):
    """Every delivered line of readings, good or rejected, with the rules that it breaks."""

    truck_id: T.StringType = source("truck_id", required=True, description="The truck")
    timestamp: T.TimestampType = source("timestamp", required=True, description="When its sensors were read (UTC)")
    readings: NamedValues = named_values("readings", others=True, description="What they said, by their names")
    rejected_readings: RejectedValues = rejected_values("readings", description="What could not be stored, and why")


@raw_table(RawReadings, Feed("telemetry", (JSON_LINES,)), domain=telemetry, event_time="timestamp")
def raw_readings() -> Mapping[str, Column]:
    """Times are written yyyy-MM-ddTHH:mm:ss.SSSZ; sensors stand in `readings`, or beside it."""
    return {"timestamp": utc_instant(F.col("text.timestamp"), millis=True)}
