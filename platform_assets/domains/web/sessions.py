"""web/sessions: runs of hits of one user without a long pause, by the day on which they close."""

from platform_assets import sessions_table
from platform_assets.domains.web.domain import HITS
from platform_assets.domains.web.user_web_hits import user_web_hits

sessions = sessions_table(
    HITS,
    user_web_hits,
    "Sessions of hits: each hit is at most the gap (30 minutes) later than the one before.",
    day="UTC day on which the session closed: the gap passed without a hit",
    user_id="Who acted",
    started_at="The first hit (UTC)",
    ended_at="The last hit (UTC)",
    hits="How many hits",
    pages="How many different pages, by the three levels of the URL",
    duration_seconds="Seconds from the first hit to the last",
)
