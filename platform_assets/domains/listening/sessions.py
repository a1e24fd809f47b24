"""listening/sessions: runs of plays of one user without a long pause, by the day on which they close."""

from collections.abc import Sequence
from datetime import date

from pyspark.sql import DataFrame

from platform_assets.assets.tables import table
from platform_assets.contracts.contract import Contract, Field, T
from platform_assets.domains.listening.domain import PLAYS, listening
from platform_assets.lake.audit import Balance
from platform_assets.transforms.sessions import duration_seconds, open_at_the_end


class ListeningSessions(Contract):
    """Sessions of plays: each play starts at most the gap (20 minutes) after the start of the one before."""

    day: T.DateType = Field(description="UTC day on which the session closed: the gap passed without a play")
    session_id: T.StringType = Field(description="Identity of the session: who, and since when")
    user_id: T.StringType = Field(description="Who listened")
    started_at: T.TimestampType = Field(description="Start of the first play (UTC)")
    ended_at: T.TimestampType = Field(description="Start of the last play (UTC)")
    plays: T.LongType = Field(ge=1, description="How many plays")
    distinct_tracks: T.LongType = Field(ge=1, description="How many different tracks, by artist and title")
    duration_seconds: T.LongType = Field(ge=0, description="Seconds from the start of the first play to the last's")

    class Config:
        unique = ["day", "session_id"]
        columns_agree = {"rules": {"tracks_at_most_plays": "distinct_tracks <= plays"}}


@table(
    ListeningSessions,
    domain=listening,
    balances=[
        Balance(
            "every_play_is_in_a_session",
            "plays",
            "count(*)",
            staged="sum(plays)",
            added={"open_sessions_before": "sum(plays)"},
            elsewhere={"open_sessions": open_at_the_end("plays")},
        )
    ],
)
def sessions(
    plays: DataFrame,
    open_sessions: DataFrame,
    open_sessions_before: DataFrame,
    *,
    days: Sequence[date],
    gap_seconds: int,
) -> DataFrame:
    """The sessions that close; what is open at the end of the last day is in the open sessions."""
    closed = PLAYS.closed(plays, open_sessions_before, gap=gap_seconds, days=days)
    return closed.withColumn("duration_seconds", duration_seconds())
