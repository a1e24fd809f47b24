"""telemetry/gaps: pauses of a truck's sensor that are much longer than it usually makes."""

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from platform_assets import Contract, Field, T, table
from platform_assets.domains.telemetry.domain import telemetry
from platform_assets.domains.telemetry.pauses import milliseconds

_KEY = ["day", "truck_id", "sensor"]
_FEWEST = 5


class Gaps(Contract):
    """Pauses between two readings of a truck's sensor that are no usual ones, by the day on which they end."""

    day: T.DateType = Field(description="UTC day on which it ended")
    truck_id: T.StringType = Field(description="The truck")
    sensor: T.StringType = Field(description="The sensor")
    silent_from: T.TimestampType = Field(description="The last reading before (UTC)")
    silent_until: T.TimestampType = Field(description="The first reading after (UTC)")
    seconds: T.DoubleType = Field(gt=0, description="From the one to the other, in seconds, to the millisecond")

    class Config:
        unique = ["day", "truck_id", "sensor", "silent_until"]
        columns_agree = {"rules": {"ends_on_the_day": "to_date(silent_until) = day"}}


@table(Gaps, domain=telemetry)
def gaps(
    readings: DataFrame, pauses: DataFrame, pauses_before: DataFrame, *, gap_factor: float, gap_seconds: int
) -> DataFrame:
    """Longer than so many seconds, and so many times the median pause of the 7 newest days with readings before.

    The median of an even number is the mean of the middle two; of fewer than 5 pauses nothing is known.
    """
    known = pauses.unionByName(pauses_before.select(*pauses.columns)).withColumn("day", F.date_add("day", 1))
    last_before = known.select(*_KEY, F.col("last_at").alias("silent_until"), F.lit(True).alias("is_known"))
    read = readings.select(*_KEY, F.col("measured_at").alias("silent_until"), F.lit(False).alias("is_known"))
    before = F.lag("silent_until").over(Window.partitionBy(*_KEY).orderBy("silent_until"))
    paused = read.unionByName(last_before).withColumn("silent_from", before).where("NOT is_known")
    paused = paused.withColumn("pause", milliseconds("silent_until") - milliseconds("silent_from"))
    long = paused.where(F.col("pause") > gap_seconds * 1000)
    recent = long.join(known.select(*_KEY, "recent"), _KEY).withColumn("of", F.explode("recent"))
    by_gap = recent.groupBy(*_KEY, "silent_from", "silent_until", "pause")
    judged = by_gap.agg(F.sort_array(F.flatten(F.collect_list("of.milliseconds"))).alias("usual"))
    count = F.size("usual")
    middle = [F.get("usual", ((count - 1) / 2).cast("int")), F.get("usual", (count / 2).cast("int"))]
    is_gap = (count >= _FEWEST) & (F.col("pause") * 2.0 > F.lit(float(gap_factor)) * (middle[0] + middle[1]))
    return judged.where(is_gap).select(*_KEY, "silent_from", "silent_until", (F.col("pause") / 1000.0).alias("seconds"))
