"""Examples of sessions that a reader can check by eye, for the oracle that tables of sessions are compared with."""

from __future__ import annotations

from datetime import date, datetime, timezone
from hashlib import md5

from platform_assets_tests.support.sessions_oracle import Event, Session, sessions

FIRST, SECOND, THIRD = (date(2026, 1, day) for day in (1, 2, 3))
GAP = 1200


def at(text: str) -> datetime:
    return datetime.fromisoformat(f"2026-01-{text}").replace(tzinfo=timezone.utc)


def events(user: str, *texts: str) -> list[Event]:
    return [(user, at(text), n) for n, text in enumerate(texts)]


def spans(found: list[Session]) -> list[tuple[str, str, int]]:
    return [(f"{one.started_at:%d %H:%M:%S}", f"{one.ended_at:%d %H:%M:%S}", len(one.items)) for one in found]


def test_the_gap_itself_stays_in_a_session_and_a_second_more_splits_it() -> None:
    own = events("u", "01 10:00:00", "01 10:20:00", "01 10:40:01")
    closed = sessions(own, GAP, [FIRST])[FIRST].closed
    assert spans(closed) == [("01 10:00:00", "01 10:20:00", 2), ("01 10:40:01", "01 10:40:01", 1)]
    assert closed[0].duration_seconds == 1200


def test_equal_times_never_split_and_users_have_their_own_sessions() -> None:
    own = events("u", "01 10:00:00", "01 10:00:00") + events("v", "01 10:00:00")
    closed = sessions(own, 0, [FIRST])[FIRST].closed
    assert [(one.user, one.items) for one in closed] == [("u", [0, 1]), ("v", [0])]


def test_a_session_is_open_as_long_as_the_next_day_can_continue_it() -> None:
    too_early, just = events("u", "01 23:39:59"), events("v", "01 23:40:00")
    by_day = sessions(too_early + just, GAP, [FIRST, SECOND])
    assert [one.user for one in by_day[FIRST].closed] == ["u"]
    assert [one.user for one in by_day[FIRST].open] == ["v"]
    assert [one.user for one in by_day[SECOND].closed] == ["v"]
    assert by_day[SECOND].open == []


def test_a_session_over_midnights_grows_until_it_closes_and_keeps_its_name() -> None:
    own = events("u", "01 23:59:59", "02 00:00:00", "02 12:00:00", "03 00:00:00")
    by_day = sessions(reversed(own), 12 * 3600, [FIRST, SECOND, THIRD])
    assert [[one.items for one in by_day[day].open] for day in by_day] == [[[0]], [[0, 1, 2]], []]
    assert [spans(by_day[day].closed) for day in by_day] == [[], [], [("01 23:59:59", "03 00:00:00", 4)]]
    name = md5(b"u|2026-01-01T23:59:59Z").hexdigest()
    assert {one.session_id for found in by_day.values() for one in found.closed + found.open} == {name}
