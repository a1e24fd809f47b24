"""A domain whose tables are shown in a database: the totals of a month as they were on each day, as delivered."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from pydantic import SecretStr
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from platform_assets import (
    CSV,
    Contract,
    Daily,
    Domain,
    DomainSettings,
    Feed,
    Field,
    Monthly,
    RawContract,
    T,
    raw_table,
    source,
    sql_table,
    table,
)
from platform_assets.transforms.events import accepted
from platform_assets.transforms.times import utc_instant


class TillSettings(DomainSettings):
    """What may be set of the till."""

    least: int = 0
    """Customers with a lower number are left out of the days."""
    sql_url: SecretStr | None = None
    """The database that totals are written to."""


till = Domain("till", owner="team:till", settings=TillSettings)


class Totals(Contract):
    """What each customer has bought in the month so far; 100 % of it."""

    day: T.DateType = Field(description="As of the end of this day")
    month: T.StringType = Field(str_matches=r"^\d{4}-\d{2}$", description="The month")
    customer_id: T.LongType = Field(description="Who")
    name: T.StringType = Field(nullable=True, description="The customer's name, 100 % as written")
    total: Annotated[T.DecimalType, 18, 2] = Field(ge=0, description="In euros, exactly")

    class Config:
        unique = ["day", "month", "customer_id"]


class RawTotals(RawContract):
    """Every delivered total."""

    at: T.TimestampType = source("at", required=True, description="As of when")
    month: T.StringType = source("month", required=True, description="The month")
    customer_id: T.LongType = source("customer", required=True, description="Who")
    total: Annotated[T.DecimalType, 18, 2] = source("total", required=True, description="In euros")


@raw_table(RawTotals, Feed("totals", (CSV,)), domain=till, event_time="at")
def raw_totals() -> Mapping[str, Column]:
    """Times are written yyyy-MM-ddTHH:mm:ssZ."""
    return {"at": utc_instant(F.col("text.at"))}


@table(Totals, domain=till)
def totals(raw_totals: DataFrame) -> DataFrame:
    """The good ones."""
    name = F.concat(F.lit("customer "), "customer_id").alias("name")
    return accepted(raw_totals).select("day", "month", "customer_id", name, "total")


@sql_table(Totals, Monthly("month"), domain=till, url="sql_url")
def totals_sql(totals: DataFrame) -> DataFrame:
    """The totals of each month."""
    return totals.drop("day")


class Days(Contract):
    """What each customer has bought up to a day."""

    day: T.DateType = Field(description="As of the end of this day")
    customer_id: T.LongType = Field(description="Who")
    total: Annotated[T.DecimalType, 18, 2] = Field(lt=1000, description="In euros")
    at: T.TimestampType = Field(description="When the day began")

    class Config:
        unique = ["day", "customer_id"]


@sql_table(Days, Daily("day"), domain=till, url="sql_url")
def days_sql(totals: DataFrame, *, least: int) -> DataFrame:
    """The totals of each day."""
    rows = totals.where(F.col("customer_id") >= least)
    return rows.select("day", "customer_id", "total", F.col("day").cast("timestamp").alias("at"))
