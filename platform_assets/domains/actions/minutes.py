"""actions/minutes: actions per minute."""

from pyspark.sql import DataFrame

from platform_assets import Balance, Contract, Field, T, table
from platform_assets.domains.actions.domain import actions as domain
from platform_assets.domains.actions.domain import opens_and_closes


class Minutes(Contract):
    """Actions per minute; a minute without actions has no row."""

    day: T.DateType = Field(description="UTC day of the minute")
    minute: T.TimestampType = Field(description="Start of the minute (UTC)")
    open: T.LongType = Field(ge=0, description="How many were opened")
    close: T.LongType = Field(ge=0, description="How many were closed")

    class Config:
        unique = ["day", "minute"]
        columns_agree = {"rules": {"minute_in_day": "to_date(minute) = day"}}


@table(Minutes, domain=domain, balances=[Balance("every_action_once", "actions", "count(*)", "sum(open + close)")])
def minutes(actions: DataFrame) -> DataFrame:
    """Opens and closes per minute."""
    return opens_and_closes(actions, minutes=1, start="minute")
