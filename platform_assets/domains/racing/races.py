"""racing/races: the newest version of every race, as of each day."""

from collections.abc import Sequence
from datetime import date

from pyspark.sql import DataFrame

from platform_assets import Contract, Field, T, table
from platform_assets.domains.racing.domain import racing
from platform_assets.transforms.newest import newest_of_each


class Races(Contract):
    """Every race that was delivered up to the day, as it was delivered last."""

    day: T.DateType = Field(description="UTC day up to whose end deliveries count")
    race_id: T.LongType = Field(description="Identity of the race")
    year: T.IntegerType = Field(description="The season")
    round: T.IntegerType = Field(description="Number of the race in its season")
    name: T.StringType = Field(str_length={"min_value": 1}, description="Name of the race")
    date: T.DateType = Field(description="Day of the race (UTC)")
    time: T.StringType = Field(nullable=True, description="Start of the race (UTC, HH:MM:SS)")

    class Config:
        unique = ["day", "race_id"]


@table(Races, domain=racing)
def races(raw_races: DataFrame, races_before: DataFrame, *, days: Sequence[date]) -> DataFrame:
    """The races of the day before, with those that were delivered since in their place."""
    columns = ["race_id", "year", "round", "name", "date", "time"]
    return newest_of_each(raw_races, races_before, key=["race_id"], columns=columns, days=days)
