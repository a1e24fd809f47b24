"""The rules of the web domain a second time, in plain Python over bytes: what its tables are compared with."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable
from datetime import date, datetime, timedelta, timezone
from typing import Any

Row = dict[str, Any]

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


def raw_rows(content: bytes, delivery_day: date, source_file: str, *, start: date, order: str = "dmy") -> list[Row]:
    """The rows of the raw table that a file's bytes become."""
    rows = []
    for line in content.split(b"\n"):
        line = re.sub(rb"\A(\xef\xbb\xbf)+", b"", line).removesuffix(b"\r")
        if line.strip(b" \t\r"):
            rows.append(_raw_row(line, delivery_day, source_file, start, order))
    return rows


def _raw_row(line: bytes, delivery_day: date, source_file: str, start: date, order: str) -> Row:
    text = line.decode(errors="replace")
    values: Row = dict.fromkeys(COLUMNS)
    day, extra = None, []
    try:
        found = _json_object(text)
    except ValueError:
        broken = ["malformed"]
    else:
        values, broken = _judged(found, order)
        day = values["timestamp"] and values["timestamp"].date()
        if day and day < start:
            broken.append("before_start")
        if day and day > delivery_day + timedelta(days=1):
            broken.append("after_delivery")
        user = found.get("user")
        of_user = user if isinstance(user, dict) else {}
        extra = sorted([*found.keys() - KNOWN, *(f"user.{key}" for key in of_user.keys() - KNOWN_OF_USER)])
    if text.encode() != line:
        broken = ["not_utf8"]
    return values | {
        "delivery_day": delivery_day,
        "day": day,
        "source_file": source_file,
        "raw": text if broken else None,
        "violations": broken,
        "extra_fields": extra,
    }


def _json_object(text: str) -> dict[str, Any]:
    """A line's object; raises ValueError for text that is no JSON object, or that no UTF-8 table can hold."""

    def number(written: str) -> float:
        if math.isinf(float(written)):
            raise ValueError(f"{written} is beyond a double")
        return float(written)

    def integer(written: str) -> int:
        number(written)
        return int(written)

    def no_number(written: str) -> float:
        raise ValueError(f"{written} is no JSON")

    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        json.dumps(pairs, ensure_ascii=False).encode()  # half a surrogate pair cannot be written
        return dict(pairs)

    found = json.loads(text, parse_float=number, parse_int=integer, parse_constant=no_number, object_pairs_hook=unique)
    if not isinstance(found, dict):
        raise ValueError("no object")
    return found


def _judged(found: dict[str, Any], order: str) -> tuple[Row, list[str]]:
    user = found.get("user")
    inner = user if isinstance(user, dict) else {}
    values: Row = {}
    broken = []
    for column in COLUMNS:
        path = TEXTS.get(column, ("user", "id"))
        given = inner.get(path[-1]) if path[0] == "user" else found.get(path[0])
        if column == "user_id" and not isinstance(user, (dict, type(None))):
            given = [user]  # no object, and no user ID either
        values[column] = None
        if given is None or given == "":
            broken += [f"missing_{column}"] * (column in REQUIRED)
        else:
            values[column] = _value(column, given, order)
            broken += [f"invalid_{column}"] * (values[column] is None)
    return values, broken


def _value(column: str, given: Any, order: str) -> Any:
    if column == "user_id":
        return _user_id(given)
    if not isinstance(given, str):
        return None
    if column == "timestamp":
        return _time(given, order)
    if column == "url" and not levels(given)[0].strip(" "):
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
    rest = url
    scheme = re.match(r"[^/?#]+?://", url)
    if scheme:
        rest = url[scheme.end() :]
    authority, *path = re.split(r"[?#]", rest)[0].split("/")
    name = authority.split("@")[-1]
    address = re.match(r"\[[^\]]*\]", name)
    host = address.group() if address else name.split(":")[0]
    return host.lower(), *([*path, "", ""][n] or None for n in range(2))


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


def comparable(rows: Iterable[Row]) -> list[str]:
    """Rows as sorted text: the same for the same rows in any order, also when their time zones are other objects."""
    return sorted(json.dumps(row, default=str, sort_keys=True) for row in rows)
