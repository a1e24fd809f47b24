"""listening/open_sessions: the sessions that plays of the next day may continue, with what is needed to go on."""

from platform_assets import open_sessions_table
from platform_assets.domains.listening.domain import PLAYS
from platform_assets.domains.listening.plays import plays

open_sessions = open_sessions_table(
    PLAYS,
    plays,
    "Sessions that a play on the next day may still continue, as they are at the end of the day.",
    user_id="Who listens",
    started_at="Start of the first play (UTC)",
    ended_at="Start of the last play so far (UTC)",
    plays="Plays so far",
    distinct_tracks="Different tracks so far, by artist and title",
    tracks="The tracks so far, and how often each was played",
)
