"""listening/open_sessions: the sessions that plays of the next day may continue, with what is needed to go on."""

from collections.abc import Sequence
from datetime import date
from typing import Annotated

from pyspark.sql import DataFrame

from platform_assets.assets.tables import table
from platform_assets.contracts.contract import Contract, Field, T
from platform_assets.domains.listening.domain import PLAYS, listening

_TRACK = T.StructType(
    [
        T.StructField("artist_name", T.StringType()),
        T.StructField("track_name", T.StringType()),
        T.StructField("plays", T.LongType()),
    ]
)


class OpenSessions(Contract):
    """Sessions that a play on the next day may still continue, as they are at the end of the day."""

    day: T.DateType = Field(description="UTC day at whose end the session is open")
    session_id: T.StringType = Field(description="Identity of the session: who, and since when")
    user_id: T.StringType = Field(description="Who listens")
    started_at: T.TimestampType = Field(description="Start of the first play (UTC)")
    ended_at: T.TimestampType = Field(description="Start of the last play so far (UTC)")
    plays: T.LongType = Field(ge=1, description="Plays so far")
    distinct_tracks: T.LongType = Field(ge=1, description="Different tracks so far, by artist and title")
    tracks: Annotated[T.ArrayType, _TRACK, True] = Field(description="The tracks so far, and how often each was played")

    class Config:
        unique = ["day", "user_id"]
        columns_agree = {
            "rules": {
                "last_play_in_day": "to_date(ended_at) = day",
                "starts_before_it_ends": "started_at <= ended_at",
                "tracks_are_the_distinct_ones": "size(tracks) = distinct_tracks",
                "tracks_at_most_plays": "distinct_tracks <= plays",
            }
        }


@table(OpenSessions, domain=listening)
def open_sessions(
    plays: DataFrame, open_sessions_before: DataFrame, *, days: Sequence[date], gap_seconds: int
) -> DataFrame:
    """The sessions of the day before that go on, and those that have begun since."""
    return PLAYS.left_open(plays, open_sessions_before, gap=gap_seconds, days=days)
