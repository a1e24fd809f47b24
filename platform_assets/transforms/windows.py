"""Tumbling windows: stretches of time of the same length, one right behind the other."""

from pyspark.sql import Column
from pyspark.sql import functions as F


def window_start(time: str, minutes: int) -> Column:
    """Start of the window that a time lies in; windows of minutes that divide a day start at its midnight (UTC)."""
    seconds = F.unix_seconds(time)
    return F.timestamp_seconds(seconds - F.pmod(seconds, F.lit(minutes * 60)))


def window_end(start: str, minutes: int) -> Column:
    """End of a window, which lies in the next one."""
    return F.timestamp_seconds(F.unix_seconds(start) + minutes * 60)
