"""What all tables of the listening domain share."""

from datetime import date
from typing import Literal

from pydantic import Field

from platform_assets import Domain, DomainSettings, GapSeconds
from platform_assets.settings import FIRST_DAY
from platform_assets.transforms.sessions import Sessions


class ListeningSettings(DomainSettings):
    """What a user may set of the listening domain."""

    start: date = FIRST_DAY
    """First day of the listening domain; earlier plays are rejected as before_start."""
    gap_seconds: GapSeconds = 1200
    """Seconds from the start of a play to the next that still belong to one session; one more opens a new one."""
    top_sessions: int = Field(default=50, ge=1)
    """How many of the longest sessions the top list holds."""
    top_songs: int = Field(default=10, ge=1)
    """How many songs of the longest sessions the top list holds."""
    rank_by: Literal["plays", "distinct_tracks", "duration"] = "plays"
    """What makes a session long: its plays, its distinct tracks, or its duration in seconds."""
    song_key: Literal["artist_and_title", "title"] = "artist_and_title"
    """What makes two plays the same song: artist and title, or the title alone."""


listening = Domain("listening", owner="team:listening", settings=ListeningSettings)

PLAYS = Sessions(
    user="user_id",
    time="played_at",
    item=("artist_name", "track_name"),
    event="play",
    events="plays",
    distinct="distinct_tracks",
    items="tracks",
)
