"""racing/results: the results of races, as of each day."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from platform_assets import Balance, table
from platform_assets.domains.racing.domain import racing
from platform_assets.domains.racing.rejected_results import with_reasons
from platform_assets.domains.racing.result_versions import COLUMNS, ResultVersions


class Results(ResultVersions):
    """The newest version of every result of a race; those that no race can take are in `racing/rejected_results`."""


EVERY_VERSION = Balance(
    "newest_versions_are_results_or_rejected",
    "result_versions",
    "count(*)",
    elsewhere={"rejected_results": "count(*)"},
)


@table(Results, domain=racing, balances=[EVERY_VERSION])
def results(result_versions: DataFrame, rejected_results: DataFrame, races: DataFrame) -> DataFrame:
    """The newest versions that are not rejected."""
    taken = with_reasons(result_versions, races).where(F.col("reason").isNull())
    return taken.select("day", *COLUMNS)
