"""The rules of the web domain a second time, in plain Python over bytes: what its tables are compared with."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable
from datetime import date, datetime, timezone
from typing import Any

from platform_assets_tests.support import feed_oracle, sessions_oracle
from platform_assets_tests.support.feed_oracle import Judged, Row
from platform_assets_tests.support.feed_oracle import comparable as comparable
from platform_assets_tests.support.sessions_oracle import Session

TEXTS = {
    "event_id": ("event_id",),
    "user_session_id": ("user", "session_id"),
    "user_ip": ("user", "ip"),
    "action": ("action",),
    "url": ("url",),
    "timestamp": ("timestamp",),
}
REQUIRED = ("event_id", "user_id", "action", "url", "timestamp")
COLUMNS = ("event_id", "user_id", "user_session_id", "user_ip", "action", "url", "timestamp")
KNOWN = {"event_id", "user", "action", "url", "timestamp"}
KNOWN_OF_USER = {"session_id", "id", "ip"}
LEVELS = ("url_level1", "url_level2", "url_level3")
GAP = 1800


def raw_rows(content: bytes, delivery_day: date, source_file: str, *, start: date, order: str = "dmy") -> list[Row]:
    """The rows of the raw table that a file's bytes become."""
    return [
        feed_oracle.raw_row(
            line,
            lambda text: _judged(text, order),
            columns=COLUMNS,
            time="timestamp",
            delivery_day=delivery_day,
            source_file=source_file,
            start=start,
        )
        for line in feed_oracle.lines(content)
    ]


def _judged(text: str, order: str) -> Judged | None:
    found = feed_oracle.json_object(text)
    if found is None:
        return None
    user = found.get("user")
    inner = user if isinstance(user, dict) else {}
    given = {}
    for column in COLUMNS:
        path = TEXTS.get(column, ("user", "id"))
        given[column] = inner.get(path[-1]) if path[0] == "user" else found.get(path[0])
    if not isinstance(user, (dict, type(None))):
        given["user_id"] = [user]  # no object, and no user ID either
    values, broken = feed_oracle.judged(given, REQUIRED, lambda column, value: _value(column, value, order))
    extra = sorted([*found.keys() - KNOWN, *(f"user.{key}" for key in inner.keys() - KNOWN_OF_USER)])
    return values, broken, extra


def _value(column: str, given: Any, order: str) -> Any:
    if column == "user_id":
        return _user_id(given)
    if not isinstance(given, str):
        return None
    if column == "timestamp":
        return _time(given, order)
    if column == "url" and not has_host(given):
        return None
    return given


def _user_id(given: Any) -> int | None:
    if isinstance(given, str) and re.fullmatch("[0-9]+", given):
        given = int(given)
    is_integer = isinstance(given, int) and not isinstance(given, bool)
    return given if is_integer and -(2**63) <= given < 2**63 else None


def _time(text: str, order: str) -> datetime | None:
    parts = re.fullmatch(r"([0-9]{1,2})/([0-9]{1,2})/([0-9]{4}) ([0-9]{2}):([0-9]{2}):([0-9]{2})", text)
    if not parts:
        return None
    first, second, year, hour, minute, seconds = map(int, parts.groups())
    month, day = (second, first) if order == "dmy" else (first, second)
    try:
        return datetime(year, month, day, hour, minute, seconds, tzinfo=timezone.utc)
    except ValueError:
        return None


def levels(url: str) -> tuple[str, str | None, str | None]:
    """Host, first and second path segment of a URL; the host is empty when there is none."""
    authority, *path = re.split(r"[?#]", _cut(url)[1])[0].split("/")
    name = authority.split("@")[-1]
    address = re.match(r"\[[^\]]*\]", name)
    host = address.group() if address else name.split(":")[0].rstrip(".")
    level2, level3 = (*path, "", "")[:2]
    return host.lower(), level2 or None, level3 or None


