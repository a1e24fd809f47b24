"""What all tables of the listening domain share."""

from platform_assets.assets.domain import Domain
from platform_assets.transforms.sessions import Sessions

listening = Domain("listening", owner="team:listening")

PLAYS = Sessions(
    user="user_id",
    time="played_at",
    item=("artist_name", "track_name"),
    events="plays",
    distinct="distinct_tracks",
    items="tracks",
)
