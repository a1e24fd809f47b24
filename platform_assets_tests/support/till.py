"""A domain whose tables are shown in a database: the totals of a month as they were on each day, as delivered."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import sqlalchemy as sa
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
from platform_assets.registry import FoundDomain
from platform_assets.transforms.events import accepted
from platform_assets.transforms.times import utc_instant
from platform_assets_tests.support.platforms import Platform
from platform_assets_tests.support.sql import Totals


class TillSettings(DomainSettings):
    """What may be set of the till."""

    least: int = 0
    """Customers with a lower number are left out of the days."""
    sql_url: SecretStr | None = None
    """The database that totals are written to."""


till = Domain("till", owner="team:till", settings=TillSettings)


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


FOUND = FoundDomain(till, "till", (raw_totals, totals, totals_sql, days_sql))


class Till(Platform):
    """A platform of that domain alone, and the SQLite file that its totals are written to."""

    def __init__(self, root: Path, *, shown: bool = True, **settings: Any) -> None:
        self.file = root / "base.db"
        given = {"till_start": date(2026, 1, 30)} | settings
        super().__init__(
            root, domains=[FOUND], **({"till_sql_url": f"sqlite:///{self.file}"} if shown else {}), **settings
        )

    def land(self, day: str, *rows: tuple[int, str], month: str = "") -> None:
        """Deliver the totals of a day: customer and total."""
        lines = "".join(f"{day}T10:00:00Z,{month or day[:7]},{who},{amount}\n" for who, amount in rows)
        self.deliver("totals", day, "totals.csv", f"at,month,customer,total\n{lines}")

    def found(self, name: str = "totals", *columns: str) -> list[tuple[Any, ...]]:
        """The rows of a table of the file, without names, in order."""
        wanted = ", ".join(columns or (("month" if name == "totals" else "day"), "customer_id", "total"))
        with sa.create_engine(f"sqlite:///{self.file}").connect() as connection:
            return sorted(map(tuple, connection.exec_driver_sql(f"SELECT {wanted} FROM {name}")))
