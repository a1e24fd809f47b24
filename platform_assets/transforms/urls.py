"""A URL's host and path segments, and whether it has a host at all; URLs need no scheme."""

from pyspark.sql import Column
from pyspark.sql import functions as F

_SCHEME = r"[^/?#:]+"
# What browsers take in no host, with the blanks and control characters of all scripts.
_ODD = r"""\p{Z}\p{Cc}\\"<>\^`{|}"""
_IN_NAME = rf"[^:/?#@\[\]{_ODD}]"
_LAST_OF_NAME = rf"[^.:/?#@\[\]{_ODD}]"
_ADDRESS = rf"\[[^/?#@\[\]{_ODD}]+\]"
_LOCALHOST = "".join(f"[{letter.upper()}{letter}]" for letter in "localhost")
_AFTER_SCHEME = rf"{_SCHEME}://([^/?#]*@)?({_ADDRESS}|{_IN_NAME}*{_LAST_OF_NAME}\.*)(:[^/?#@]*)?"
# Here a name has a dot inside, and a colon is that of a port.
_ALONE = rf"([^:/?#]*@)?({_IN_NAME}*\.{_IN_NAME}*{_LAST_OF_NAME}|{_LOCALHOST})\.*(:[0-9]+)?"
# One expression is cheaper than to cut the host out and to look at it.
_HAS_HOST = rf"\A({_AFTER_SCHEME}|{_ALONE})([/?#]|\z)"


def without_scheme(url: Column) -> Column:
    """The URL after its scheme; `://` at its start, or further inside, in a path or a query, ends no scheme."""
    before = F.split_part(url, F.lit("://"), F.lit(1))
    has_scheme = (F.length(before) < F.length(url)) & before.rlike(rf"\A{_SCHEME}\z")
    return F.when(has_scheme, F.substring(url, F.length(before) + 4, F.length(url))).otherwise(url)


def without_query(url: Column) -> Column:
    """The URL before its query string and fragment."""
    return F.split_part(F.split_part(url, F.lit("#"), F.lit(1)), F.lit("?"), F.lit(1))


def host_and_path(url: Column) -> Column:
    """A URL without scheme, query and fragment: the location that `host` and `segment` take apart."""
    return without_query(without_scheme(url))


def host(location: Column) -> Column:
    """The host of a location: lower case, without user info, port and trailing dots; empty when there is none."""
    authority = F.split_part(location, F.lit("/"), F.lit(1))
    name = F.split_part(authority, F.lit("@"), F.lit(-1))
    # The colons in an address like [::1] are no port's.
    is_address = name.startswith("[") & name.contains("]")
    address = F.concat(F.split_part(name, F.lit("]"), F.lit(1)), F.lit("]"))
    return F.lower(F.when(is_address, address).otherwise(F.rtrim(F.split_part(name, F.lit(":"), F.lit(1)), F.lit("."))))


def has_host(url: Column) -> Column:
    """Whether a URL has what a browser would call a host.

    Without a scheme the first token is a host when a dot is inside it, or it is `localhost`; what stands before
    a colon alone, as in `mailto:me@x.org`, is no scheme. Only addresses like [::1] have brackets.
    """
    return url.rlike(_HAS_HOST)


def segment(location: Column, number: int) -> Column:
    """Path segment 1, 2, ... of a location, as written; NULL when absent or empty."""
    part = F.split_part(location, F.lit("/"), F.lit(number + 1))
    return F.when(part != "", part)


def bare_host(name: Column) -> Column:
    """A host without a leading `www.` or `w3.`, where more than that is there."""
    first = F.split_part(name, F.lit("."), F.lit(1))
    rest = F.substring(name, F.length(first) + 2, F.length(name))
    return F.when(first.isin("www", "w3") & (rest != ""), rest).otherwise(name)
