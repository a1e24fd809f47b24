"""listening/top_songs: the songs played most in the longest sessions up to a day."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from platform_assets import Contract, Field, T, table
from platform_assets.domains.listening.domain import listening
from platform_assets.transforms.ranking import ranked


class TopSongs(Contract):
    """The songs played most in the longest sessions so far."""

    day: T.DateType = Field(description="UTC day at whose end these were the top songs")
    rank: T.IntegerType = Field(ge=1, description="Place in the list, 1 being the song played most")
    artist_name: T.StringType = Field(
        nullable=True, description="Name of the artist; NULL where songs are told apart by their title alone"
    )
    track_name: T.StringType = Field(description="Title of the song")
    plays: T.LongType = Field(ge=1, description="Plays in the longest sessions")
    sessions: T.LongType = Field(ge=1, description="In how many of the longest sessions it was played")

    class Config:
        unique = ["day", "rank"]
        columns_agree = {"rules": {"sessions_at_most_plays": "sessions <= plays"}}


@table(TopSongs, domain=listening)
def top_songs(top_session_tracks: DataFrame, *, top_songs: int, song_key: str) -> DataFrame:
    """Plays and sessions per song of each day's list, the most played first."""
    tracks = top_session_tracks
    if song_key == "title":
        tracks = tracks.withColumn("artist_name", F.lit(None).cast("string"))
    song = ["day", "artist_name", "track_name"]
    per_session = tracks.groupBy(*song, "session_id").agg(F.sum("plays").alias("plays"))
    songs = per_session.groupBy(*song).agg(F.sum("plays").alias("plays"), F.count("*").alias("sessions"))
    order = [F.desc("plays"), F.desc("sessions"), F.asc("artist_name"), F.asc("track_name")]
    return ranked(songs, ["day"], order, top_songs)
