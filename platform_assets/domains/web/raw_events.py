"""web/raw_events: every delivered web event, good or rejected."""

from collections.abc import Mapping

from pyspark.sql import Column
from pyspark.sql import functions as F

from platform_assets import JSON_LINES, Feed, RawContract, T, raw_table, source
from platform_assets.domains.web.domain import web
from platform_assets.transforms.urls import has_host

_TIME = r"\A[0-9]{1,2}/[0-9]{1,2}/[0-9]{4} [0-9]{2}:[0-9]{2}:[0-9]{2}\z"


class RawEvents(RawContract):
    """Every delivered web event, good or rejected, with the rules that it breaks."""

    event_id: T.StringType = source("event_id", required=True, description="Identity of the event")
    user_id: T.LongType = source("user.id", required=True, text=False, description="Who acted")
    user_session_id: T.StringType = source("user.session_id", description="Session as the sender names it")
    user_ip: T.StringType = source("user.ip", description="Address of the user, as sent; never checked")
    action: T.StringType = source("action", required=True, description="What the user did")
    url: T.StringType = source("url", required=True, description="Where, as sent; it has a host")
    timestamp: T.TimestampType = source("timestamp", required=True, description="When (UTC)")


@raw_table(RawEvents, Feed("web_events", (JSON_LINES,)), domain=web, event_time="timestamp")
def raw_events(*, date_order: str) -> Mapping[str, Column]:
    """Times are written DD/MM/YYYY HH:MM:SS (or MM/DD), day and month with one or two digits; URLs need a host."""
    time, url = F.col("text.timestamp"), F.col("text.url")
    order = "d/M/yyyy HH:mm:ss" if date_order == "dmy" else "M/d/yyyy HH:mm:ss"
    as_written = time.rlike(_TIME) & ~time.contains("/0000 ")
    return {
        "timestamp": F.when(as_written, F.try_to_timestamp(time, F.lit(order))),
        "url": F.when(has_host(url), url),
    }
