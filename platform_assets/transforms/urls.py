"""A URL's host and path segments, by cheap cuts instead of regular expressions; urls need no scheme."""

from pyspark.sql import Column
from pyspark.sql import functions as F


def without_scheme(url: Column) -> Column:
    """The URL behind its scheme; `://` further inside, in a path or a query, is no scheme."""
    before = F.split_part(url, F.lit("://"), F.lit(1))
    has_scheme = (F.length(before) < F.length(url)) & ~before.rlike("[/?#]")
    return F.when(has_scheme, F.substring(url, F.length(before) + 4, F.length(url))).otherwise(url)


def without_query(url: Column) -> Column:
    """The URL before its query string and fragment."""
    return F.split_part(F.split_part(url, F.lit("#"), F.lit(1)), F.lit("?"), F.lit(1))


def host(location: Column) -> Column:
    """The host of `without_query(without_scheme(url))`: lower case, without user info and port."""
    authority = F.split_part(location, F.lit("/"), F.lit(1))
    return F.lower(F.split_part(F.split_part(authority, F.lit("@"), F.lit(-1)), F.lit(":"), F.lit(1)))


def segment(location: Column, number: int) -> Column:
    """Path segment 1, 2, ... as written; NULL when absent or empty."""
    part = F.split_part(location, F.lit("/"), F.lit(number + 1))
    return F.when(part != "", part)


def bare_host(name: Column) -> Column:
    """A host without a leading `www.` or `w3.`."""
    www, w3 = name.startswith("www."), name.startswith("w3.")
    return F.when(www, F.substring(name, 5, 2**31 - 1)).when(w3, F.substring(name, 4, 2**31 - 1)).otherwise(name)
