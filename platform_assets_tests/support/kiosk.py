"""A domain of a few small tables, of which one goes on from its own day before: for tests of what is run when."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from hypothesis import strategies as st
from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from platform_assets import CSV, Contract, Domain, DomainSettings, Feed, Field, RawContract, T, raw_table, source, table
from platform_assets.assets.files_tables import files_tables
from platform_assets.registry import FoundDomain
from platform_assets.transforms.events import accepted
from platform_assets.transforms.lasting import lasting
from platform_assets.transforms.times import utc_instant
from platform_assets_tests.support.landing.parcels import Deliveries
from platform_assets_tests.support.platforms import Platform


class KioskSettings(DomainSettings):
    """What may be set of the kiosk."""

    least: int = 1
    """Hours with fewer sales do not count."""


kiosk = Domain("kiosk", owner="team:kiosk", settings=KioskSettings)


class RawSold(RawContract):
    """Sales as they were delivered."""

    sold_at: T.TimestampType = source("sold_at", required=True, description="When")


@raw_table(RawSold, Feed("sold", (CSV,)), domain=kiosk, event_time="sold_at")
def raw_sold() -> Mapping[str, Column]:
    """All sales."""
    return {"sold_at": utc_instant(F.col("text.sold_at"))}


class Hours(Contract):
    """Sales of each hour."""

    day: T.DateType = Field(description="UTC day")
    hour: T.IntegerType = Field(description="Hour of the day")
    sold: T.LongType = Field(lt=50, description="How many")


@table(Hours, domain=kiosk)
def hours(raw_sold: DataFrame, *, least: int) -> DataFrame:
    """Hours with sales."""
    each = accepted(raw_sold).groupBy("day", F.hour("sold_at").alias("hour"))
    return each.agg(F.count(F.lit(1)).alias("sold")).where(F.col("sold") >= least)


class SoFar(Contract):
    """Sales up to a day."""

    day: T.DateType = Field(description="UTC day")
    sold: T.LongType = Field(description="How many, up to its end")


@table(SoFar, domain=kiosk)
def so_far(hours: DataFrame, so_far_before: DataFrame, *, days: Sequence[date]) -> DataFrame:
    """The sales of all days so far."""
    each = hours.groupBy("day").agg(F.sum("sold").alias("sold")).unionByName(so_far_before)
    until_then = Window.partitionBy("kiosk").orderBy("day")
    sums = each.withColumn("kiosk", F.lit(1)).withColumn("sold", F.sum("sold").over(until_then))
    return lasting(sums, key=["kiosk"], days=days).select("day", "sold")


FOUND = FoundDomain(kiosk, __name__, (raw_sold, *files_tables([raw_sold]), hours, so_far))


def kiosk_at(root: Path, **settings: Any) -> Platform:
    """A platform of the kiosk alone."""
    return Platform(root, domains=[FOUND], **settings)


def sold(day: str, hour: int, count: int = 1) -> str:
    """A file of sales at an hour of a day."""
    return "sold_at\n" + "".join(f"{day}T{hour:02}:{n // 60:02}:{n % 60:02}Z\n" for n in range(count))


DAYS = [date(2026, 1, 1) + timedelta(days=n) for n in range(4)]


def deliveries() -> st.SearchStrategy[Deliveries]:
    """Files of up to four days, with sales of that day and of those around it, and lines that are none."""
    line = st.one_of(
        st.builds("{}T{:02}:00:00Z".format, st.sampled_from(DAYS), st.sampled_from([9, 10, 11])), st.just("never")
    )
    content = st.lists(line, max_size=6).map(lambda lines: "\n".join(["sold_at", *lines, ""]).encode())
    files = st.dictionaries(st.sampled_from(["a.csv", "b.csv"]), content, max_size=2)
    return st.dictionaries(st.sampled_from(DAYS), files, min_size=1, max_size=4)