def has_host(url: str) -> bool:
    """Whether a URL has what a browser would call a host."""
    scheme, rest = _cut(url)
    authority = re.split("[/?#]", rest)[0]
    user, _, place = authority.rpartition("@")
    host = levels(url)[0]
    if host.startswith("["):
        inside, after = host[1:-1], place[len(host) :]
        is_name = bool(scheme and inside) and host.endswith("]") and after[:1] in ("", ":")
    else:
        inside = host
        is_name = bool(host)
    if not scheme:
        _, colon, port = place.partition(":")
        is_name &= "." in host or host == "localhost"
        is_name &= ":" not in user and (not colon or bool(re.fullmatch("[0-9]+", port)))
    return is_name and not any(
        letter in '\\"<>^`{|}[]' or unicodedata.category(letter) in ("Zs", "Zl", "Zp", "Cc") for letter in inside
    )


def _cut(url: str) -> tuple[str, str]:
    """The scheme of a URL, empty when it has none, and the rest."""
    before, after, rest = url.partition("://")
    return (before, rest) if before and after and not set(before) & set("/?#:") else ("", url)


def bare(host: str) -> str:
    """A host without a leading `www.` or `w3.`."""
    return re.sub(r"\A(www|w3)\.(?=.)", "", host, flags=re.DOTALL)


def hits(raw: Iterable[Row], *, hosts: str = "raw") -> list[Row]:
    """The hits of raw rows: of each event the first good row, by delivery day, file name, then all columns."""
    good = [row for row in raw if not row["violations"]]
    order = ("delivery_day", "source_file", *COLUMNS)
    first: dict[Any, Row] = {}
    for row in sorted(good, key=lambda row: [(row[name] is not None, row[name] or 0) for name in order]):
        first.setdefault((row["day"], row["event_id"]), row)
    return [_hit(row, hosts) for row in first.values()]


def _hit(row: Row, hosts: str) -> Row:
    host, level2, level3 = levels(row["url"])
    return {
        "day": row["day"],
        "event_id": row["event_id"],
        "user_id": row["user_id"],
        "time_stamp": row["timestamp"],
        "url_level1": bare(host) if hosts == "bare" else host,
        "url_level2": level2,
        "url_level3": level3,
        "activity": row["action"],
        "session_id": row["user_session_id"],
    }


def statistics(hit_rows: Iterable[Row], *places: str) -> list[Row]:
    """Activities and users per hour, the places (such as `url_level1`) and activity."""
    users: dict[tuple[Any, ...], list[int]] = {}
    for hit in hit_rows:
        key = (hit["day"], f"{hit['time_stamp']:%Y%m%d%H}", *(hit[place] for place in places), hit["activity"])
        users.setdefault(key, []).append(hit["user_id"])
    names = ("day", "time_bucket", *places, "activity")
    return [
        dict(zip(names, key, strict=True)) | {"activity_count": len(ids), "user_count": len(set(ids))}
        for key, ids in users.items()
    ]


def _visits(hit_rows: Iterable[Row]) -> list[sessions_oracle.Event]:
    return [(hit["user_id"], hit["time_stamp"], tuple(hit[level] for level in LEVELS)) for hit in hit_rows]


def _columns(session: Session) -> Row:
    return {
        "session_id": session.session_id,
        "user_id": session.user,
        "started_at": session.started_at,
        "ended_at": session.ended_at,
        "hits": len(session.items),
        "pages": len(set(session.items)),
    }


def open_sessions(hit_rows: Iterable[Row], days: Iterable[date], *, gap: int = GAP) -> list[Row]:
    """Of each day the sessions that a hit of the next day could still continue; the pages visited are sorted."""
    by_day = sessions_oracle.sessions(_visits(hit_rows), gap, days)
    rows = []
    for day, found in by_day.items():
        for session in found.open:
            pages = sorted(Counter(session.items).items(), key=lambda page: [(name or "") for name in page[0]])
            visited = [dict(zip(LEVELS, page, strict=True)) | {"hits": number} for page, number in pages]
            rows.append({"day": day, **_columns(session), "visited": visited})
    return rows


def sessions(hit_rows: Iterable[Row], days: Iterable[date], *, gap: int = GAP) -> list[Row]:
    """Of each day the sessions that it closed."""
    by_day = sessions_oracle.sessions(_visits(hit_rows), gap, days)
    return [
        {"day": day, **_columns(session), "duration_seconds": session.duration_seconds}
        for day, found in by_day.items()
        for session in found.closed
    ]
