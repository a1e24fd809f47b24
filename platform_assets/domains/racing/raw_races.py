"""racing/raw_races: every delivered row of a race, good or rejected."""

from collections.abc import Mapping

from pyspark.sql import Column

from platform_assets import CSV, Feed, RawRows, T, raw_table, source
from platform_assets.domains.racing.domain import NULLS, racing


class RawRaces(RawRows):
    """Every delivered row of a race, good or rejected, with the rules that it breaks."""

    race_id: T.LongType = source("raceId", required=True, nulls=NULLS, description="Identity of the race")
    year: T.IntegerType = source("year", required=True, nulls=NULLS, description="The season")
    round: T.IntegerType = source("round", required=True, nulls=NULLS, description="Number of the race in its season")
    name: T.StringType = source("name", required=True, nulls=NULLS, description="Name of the race")
    date: T.DateType = source("date", required=True, nulls=NULLS, description="Day of the race (UTC)")
    time: T.StringType = source(
        "time",
        nulls=NULLS,
        str_matches=r"(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]\Z",
        description="Start of the race (UTC, HH:MM:SS)",
    )


@raw_table(RawRaces, Feed("races", (CSV,)), domain=racing, versions_of="race_id")
def raw_races() -> Mapping[str, Column]:
    """Every field is read as its column's type."""
    return {}
