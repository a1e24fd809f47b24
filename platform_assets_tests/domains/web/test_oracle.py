"""Examples of sessions of hits that a reader can check by eye, for the oracle that the web tables are compared with."""

from __future__ import annotations

from datetime import date, datetime, timezone
from typing import Any

from platform_assets_tests.support.web import oracle

DAY, NEXT = date(2026, 1, 2), date(2026, 1, 3)


def hit(user: int, clock: str, *levels: str | None) -> dict[str, Any]:
    at = datetime.fromisoformat(f"2026-01-02 {clock}").replace(tzinfo=timezone.utc)
    return {"user_id": user, "time_stamp": at, **dict(zip(oracle.LEVELS, levels, strict=True))}


def test_sessions_of_hits_count_the_pages_by_their_levels() -> None:
    hits = [
        *(hit(1, "23:00:00", "h", "a", "b"), hit(1, "23:30:00", "h", "a", None), hit(1, "23:30:00", "h", "a", "b")),
        *(hit(2, "23:29:59", "h", None, None), hit(2, "22:59:58", "h", None, None)),
    ]
    (still,) = oracle.open_sessions(hits, [DAY, NEXT])
    assert (still["day"], still["user_id"], still["hits"], still["pages"]) == (DAY, 1, 3, 2)
    assert [tuple(page.values()) for page in still["visited"]] == [("h", "a", None, 1), ("h", "a", "b", 2)]
    closed = oracle.sessions(hits, [DAY, NEXT])
    assert [(one["day"], one["user_id"], one["hits"], one["duration_seconds"]) for one in closed] == [
        (DAY, 2, 1, 0),
        (DAY, 2, 1, 0),
        (NEXT, 1, 3, 1800),
    ]
