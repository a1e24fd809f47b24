"""listening/top_sessions: the longest sessions up to a day, those that are still open among them."""

from collections.abc import Sequence
from datetime import date, timedelta

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from platform_assets import Contract, Field, T, table
from platform_assets.domains.listening.domain import listening
from platform_assets.transforms.ranking import best_so_far, ranked
from platform_assets.transforms.sessions import duration_seconds, is_open


class TopSessions(Contract):
    """The longest sessions so far: as they are at the end of the day, closed or still open."""

    day: T.DateType = Field(description="UTC day at whose end these were the longest sessions")
    rank: T.IntegerType = Field(ge=1, description="Place in the list, 1 being the longest")
    session_id: T.StringType = Field(description="Identity of the session: who, and since when")
    user_id: T.StringType = Field(description="Who listened")
    started_at: T.TimestampType = Field(description="Start of the first play (UTC)")
    ended_at: T.TimestampType = Field(description="Start of the last play so far (UTC)")
    plays: T.LongType = Field(ge=1, description="How many plays")
    distinct_tracks: T.LongType = Field(ge=1, description="How many different tracks, by artist and title")
    duration_seconds: T.LongType = Field(ge=0, description="Seconds from the start of the first play to the last's")

    class Config:
        unique = ["day", "rank"]
        columns_agree = {"rules": {"nothing_later_than_the_day": "to_date(ended_at) <= day"}}


@table(TopSessions, domain=listening)
def top_sessions(
    sessions: DataFrame,
    open_sessions: DataFrame,
    top_sessions_before: DataFrame,
    *,
    days: Sequence[date],
    gap_seconds: int,
    top_sessions: int,
    rank_by: str,
) -> DataFrame:
    """The best of the list of the day before, the sessions closed since, and those open: a session only grows."""
    measure = "duration_seconds" if rank_by == "duration" else rank_by
    order = [F.desc(measure), F.asc("started_at"), F.asc("user_id")]
    # Those that were open then have closed since, or are open still: they come from there.
    was_open = is_open(days[0] - timedelta(days=1), gap_seconds)
    before = top_sessions_before.where(~was_open).withColumn("day", F.lit(days[0])).select(*sessions.columns)
    closed = best_so_far(sessions.unionByName(before), days=days, order=order, most=top_sessions)
    still_open = open_sessions.withColumn("duration_seconds", duration_seconds()).select(*sessions.columns)
    return ranked(closed.unionByName(still_open), ["day"], order, top_sessions)
