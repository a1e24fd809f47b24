"""Examples of plays that a reader can check by eye, for the oracle that the listening tables are compared with."""

from __future__ import annotations

from datetime import date, datetime, timezone
from typing import Any

import pytest

from platform_assets_tests.support.listening import oracle

DAY, NEXT = date(2026, 1, 2), date(2026, 1, 3)


def rows(*lines: str) -> list[dict[str, Any]]:
    content = "\n".join(line.replace(" | ", "\t") for line in lines).encode()
    return oracle.raw_rows(content, DAY, "a.tsv", start=date(2026, 1, 1))


def plays(*lines: str) -> list[dict[str, Any]]:
    """Plays written as user, time on the 2nd, artist and title."""
    fields = [line.split() for line in lines]
    return oracle.plays(rows(*(f"{user}\t2026-01-02T{at}Z\t\t{by}\t\t{title}" for user, at, by, title in fields)))


def test_a_line_is_a_play_with_its_text_as_written() -> None:
    (row,) = rows('\ufeffann | 2026-01-02T10:00:00Z |  | "A | t1 |  NA \r')
    assert row == {
        "user_id": "ann",
        "played_at": datetime(2026, 1, 2, 10, tzinfo=timezone.utc),
        "artist_mbid": None,
        "artist_name": '"A',
        "track_mbid": "t1",
        "track_name": " NA ",
        "delivery_day": DAY,
        "day": DAY,
        "source_file": "a.tsv",
        "raw": None,
        "violations": [],
        "extra_fields": [],
    }


@pytest.mark.parametrize(
    ("line", "violations"),
    [
        ("ann | 2026-01-02T10:00:00Z | a | A | t", ["malformed"]),
        ("ann | 2026-01-02T10:00:00Z | a | A | t | x | ", ["malformed"]),
        ("ann | 2026-01-02T10:00:00 |  | A |  | x", ["invalid_played_at"]),
        ("ann | 2026-02-30T10:00:00Z |  | A |  | x", ["invalid_played_at"]),
        ("ann | 2026-01-02T24:00:00Z |  | A |  | x", ["invalid_played_at"]),
        ("ann | 2025-12-31T23:59:59Z |  | A |  | x", ["before_start"]),
        ("ann | 2026-01-03T23:59:59Z |  | A |  | x", []),
        ("ann | 2026-01-04T00:00:00Z |  | A |  | x", ["after_delivery"]),
        (" |  | a |  | t | ", ["missing_user_id", "missing_played_at", "missing_artist_name", "missing_track_name"]),
        (" | 2025-01-01T00:00:00Z |  | A |  | ", ["missing_user_id", "missing_track_name", "before_start"]),
    ],
)
def test_a_row_lists_the_rules_that_it_breaks(line: str, violations: list[str]) -> None:
    (row,) = rows(line)
    assert row["violations"] == violations
    assert row["raw"] == (line.replace(" | ", "\t") if violations else None)


def test_blank_lines_are_no_rows_and_bad_bytes_are_one() -> None:
    content = b"\t\t\t\t\t\n \r\n\nann\t\xff\n"
    (row,) = oracle.raw_rows(content, DAY, "a.tsv", start=DAY)
    assert (row["violations"], row["raw"]) == (["not_utf8"], "ann\t\ufffd")


def test_open_and_closed_sessions_count_plays_and_distinct_tracks() -> None:
    played = plays("u 23:30:00 B x", "u 23:50:00 A y", "u 23:50:00 A y", "v 10:00:00 A x", "v 10:20:00 B x")
    (still,) = oracle.open_sessions(played, [DAY, NEXT])
    assert (still["day"], still["user_id"], still["plays"], still["distinct_tracks"]) == (DAY, "u", 3, 2)
    assert still["tracks"] == [
        {"artist_name": "A", "track_name": "y", "plays": 2},
        {"artist_name": "B", "track_name": "x", "plays": 1},
    ]
    closed = oracle.sessions(played, [DAY, NEXT])
    assert [(one["day"], one["user_id"], one["duration_seconds"]) for one in closed] == [
        (DAY, "v", 1200),
        (NEXT, "u", 1200),
    ]


@pytest.mark.parametrize(("rank_by", "users"), [("plays", "tvuw"), ("distinct_tracks", "tuwv"), ("duration", "uwtv")])
def test_top_sessions_have_a_total_order(rank_by: str, users: str) -> None:
    played = plays(
        *("t 08:00:00 A x", "t 08:00:00 A y", "t 08:00:00 A z"),
        *("u 10:00:00 A x", "u 10:10:00 A y", "w 10:00:00 A x", "w 10:10:00 A y"),
        *("v 09:00:00 A x", "v 09:00:00 A x"),
    )
    top = oracle.top_sessions(played, [NEXT], rank_by=rank_by)
    assert "".join(row["user_id"] for row in top) == users
    assert [row["rank"] for row in top] == [1, 2, 3, 4]


def test_top_songs_are_counted_in_the_top_sessions_only() -> None:
    played = plays(
        *("u 10:00:00 A x", "u 10:00:00 A x", "u 10:00:00 B x", "u 10:00:00 B y", "u 10:00:00 B y"),
        *("v 10:00:00 B y", "v 10:00:00 A x", "w 10:00:00 C z"),
    )
    top = oracle.top_songs(played, [DAY], limit=2)
    assert oracle.top_songs_tsv(top, DAY).replace("\t", " ") == (
        "rank artist_name track_name plays sessions\n1 A x 3 2\n2 B y 3 2\n3 B x 1 1\n"
    )
    by_title = oracle.top_songs(played, [DAY], limit=2, song_key="title")
    assert [(row["artist_name"], row["track_name"], row["plays"]) for row in by_title] == [
        (None, "x", 4),
        (None, "y", 3),
    ]
    tracks = oracle.top_session_tracks(played, [DAY], limit=1)
    assert [(row["artist_name"], row["track_name"], row["plays"]) for row in tracks] == [
        ("A", "x", 2),
        ("B", "x", 1),
        ("B", "y", 2),
    ]
