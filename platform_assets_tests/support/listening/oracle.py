"""The rules of the listening domain a second time, in plain Python over bytes: what its tables are compared with."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from datetime import date, datetime, timezone
from typing import Any

from platform_assets_tests.support import feed_oracle, sessions_oracle
from platform_assets_tests.support.feed_oracle import Judged, Row
from platform_assets_tests.support.feed_oracle import comparable as comparable
from platform_assets_tests.support.sessions_oracle import Session

COLUMNS = ("user_id", "played_at", "artist_mbid", "artist_name", "track_mbid", "track_name")
REQUIRED = ("user_id", "played_at", "artist_name", "track_name")
GAP, SESSIONS, SONGS = 1200, 50, 10
ESCAPED = str.maketrans({"\\": r"\\", "\t": r"\t", "\r": r"\r", "\n": r"\n"})


def raw_rows(content: bytes, delivery_day: date, source_file: str, *, start: date) -> list[Row]:
    """The rows of the raw table that a file's bytes become."""
    return [
        feed_oracle.raw_row(
            line,
            _judged,
            columns=COLUMNS,
            time="played_at",
            delivery_day=delivery_day,
            source_file=source_file,
            start=start,
        )
        for line in feed_oracle.lines(content)
    ]


def _judged(text: str) -> Judged | None:
    fields = text.split("\t")
    if len(fields) != len(COLUMNS):
        return None
    given = dict(zip(COLUMNS, fields, strict=True))
    values, broken = feed_oracle.judged(
        given, REQUIRED, lambda name, text: _time(text) if name == "played_at" else text
    )
    return values, broken, []


def _time(text: str) -> datetime | None:
    parts = re.fullmatch("([0-9]{4})-([0-9]{2})-([0-9]{2})T([0-9]{2}):([0-9]{2}):([0-9]{2})Z", text)
    if not parts:
        return None
    year, month, day, hour, minute, seconds = map(int, parts.groups())
    try:
        return datetime(year, month, day, hour, minute, seconds, tzinfo=timezone.utc)
    except ValueError:
        return None


def plays(raw: Iterable[Row]) -> list[Row]:
    """The plays of raw rows: every good one."""
    return [{name: row[name] for name in ("day", *COLUMNS)} for row in raw if not row["violations"]]


def _events(played: Iterable[Row]) -> list[sessions_oracle.Event]:
    return [(play["user_id"], play["played_at"], (play["artist_name"], play["track_name"])) for play in played]


def _columns(session: Session) -> Row:
    return {
        "session_id": session.session_id,
        "user_id": session.user,
        "started_at": session.started_at,
        "ended_at": session.ended_at,
        "plays": len(session.items),
        "distinct_tracks": len(set(session.items)),
    }


def _tracks(session: Session) -> list[Row]:
    counted = sorted(Counter(session.items).items())
    return [{"artist_name": artist, "track_name": title, "plays": number} for (artist, title), number in counted]


def open_sessions(played: Iterable[Row], days: Iterable[date], *, gap: int = GAP) -> list[Row]:
    """Of each day the sessions that a play of the next day could still continue."""
    by_day = sessions_oracle.sessions(_events(played), gap, days)
    return [
        {"day": day, **_columns(session), "tracks": _tracks(session)}
        for day, found in by_day.items()
        for session in found.open
    ]


def sessions(played: Iterable[Row], days: Iterable[date], *, gap: int = GAP) -> list[Row]:
    """Of each day the sessions that it closed."""
    by_day = sessions_oracle.sessions(_events(played), gap, days)
    return [
        {"day": day, **_columns(session), "duration_seconds": session.duration_seconds}
        for day, found in by_day.items()
        for session in found.closed
    ]


def _top(events: list[sessions_oracle.Event], day: date, rank_by: str, limit: int, gap: int) -> list[Session]:
    def order(session: Session) -> Any:
        measure = {
            "plays": len(session.items),
            "distinct_tracks": len(set(session.items)),
            "duration": session.duration_seconds,
        }[rank_by]
        return -measure, session.started_at, session.user

    return sorted(sessions_oracle.as_of(events, gap, day), key=order)[:limit]


def top_sessions(
    played: Iterable[Row], days: Iterable[date], *, rank_by: str = "plays", limit: int = SESSIONS, gap: int = GAP
) -> list[Row]:
    """As of each day the longest sessions, closed or open; by `plays`, `distinct_tracks` or `duration`."""
    events = _events(played)
    return [
        {"day": day, "rank": rank, **_columns(session), "duration_seconds": session.duration_seconds}
        for day in days
        for rank, session in enumerate(_top(events, day, rank_by, limit, gap), 1)
    ]


def top_session_tracks(
    played: Iterable[Row], days: Iterable[date], *, rank_by: str = "plays", limit: int = SESSIONS, gap: int = GAP
) -> list[Row]:
    """As of each day how often each track was played in each of the longest sessions."""
    events = _events(played)
    return [
        {"day": day, "session_id": session.session_id, **track}
        for day in days
        for session in _top(events, day, rank_by, limit, gap)
        for track in _tracks(session)
    ]


def top_songs(
    played: Iterable[Row],
    days: Iterable[date],
    *,
    rank_by: str = "plays",
    song_key: str = "artist_and_title",
    limit: int = SESSIONS,
    songs: int = SONGS,
    gap: int = GAP,
) -> list[Row]:
    """As of each day the songs played most in the longest sessions; a song is `artist_and_title` or a `title`."""
    events = _events(played)
    rows = []
    for day in days:
        number_of_plays: Counter[tuple[str | None, str]] = Counter()
        number_of_sessions: Counter[tuple[str | None, str]] = Counter()
        for session in _top(events, day, rank_by, limit, gap):
            own = [(artist if song_key == "artist_and_title" else None, title) for artist, title in session.items]
            number_of_plays.update(own)
            number_of_sessions.update(set(own))
        ordered = sorted(
            number_of_plays,
            key=lambda song: (-number_of_plays[song], -number_of_sessions[song], song[0] or "", song[1]),
        )
        rows += [
            {
                "day": day,
                "rank": rank,
                "artist_name": song[0],
                "track_name": song[1],
                "plays": number_of_plays[song],
                "sessions": number_of_sessions[song],
            }
            for rank, song in enumerate(ordered[:songs], 1)
        ]
    return rows


def top_songs_tsv(top: Iterable[Row], day: date) -> str:
    """The text of a day's `top_songs.tsv`, from the rows of the top songs."""
    names = ("rank", "artist_name", "track_name", "plays", "sessions")
    own = sorted((row for row in top if row["day"] == day), key=lambda row: row["rank"])
    cells = [names, *([row[name] if row[name] is not None else "" for name in names] for row in own)]
    return "".join("\t".join(str(cell).translate(ESCAPED) for cell in line) + "\n" for line in cells)
