"""The rules of sessions a second time, for the events of any domain: every day anew from all events up to its end."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, time, timedelta, timezone
from hashlib import md5
from typing import Any, NamedTuple

Event = tuple[Any, datetime, Any]
"""A user, the time at which the event starts, and what the event is about."""


class Session(NamedTuple):
    """A run of events of one user, as far as it has come."""

    session_id: str
    user: Any
    started_at: datetime
    ended_at: datetime
    items: list[Any]

    @property
    def duration_seconds(self) -> int:
        return int((self.ended_at - self.started_at).total_seconds())


class SessionsOfDay(NamedTuple):
    """The sessions that a day closed, and those that the next day can still continue."""

    closed: list[Session]
    open: list[Session]


def sessions(events: Iterable[Event], gap: int, days: Iterable[date]) -> dict[date, SessionsOfDay]:
    """For each day the sessions that it closed and those open at its end; the gap is in seconds, start to start."""
    known = list(events)
    return {day: _of_day(as_of(known, gap, day), timedelta(seconds=gap), day) for day in days}


def as_of(events: Iterable[Event], gap: int, day: date) -> list[Session]:
    """All sessions of the events up to the end of a day, closed or open."""
    users: dict[Any, list[Event]] = {}
    for event in events:
        if event[1] < _end(day):
            users.setdefault(event[0], []).append(event)
    return [session for own in users.values() for session in _of_user(own, timedelta(seconds=gap))]


def _of_user(events: list[Event], gap: timedelta) -> list[Session]:
    runs: list[list[Event]] = []
    for event in sorted(events, key=lambda event: event[1]):
        if runs and event[1] - runs[-1][-1][1] <= gap:
            runs[-1].append(event)
        else:
            runs.append([event])
    return [_session(run) for run in runs]


def _session(run: list[Event]) -> Session:
    user, started_at, _ = run[0]
    written = started_at.astimezone(timezone.utc).replace(tzinfo=None).isoformat(timespec="seconds")
    name = md5(f"{user}|{written}Z".encode()).hexdigest()
    return Session(name, user, started_at, run[-1][1], [item for _, _, item in run])


def _of_day(found: list[Session], gap: timedelta, day: date) -> SessionsOfDay:
    begin, end = _end(day - timedelta(days=1)), _end(day)
    return SessionsOfDay(
        closed=[session for session in found if begin <= session.ended_at + gap < end],
        open=[session for session in found if session.ended_at + gap >= end],
    )


def _end(day: date) -> datetime:
    return datetime.combine(day + timedelta(days=1), time(), timezone.utc)
