"""web/open_sessions: the visits that hits of the next day may continue, with what is needed to go on."""

from platform_assets import open_sessions_table
from platform_assets.domains.web.domain import HITS
from platform_assets.domains.web.user_web_hits import user_web_hits

open_sessions = open_sessions_table(
    HITS,
    user_web_hits,
    "Sessions that a hit on the next day may still continue, as they are at the end of the day.",
    user_id="Who acts",
    started_at="The first hit (UTC)",
    ended_at="The last hit so far (UTC)",
    hits="Hits so far",
    pages="Different pages so far, by the three levels of the URL",
    visited="The pages so far, and the hits of each",
)
