"""Times written as text: only what is exactly of the format is a time."""

from pyspark.sql import Column
from pyspark.sql import functions as F

_SECONDS = r"\A[0-9]{4}-[0-9]{2}-[0-9]{2}T(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]"
_LAST_SECOND = 253402300799  # of the year 9999


def utc_instant(text: Column, *, millis: bool = False) -> Column:
    """`yyyy-MM-ddTHH:mm:ssZ`, or with `millis` `yyyy-MM-ddTHH:mm:ss.SSSZ`, as a timestamp; NULL for other text."""
    as_written = text.rlike(_SECONDS + (r"\.[0-9]{3}Z\z" if millis else r"Z\z")) & ~text.startswith("0000")
    return F.when(as_written, text.try_cast("timestamp"))


def epoch_seconds(text: Column) -> Column:
    """Whole seconds since 1970 as a timestamp; NULL for other text, and before the year 1 or after 9999."""
    seconds = F.when(text.rlike(r"\A-?0*[0-9]{1,12}\z"), text.try_cast("long"))
    return F.when(seconds.between(-62135596800, _LAST_SECOND), F.timestamp_seconds(seconds))
