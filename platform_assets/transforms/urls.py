"""A URL's host and path segments, by cheap cuts instead of regular expressions; URLs need no scheme."""

from pyspark.sql import Column
from pyspark.sql import functions as F

# Surely has a host: a scheme or none, then a name without port and user info.
_PLAIN = r"\A([A-Za-z0-9+.\-]+://)?[A-Za-z0-9.\-]+([/?#]|\z)"


def without_scheme(url: Column) -> Column:
    """The URL after its scheme; `://` at its start, or further inside, in a path or a query, ends no scheme."""
    before = F.split_part(url, F.lit("://"), F.lit(1))
    has_scheme = (F.length(before) < F.length(url)) & before.rlike(r"\A[^/?#]+\z")
    return F.when(has_scheme, F.substring(url, F.length(before) + 4, F.length(url))).otherwise(url)


def without_query(url: Column) -> Column:
    """The URL before its query string and fragment."""
    return F.split_part(F.split_part(url, F.lit("#"), F.lit(1)), F.lit("?"), F.lit(1))


def host_and_path(url: Column) -> Column:
    """A URL without scheme, query and fragment: the location that `host` and `segment` take apart."""
    return without_query(without_scheme(url))


def host(location: Column) -> Column:
    """The host of a location: lower case, without user info and port; empty when there is none."""
    authority = F.split_part(location, F.lit("/"), F.lit(1))
    name = F.split_part(authority, F.lit("@"), F.lit(-1))
    # The colons in an address like [::1] are no port's.
    is_address = name.startswith("[") & name.contains("]")
    address = F.concat(F.split_part(name, F.lit("]"), F.lit(1)), F.lit("]"))
    return F.lower(F.when(is_address, address).otherwise(F.split_part(name, F.lit(":"), F.lit(1))))


def has_host(url: Column) -> Column:
    """Whether a URL has a host (blanks are none); nearly all show it at once, only the others are taken apart."""
    return F.when(url.rlike(_PLAIN), True).otherwise(F.btrim(host(host_and_path(url))) != "")


def segment(location: Column, number: int) -> Column:
    """Path segment 1, 2, ... of a location, as written; NULL when absent or empty."""
    part = F.split_part(location, F.lit("/"), F.lit(number + 1))
    return F.when(part != "", part)


def bare_host(name: Column) -> Column:
    """A host without a leading `www.` or `w3.`, where more than that is there."""
    first = F.split_part(name, F.lit("."), F.lit(1))
    rest = F.substring(name, F.length(first) + 2, F.length(name))
    return F.when(first.isin("www", "w3") & (rest != ""), rest).otherwise(name)
