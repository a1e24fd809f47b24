"""racing/race_stats: when each race was, who won it, and its fastest lap, as of each day."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from platform_assets import Balance, Contract, Field, T, table
from platform_assets.domains.racing.domain import racing


class RaceStats(Contract):
    """One row per race: a race without results has neither winner nor lap."""

    day: T.DateType = Field(description="UTC day up to whose end deliveries count")
    year: T.IntegerType = Field(description="The season")
    race_id: T.LongType = Field(description="Identity of the race")
    race_name: T.StringType = Field(description="Name of the race")
    race_round: T.IntegerType = Field(description="Number of the race in its season")
    race_datetime: T.TimestampType = Field(description="Start of the race (UTC), midnight where no time was delivered")
    winning_driver_id: T.LongType = Field(nullable=True, description="Who won; none without results")
    fastest_lap: T.StringType = Field(nullable=True, description="The fastest lap (MM:SS.s), whose is a setting")

    class Config:
        unique = ["day", "race_id"]
        columns_agree = {"rules": {"every_race_has_a_winner": "winning_driver_id IS NOT NULL"}, "raise_warning": True}


@table(RaceStats, domain=racing, balances=[Balance("every_race_has_a_row", "races", "count(*)")])
def race_stats(races: DataFrame, results: DataFrame, *, fastest_lap: str) -> DataFrame:
    """Races with what their results say; laps of the same form are the faster, the earlier they stand in order."""
    first = F.col("position") == 1
    of_race = results.groupBy("day", "race_id").agg(
        F.max(F.when(first, F.col("driver_id"))).alias("winning_driver_id"),
        F.min(F.when(first if fastest_lap == "winner" else F.lit(True), F.col("fastest_lap_time"))).alias(
            "fastest_lap"
        ),
    )
    began = F.concat(F.col("date").cast("string"), F.lit(" "), F.coalesce("time", F.lit("00:00:00")))
    return races.join(of_race, ["day", "race_id"], "left").select(
        "day",
        "year",
        "race_id",
        F.col("name").alias("race_name"),
        F.col("round").alias("race_round"),
        began.cast("timestamp").alias("race_datetime"),
        "winning_driver_id",
        "fastest_lap",
    )
