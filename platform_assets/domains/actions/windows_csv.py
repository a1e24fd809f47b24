"""actions/windows_csv: the windows of a day as a file."""

from pyspark.sql import DataFrame

from platform_assets import Csv, document
from platform_assets.domains.actions.domain import actions as domain

COLUMNS = (
    *("window_start", "window_end", "open", "close", "total_actions"),
    *("average_actions", "opens_per_minute", "closes_per_minute"),
)


@document(Csv("windows.csv", COLUMNS), domain=domain)
def windows_csv(windows: DataFrame) -> DataFrame:
    """Actions per window of a day: one line per window with actions."""
    return windows.select("day", *COLUMNS)
