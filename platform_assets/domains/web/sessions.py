"""web/sessions: runs of hits of one user without a long pause, by the day on which they close."""

from collections.abc import Sequence
from datetime import date

from pyspark.sql import DataFrame

from platform_assets.assets.tables import table
from platform_assets.contracts.contract import Contract, Field, T
from platform_assets.domains.web.domain import HITS, web
from platform_assets.lake.audit import Balance
from platform_assets.transforms.sessions import duration_seconds, open_at_the_end


class WebSessions(Contract):
    """Sessions of hits: each hit is at most the gap (30 minutes) later than the one before."""

    day: T.DateType = Field(description="UTC day on which the session closed: the gap passed without a hit")
    session_id: T.StringType = Field(description="Identity of the session: who, and since when")
    user_id: T.LongType = Field(description="Who acted")
    started_at: T.TimestampType = Field(description="The first hit (UTC)")
    ended_at: T.TimestampType = Field(description="The last hit (UTC)")
    hits: T.LongType = Field(ge=1, description="How many hits")
    pages: T.LongType = Field(ge=1, description="How many different pages, by the three levels of the URL")
    duration_seconds: T.LongType = Field(ge=0, description="Seconds from the first hit to the last")

    class Config:
        unique = ["day", "session_id"]
        columns_agree = {"rules": {"pages_at_most_hits": "pages <= hits"}}


@table(
    WebSessions,
    domain=web,
    balances=[
        Balance(
            "every_hit_is_in_a_session",
            "user_web_hits",
            "count(*)",
            staged="sum(hits)",
            added={"open_sessions_before": "sum(hits)"},
            elsewhere={"open_sessions": open_at_the_end("hits")},
        )
    ],
)
def sessions(
    user_web_hits: DataFrame,
    open_sessions: DataFrame,
    open_sessions_before: DataFrame,
    *,
    days: Sequence[date],
    gap_seconds: int,
) -> DataFrame:
    """The sessions that close; what is open at the end of the last day is in the open sessions."""
    closed = HITS.closed(user_web_hits, open_sessions_before, gap=gap_seconds, days=days)
    return closed.withColumn("duration_seconds", duration_seconds())
