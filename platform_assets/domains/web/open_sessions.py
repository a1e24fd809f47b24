"""web/open_sessions: the visits that hits of the next day may continue, with what is needed to go on."""

from collections.abc import Sequence
from datetime import date
from typing import Annotated

from pyspark.sql import DataFrame

from platform_assets.assets.tables import table
from platform_assets.contracts.contract import Contract, Field, T
from platform_assets.domains.web.domain import HITS, web

_PAGE = T.StructType(
    [
        T.StructField("url_level1", T.StringType()),
        T.StructField("url_level2", T.StringType()),
        T.StructField("url_level3", T.StringType()),
        T.StructField("hits", T.LongType()),
    ]
)


class OpenSessions(Contract):
    """Sessions that a hit on the next day may still continue, as they are at the end of the day."""

    day: T.DateType = Field(description="UTC day at whose end the session is open")
    session_id: T.StringType = Field(description="Identity of the session: who, and since when")
    user_id: T.LongType = Field(description="Who acts")
    started_at: T.TimestampType = Field(description="The first hit (UTC)")
    ended_at: T.TimestampType = Field(description="The last hit so far (UTC)")
    hits: T.LongType = Field(ge=1, description="Hits so far")
    pages: T.LongType = Field(ge=1, description="Different pages so far, by the three levels of the URL")
    visited: Annotated[T.ArrayType, _PAGE, True] = Field(description="The pages so far, and the hits of each")

    class Config:
        unique = ["day", "user_id"]
        columns_agree = {
            "rules": {
                "last_hit_in_day": "to_date(ended_at) = day",
                "starts_before_it_ends": "started_at <= ended_at",
                "visited_are_the_pages": "size(visited) = pages",
                "pages_at_most_hits": "pages <= hits",
            }
        }


@table(OpenSessions, domain=web)
def open_sessions(
    user_web_hits: DataFrame, open_sessions_before: DataFrame, *, days: Sequence[date], gap_seconds: int
) -> DataFrame:
    """The sessions of the day before that go on, and those that have begun since."""
    return HITS.left_open(user_web_hits, open_sessions_before, gap=gap_seconds, days=days)
