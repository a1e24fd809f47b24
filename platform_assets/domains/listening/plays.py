"""listening/plays: the good plays, by the day on which they started."""

from pyspark.sql import DataFrame

from platform_assets import Balance, Contract, Field, T, table
from platform_assets.domains.listening.domain import listening
from platform_assets.transforms.events import GOOD, accepted


class Plays(Contract):
    """What users listened to: one row per play; a repeated row is a play of its own."""

    day: T.DateType = Field(description="UTC day on which the play started")
    user_id: T.StringType = Field(str_length={"min_value": 1}, description="Who listened")
    played_at: T.TimestampType = Field(description="When the play started (UTC)")
    artist_mbid: T.StringType = Field(nullable=True, description="MusicBrainz ID of the artist")
    artist_name: T.StringType = Field(str_length={"min_value": 1}, description="Name of the artist")
    track_mbid: T.StringType = Field(nullable=True, description="MusicBrainz ID of the track")
    track_name: T.StringType = Field(str_length={"min_value": 1}, description="Title of the track")

    class Config:
        columns_agree = {"rules": {"played_at_in_day": "to_date(played_at) = day"}}


@table(Plays, domain=listening, balances=[Balance("good_rows_are_plays", "raw_plays", GOOD)])
def plays(raw_plays: DataFrame) -> DataFrame:
    """The good rows of all deliveries."""
    columns = ["user_id", "played_at", "artist_mbid", "artist_name", "track_mbid", "track_name"]
    return accepted(raw_plays).select("day", *columns)
