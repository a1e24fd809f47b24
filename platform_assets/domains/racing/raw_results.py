"""racing/raw_results: every delivered result of a driver in a race, good or rejected."""

from collections.abc import Mapping

from pyspark.sql import Column

from platform_assets import CSV, Feed, RawRows, T, raw_table, source
from platform_assets.domains.racing.domain import NULLS, racing


class RawResults(RawRows):
    """Every delivered result of a driver in a race, good or rejected, with the rules that it breaks."""

    result_id: T.LongType = source("resultId", required=True, nulls=NULLS, description="Identity of the result")
    race_id: T.LongType = source("raceId", required=True, nulls=NULLS, description="The race")
    driver_id: T.LongType = source("driverId", required=True, nulls=NULLS, description="Who drove")
    position: T.IntegerType = source(
        "position", nulls=NULLS, description="Place at the end, 1 being the winner; none when not classified"
    )
    fastest_lap_time: T.StringType = source(
        "fastestLapTime",
        nulls=NULLS,
        str_matches=r"[0-9]{2}:[0-5][0-9]\.[0-9]\Z",
        description="The driver's fastest lap (MM:SS.s)",
    )


@raw_table(RawResults, Feed("results", (CSV,)), domain=racing, versions_of="result_id")
def raw_results() -> Mapping[str, Column]:
    """Every field is read as its column's type."""
    return {}
