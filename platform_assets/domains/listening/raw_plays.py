"""listening/raw_plays: every delivered play, good or rejected."""

from collections.abc import Mapping

from pyspark.sql import Column
from pyspark.sql import functions as F

from platform_assets import TSV, Feed, RawContract, T, raw_table, source
from platform_assets.domains.listening.domain import listening
from platform_assets.transforms.times import utc_instant


class RawPlays(RawContract):
    """Every delivered play, good or rejected, with the rules that it breaks."""

    user_id: T.StringType = source("user_id", required=True, description="Who listened")
    played_at: T.TimestampType = source("played_at", required=True, description="When the play started (UTC)")
    artist_mbid: T.StringType = source("artist_mbid", description="MusicBrainz ID of the artist")
    artist_name: T.StringType = source("artist_name", required=True, description="Name of the artist")
    track_mbid: T.StringType = source("track_mbid", description="MusicBrainz ID of the track")
    track_name: T.StringType = source("track_name", required=True, description="Title of the track")


@raw_table(RawPlays, Feed("plays", (TSV,)), domain=listening, event_time="played_at")
def raw_plays() -> Mapping[str, Column]:
    """Fields stand in this order; times are written yyyy-MM-ddTHH:mm:ssZ."""
    return {"played_at": utc_instant(F.col("text.played_at"))}
