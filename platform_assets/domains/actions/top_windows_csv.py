"""actions/top_windows_csv: the windows with the most opens up to a day as a file."""

from pyspark.sql import DataFrame

from platform_assets import Csv, document
from platform_assets.domains.actions.domain import actions as domain

COLUMNS = ("rank", "window_start", "window_end", "open", "close")


@document(Csv("top_windows.csv", COLUMNS), domain=domain)
def top_windows_csv(top_windows: DataFrame) -> DataFrame:
    """The ten windows in which most was opened up to a day: one line per window."""
    return top_windows.select("day", *COLUMNS)
