"""Tumbling windows: stretches of time of the same length, one right after the other."""

from pyspark.sql import Column
from pyspark.sql import functions as F


def window_start(time: str, minutes: int) -> Column:
    """Start of the window that a time lies in; windows of minutes that divide a day start at its midnight (UTC)."""
    # In microseconds: not every engine rounds the seconds of a time before 1970 down
    # (workaround: sail-seconds-before-1970).
    micros = F.unix_micros(time)
    return F.timestamp_micros(micros - F.pmod(micros, F.lit(minutes * 60_000_000)))


def window_end(start: str, minutes: int) -> Column:
    """End of a window, which lies in the next one."""
    return F.timestamp_seconds(F.unix_seconds(start) + minutes * 60)
