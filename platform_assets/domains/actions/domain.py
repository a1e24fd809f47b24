"""What all tables of the actions domain share."""

from datetime import date

from pydantic import Field, field_validator
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from platform_assets import Domain, DomainSettings
from platform_assets.settings import FIRST_DAY
from platform_assets.transforms.windows import window_start


class ActionsSettings(DomainSettings):
    """What a user may set of the actions domain."""

    start: date = FIRST_DAY
    """First day of the actions domain; earlier actions are rejected as before_start."""
    window_minutes: int = Field(default=10, ge=1, le=24 * 60)
    """Length of the windows in which actions are counted; it divides a day, so that each lies in one."""

    @field_validator("window_minutes")
    @classmethod
    def _divides_a_day(cls, minutes: int) -> int:
        if 24 * 60 % minutes:
            raise ValueError("a window must not cross midnight: take a number of minutes that divides 1440")
        return minutes


actions = Domain("actions", owner="team:actions", settings=ActionsSettings)


def opens_and_closes(rows: DataFrame, *, minutes: int, start: str) -> DataFrame:
    """Actions per window of so many minutes: day, its start (named `start`), open, close (long)."""
    return rows.groupBy("day", window_start("occurred_at", minutes).alias(start)).agg(
        F.count_if(F.col("action") == "Open").alias("open"), F.count_if(F.col("action") == "Close").alias("close")
    )
