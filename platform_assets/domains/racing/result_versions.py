"""racing/result_versions: the newest version of every result, as of each day."""

from collections.abc import Sequence
from datetime import date

from pyspark.sql import DataFrame

from platform_assets import Contract, Field, T, table
from platform_assets.domains.racing.domain import racing
from platform_assets.transforms.newest import newest_of_each

COLUMNS = ("result_id", "race_id", "driver_id", "position", "fastest_lap_time")


class ResultVersions(Contract):
    """Every result that was delivered up to the day, as it was delivered last, whether its race takes it or not."""

    day: T.DateType = Field(description="UTC day up to whose end deliveries count")
    result_id: T.LongType = Field(description="Identity of the result")
    race_id: T.LongType = Field(description="The race")
    driver_id: T.LongType = Field(description="Who drove")
    position: T.IntegerType = Field(
        nullable=True, description="Place at the end, 1 being the winner; none when not classified"
    )
    fastest_lap_time: T.StringType = Field(nullable=True, description="The driver's fastest lap (MM:SS.s)")

    class Config:
        unique = ["day", "result_id"]


@table(ResultVersions, domain=racing)
def result_versions(raw_results: DataFrame, result_versions_before: DataFrame, *, days: Sequence[date]) -> DataFrame:
    """The results of the day before, with those that were delivered since in their place."""
    return newest_of_each(raw_results, result_versions_before, key=["result_id"], columns=COLUMNS, days=days)
