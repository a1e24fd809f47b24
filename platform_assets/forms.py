"""How settings are written: places, masters and times, and what is said of others."""

from __future__ import annotations

import re

_BUCKET = re.compile(r"s3://[a-z0-9][a-z0-9.-]+(/[A-Za-z0-9._=+,-]+)*")
# What no folder is called by accident: `s3:/lake`, `s3:lake`, `s3//lake`.
_LIKE_A_URL = re.compile(r"[a-z][a-z0-9+.-]*[:;]|(s3[an]?|gc?s|abfss?|wasbs?|hdfs|https?|file)//", re.IGNORECASE)
_S3 = re.compile(r"s3[an]?:", re.IGNORECASE)
_TIME = re.compile(r"([01]\d|2[0-3]):[0-5]\d")
_HOST = r"([\w.-]+|\[[0-9A-Fa-f:.]+\])"
_MASTER = re.compile(
    r"local(\[(\*|[1-9]\d*)(,\s*[1-9]\d*)?\])?|local-cluster\[\s*\d+\s*,\s*\d+\s*,\s*\d+\s*\]|"
    rf"spark://{_HOST}:\d+(,{_HOST}:\d+)*|sc://{_HOST}(:\d+)?(/(;.*)?)?|yarn|k8s://\S+"
)


def place(value: str) -> str:
    """A folder or a place in a store, without a slash at its end; raises `ValueError` for what is neither."""
    url = value.rstrip("/") or "/"
    if _S3.match(url):
        scheme, _, rest = url.partition(":")
        if scheme != "s3" and _BUCKET.fullmatch(f"s3:{rest}"):
            raise ValueError(f"write s3:{rest}")
        # The engines write `my%20lake` where `my lake` was meant, and read it nowhere
        # (workaround: sail-quoted-folders).
        if not _BUCKET.fullmatch(url):
            raise ValueError("a place on S3 is s3://bucket/prefix, of letters, digits and . _ - = + , only")
    elif _LIKE_A_URL.match(url) and not url.startswith("file://"):
        raise ValueError(
            "it is neither a folder nor a place in a store that the platform knows, such as s3://bucket/prefix; "
            "write ./ before the name of a folder that looks like a URL"
        )
    return url


def is_folder(place: str) -> bool:
    """Whether a place is a folder, and in no store."""
    return not place.startswith("s3://")


def master(value: str) -> str:
    """A master of Spark; raises `ValueError` for what Spark would not take as one."""
    if not _MASTER.fullmatch(value):
        raise ValueError(
            "a master is local, local[*], local[4], local[4,2], spark://host:7077, sc://host:15002, yarn or "
            "k8s://https://host:6443"
        )
    return value


def time_of_day(value: str) -> str:
    """A time of the day, such as 00:30; raises `ValueError` for what is none."""
    if not _TIME.fullmatch(value):
        raise ValueError("a time of the day (UTC) is written as 06:30")
    return value
