"""actions/actions: the good actions, by the day on which they were done."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from platform_assets import Balance, Contract, Field, T, table
from platform_assets.domains.actions.domain import actions as domain
from platform_assets.transforms.events import GOOD, accepted


class Actions(Contract):
    """What was opened and closed: one row per action; a repeated row is an action of its own."""

    day: T.DateType = Field(description="UTC day of the action")
    occurred_at: T.TimestampType = Field(description="When it was done (UTC)")
    action: T.StringType = Field(isin=["Open", "Close"], description="What was done")

    class Config:
        columns_agree = {"rules": {"occurred_at_in_day": "to_date(occurred_at) = day"}}


@table(Actions, domain=domain, balances=[Balance("good_rows_are_actions", "raw_actions", GOOD)])
def actions(raw_actions: DataFrame) -> DataFrame:
    """The good rows of all deliveries."""
    return accepted(raw_actions).select("day", F.col("time").alias("occurred_at"), "action")
