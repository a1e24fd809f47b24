"""racing/rejected_results: results that no race can take, as of each day."""

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from platform_assets import Field, T, table
from platform_assets.domains.racing.domain import racing
from platform_assets.domains.racing.result_versions import COLUMNS, ResultVersions

NO_RACE, TWO_WINNERS = "no_race", "two_winners"


class RejectedResults(ResultVersions):
    """Results that no race can take: there is no such race, or it would have two winners."""

    reason: T.StringType = Field(
        isin=[NO_RACE, TWO_WINNERS],
        description="Why: `no_race` was delivered that it could be of, or it is one of `two_winners` of a race",
    )


def with_reasons(result_versions: DataFrame, races: DataFrame) -> DataFrame:
    """Results with the `reason` that they are rejected for, NULL for none."""
    known = races.select("day", "race_id", F.lit(True).alias("known"))
    first = F.when(F.col("position") == 1, 1)
    winners = F.count(first).over(Window.partitionBy("day", "race_id"))
    crowded = (first == 1) & (winners > 1)
    reason = F.when(F.col("known").isNull(), NO_RACE).when(crowded, TWO_WINNERS)
    return result_versions.join(known, ["day", "race_id"], "left").withColumn("reason", reason).drop("known")


@table(RejectedResults, domain=racing)
def rejected_results(result_versions: DataFrame, races: DataFrame) -> DataFrame:
    """Both winners of a race that has two; they are taken when one of them is corrected."""
    rejected = with_reasons(result_versions, races).where(F.col("reason").isNotNull())
    return rejected.select("day", *COLUMNS, "reason")
