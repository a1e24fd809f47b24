"""actions/raw_actions: every delivered action, good or rejected."""

from collections.abc import Mapping

from pyspark.sql import Column
from pyspark.sql import functions as F

from platform_assets import CSV, FORMAT, JSON_LINES, Feed, RawContract, T, raw_table, source
from platform_assets.domains.actions.domain import actions
from platform_assets.transforms.times import epoch_seconds, utc_instant


class RawActions(RawContract):
    """Every delivered action, good or rejected, with the rules that it breaks."""

    time: T.TimestampType = source("time", required=True, text=False, description="When it was done (UTC)")
    action: T.StringType = source("action", required=True, trimmed=True, description="What was done: Open or Close")


@raw_table(RawActions, Feed("actions", (CSV, JSON_LINES)), domain=actions, event_time="time")
def raw_actions() -> Mapping[str, Column]:
    """Times are written yyyy-MM-ddTHH:mm:ss.SSSZ in CSV, as seconds since 1970 in JSON; actions in any case."""
    time, action = F.col("text.time"), F.initcap(F.col("text.action"))
    is_json = F.col(FORMAT) == JSON_LINES.name
    return {
        "time": F.when(is_json, epoch_seconds(time)).otherwise(utc_instant(time, millis=True)),
        "action": F.when(action.isin("Open", "Close"), action),
    }
