"""racing/season_stats: the races of each season, a file for each."""

from pyspark.sql import DataFrame

from platform_assets import Json, document
from platform_assets.domains.racing.domain import racing

NAMES = {
    "Race Name": "race_name",
    "Race Round": "race_round",
    "Race Datetime": "race_datetime",
    "Race Winning driverId": "winning_driver_id",
    "Race Fastest Lap": "fastest_lap",
}


@document(Json("stats_{year}.json", NAMES, order=("race_round", "race_id")), domain=racing)
def season_stats(race_stats: DataFrame) -> DataFrame:
    """The races of a season in the order of their rounds, as they are known at the end of the day."""
    return race_stats
