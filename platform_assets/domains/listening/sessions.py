"""listening/sessions: runs of plays of one user without a long pause, by the day on which they close."""

from platform_assets import sessions_table
from platform_assets.domains.listening.domain import PLAYS
from platform_assets.domains.listening.plays import plays

sessions = sessions_table(
    PLAYS,
    plays,
    "Sessions of plays: each play starts at most the gap (20 minutes) after the start of the one before.",
    day="UTC day on which the session closed: the gap passed without a play",
    user_id="Who listened",
    started_at="Start of the first play (UTC)",
    ended_at="Start of the last play (UTC)",
    plays="How many plays",
    distinct_tracks="How many different tracks, by artist and title",
    duration_seconds="Seconds from the start of the first play to the last's",
)
