"""A domain whose daily table joins the versions of another: the members of a club, and their visits."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from platform_assets import (
    CSV,
    Contract,
    Domain,
    Feed,
    Field,
    RawContract,
    RawRows,
    T,
    changes_table,
    history_table,
    raw_table,
    source,
    table,
)
from platform_assets.registry import FoundDomain
from platform_assets.transforms.events import accepted
from platform_assets.transforms.scd2 import as_of_join
from platform_assets.transforms.times import utc_instant
from platform_assets_tests.support.platforms import Platform

club = Domain("club", owner="team:club")


class RawMembers(RawRows):
    """Every row of every snapshot of the members."""

    member_id: T.LongType = source("id", required=True, description="Which member")
    town: T.StringType = source("town", description="Where they live")


@raw_table(RawMembers, Feed("members", (CSV,)), domain=club, snapshot_of="member_id")
def raw_members() -> Mapping[str, Column]:
    """Nothing needs a parse of its own."""
    return {}


member_changes = changes_table(raw_members, "member_changes", "What changed of the members.")
members = history_table(member_changes, "members", "Every version of every member.")


class RawVisits(RawContract):
    """Every delivered visit."""

    member_id: T.LongType = source("member", required=True, description="Who came")
    came_at: T.TimestampType = source("came_at", required=True, description="When")


@raw_table(RawVisits, Feed("visits", (CSV,)), domain=club, event_time="came_at")
def raw_visits() -> Mapping[str, Column]:
    """Times are written yyyy-MM-ddTHH:mm:ssZ."""
    return {"came_at": utc_instant(F.col("text.came_at"))}


class Visits(Contract):
    """Visits with the town that the member lived in then."""

    day: T.DateType = Field(description="Day of the visit")
    member_id: T.LongType = Field(description="Who came")
    town: T.StringType = Field(nullable=True, description="Where they lived")
    version: T.IntegerType = Field(nullable=True, description="Number of the version; none for a stranger")


@table(Visits, domain=club)
def visits(raw_visits: DataFrame, members: DataFrame) -> DataFrame:
    """The good visits, each with what was true on its day."""
    came = accepted(raw_visits).select("day", "member_id")
    found = as_of_join(came, members, key=["member_id"], on="day", columns=["town"])
    return found.select("day", "member_id", "town", "version")


FOUND = FoundDomain(club, __name__, (raw_members, member_changes, members, raw_visits, visits))


def club_at(root: Path, **settings: Any) -> Platform:
    """A platform of the club alone."""
    return Platform(root, domains=[FOUND], **settings)


def joined(platform: Platform, day: int, /, *rows: str, **towns: str) -> None:
    """Deliver the snapshot of a day of January 2026: members `m<number>` with their towns, then rows as they are."""
    lines = "".join(f"{name[1:]},{town}\n" for name, town in towns.items()) + "".join(f"{row}\n" for row in rows)
    platform.deliver("members", f"2026-01-{day:02}", "members.csv", f"id,town\n{lines}")


def came(platform: Platform, day: int, *members: int) -> None:
    """Deliver the visits of a day."""
    text = f"2026-01-{day:02}"
    lines = "".join(f"{member},{text}T10:00:00Z\n" for member in members)
    platform.deliver("visits", text, "visits.csv", f"member,came_at\n{lines}")
