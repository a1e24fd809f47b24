"""listening/top_songs_tsv: the top songs up to a day as a file."""

from pyspark.sql import DataFrame

from platform_assets import Csv, document
from platform_assets.domains.listening.domain import listening

COLUMNS = ("rank", "artist_name", "track_name", "plays", "sessions")


@document(Csv("top_songs.tsv", COLUMNS, delimiter="\t", quotes=False), domain=listening)
def top_songs_tsv(top_songs: DataFrame) -> DataFrame:
    """The songs played most in the longest sessions up to a day: one line per song, tab separated, not quoted."""
    return top_songs.select("day", *COLUMNS)
