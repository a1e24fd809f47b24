"""listening/top_session_tracks: what was played in the longest sessions up to a day."""

from collections.abc import Sequence
from datetime import date

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from platform_assets import Balance, Contract, Field, T, table
from platform_assets.domains.listening.domain import listening


class TopSessionTracks(Contract):
    """The tracks of the longest sessions so far, and how often each was played in each of them."""

    day: T.DateType = Field(description="UTC day at whose end these were the longest sessions")
    session_id: T.StringType = Field(description="Identity of the session: who, and since when")
    artist_name: T.StringType = Field(description="Name of the artist")
    track_name: T.StringType = Field(description="Title of the track")
    plays: T.LongType = Field(ge=1, description="Plays of the track in the session, up to the end of the day")

    class Config:
        unique = ["day", "session_id", "artist_name", "track_name"]


@table(
    TopSessionTracks,
    domain=listening,
    balances=[
        Balance("every_play_of_the_sessions", "top_sessions", "sum(plays)", staged="sum(plays)"),
        Balance("every_track_of_the_sessions", "top_sessions", "sum(distinct_tracks)"),
    ],
)
def top_session_tracks(
    plays: DataFrame,
    top_sessions: DataFrame,
    open_sessions_before: DataFrame,
    top_session_tracks_before: DataFrame,
    *,
    days: Sequence[date],
) -> DataFrame:
    """Of each session what it brought along from the day before, and what was played in it since."""
    track = ["artist_name", "track_name"]
    brought = ["session_id", *track, "plays", "since"]
    known = top_session_tracks_before.withColumn("since", F.lit(days[0])).select(*brought)
    # A session that was not in the list then, and is now, was open then: it has grown since.
    was_open = open_sessions_before.join(known.select("session_id").distinct(), "session_id", "left_anti")
    tracks = was_open.select("session_id", F.explode("tracks").alias("track"), F.lit(days[0]).alias("since"))
    carried = tracks.select("session_id", "track.*", "since").select(*brought)

    span = top_sessions.groupBy("session_id", "user_id", "started_at").agg(F.max("ended_at").alias("ended_at"))
    during = F.col("played_at").between(F.col("started_at"), F.col("ended_at"))
    played = span.join(plays.select("user_id", "played_at", "day", *track), "user_id").where(during)
    daily = played.groupBy("session_id", *track, F.col("day").alias("since")).agg(F.count("*").alias("plays"))

    lists = top_sessions.select("day", "session_id")
    so_far = lists.join(known.unionByName(carried).unionByName(daily.select(*brought)), "session_id")
    counted = so_far.where(F.col("since") <= F.col("day")).groupBy("day", "session_id", *track)
    return counted.agg(F.sum("plays").alias("plays"))
