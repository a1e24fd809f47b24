"""The hand-written listening script gives the tables that plain Python counts from the same files."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import duckdb
import pytest

from platform_assets_tests.benchmarks.data import FIRST_DAY, write_plays
from platform_assets_tests.benchmarks.rivals import duckdb_listening

DAYS = [FIRST_DAY + timedelta(days=number) for number in range(4)]
GAP = timedelta(minutes=20)
Song = tuple[str, str]
Plays = list[tuple[datetime, Song]]

# Exactly 20 minutes and a second more, around midnight and elsewhere, equal times, and a session open at the very end.
EDGES = """
edge_1 02T23:40:00 a|edge_1 03T00:00:00 b|edge_1 03T00:20:00 a|edge_1 03T00:40:01 a
edge_2 02T23:40:00 a|edge_2 03T00:00:01 b|edge_3 02T23:39:59 a|edge_3 02T23:59:59 b|edge_3 03T00:19:59 c
edge_4 03T12:00:00 a|edge_4 03T12:00:00 b|edge_4 03T12:00:00 a|edge_4 03T12:20:00 c|edge_4 03T12:40:01 c
edge_5 04T23:59:59 a|edge_5 05T23:40:00 a|edge_6 05T23:39:59 a|edge_7 03T00:00:00 a|edge_7 04T00:00:00 a
"""


@pytest.fixture(scope="module")
def landing(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Some thousand plays with dirt, and the edges."""
    feed = tmp_path_factory.mktemp("landing") / "plays"
    write_plays(feed, 6_000, users=60, days=len(DAYS))
    for word in EDGES.strip().replace("\n", "|").split("|"):
        user, moment, song = word.split(" ")
        with (feed / f"2026-01-{moment[:2]}" / "edges.tsv").open("a") as file:
            file.write(f"{user}\t2026-01-{moment}Z\t\tEdge\t\t{song}\n")
    return feed


@pytest.fixture(scope="module")
def found(landing: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """The script's folder and its report."""
    output = tmp_path_factory.mktemp("output")
    return output, duckdb_listening.main(landing, output, FIRST_DAY.isoformat(), "1GB")


GOOD = "u\t2026-01-02T10:00:00Z\t\ta\t\tt"
DIRT = {
    "u\t2026-01-02T10:00:00Z\t\ta\t": ["malformed"],
    f"{GOOD}\tx": ["malformed"],
    "\t\t\t\t\t": [f"missing_{name}" for name in ("user_id", "played_at", "artist_name", "track_name")],
    "u\t2026-01-02T10:00:00\t\t\t\tt": ["invalid_played_at", "missing_artist_name"],
    GOOD.replace("T10", "T24"): ["invalid_played_at"],
    GOOD.replace("T10", "T 1"): ["invalid_played_at"],
    GOOD.replace("-02T", "-32T"): ["invalid_played_at"],
    GOOD.replace("-02T", "/02T"): ["invalid_played_at"],
    GOOD.replace("-02T", "-01T"): ["before_start"],
    GOOD.replace("-02T", "-04T"): ["after_delivery"],
}


def _rows(folder: Path, columns: str) -> list[tuple[Any, ...]]:
    with duckdb.connect() as con:
        con.execute("SET TimeZone = 'UTC'")
        return con.execute(
            f"SELECT {columns} FROM read_parquet('{folder}/*/*.parquet', hive_partitioning = true) ORDER BY ALL"
        ).fetchall()


def _plays(landing: Path) -> Iterator[tuple[str, datetime, Song]]:
    for line in "".join(file.read_text() for file in landing.glob("*/*.tsv")).splitlines():
        fields = line.split("\t")
        if len(fields) == 6 and fields[5] and fields[1].endswith("Z"):
            yield fields[0], datetime.fromisoformat(fields[1].replace("Z", "+00:00")), (fields[3], fields[5])


def _sessions(landing: Path) -> list[tuple[str, Plays]]:
    users: dict[str, Plays] = defaultdict(list)
    for user, moment, song in _plays(landing):
        users[user].append((moment, song))
    sessions: list[tuple[str, Plays]] = []
    for user, plays in users.items():
        previous = datetime.min.replace(tzinfo=timezone.utc)
        for moment, song in sorted(plays):
            if moment - previous > GAP:
                sessions.append((user, []))
            sessions[-1][1].append((moment, song))
            previous = moment
    return sessions


def _end_of(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=timezone.utc) + timedelta(days=1)


def _columns(user: str, plays: Plays) -> tuple[Any, ...]:
    identity = hashlib.md5(f"{user}|{plays[0][0]:%Y-%m-%dT%H:%M:%SZ}".encode()).hexdigest()
    return identity, user, plays[0][0], plays[-1][0], len(plays), len({song for _, song in plays})


def _as_of(sessions: list[tuple[str, Plays]], day: date) -> Iterator[tuple[str, Plays, bool]]:
    """The sessions with what was known at the end of a day, and whether they were open then."""
    for user, plays in sessions:
        known = [(moment, song) for moment, song in plays if moment < _end_of(day)]
        if known:
            yield user, known, known[-1][0] + GAP >= _end_of(day)


def test_sessions(landing: Path, found: tuple[Path, dict[str, Any]]) -> None:
    output, report = found
    expected = [
        (*_columns(user, plays), int((plays[-1][0] - plays[0][0]).total_seconds()), closed)
        for user, plays in _sessions(landing)
        if (closed := (plays[-1][0] + GAP).date()) <= DAYS[-1]
    ]
    columns = "session_id, user_id, started_at, ended_at, plays, distinct_tracks, duration_seconds, day"
    assert _rows(output / "sessions", columns) == sorted(expected)
    assert report["sessions"] == len(expected)
    assert report["plays"] == len(list(_plays(landing)))
    assert report["raw_plays"] == sum(len(file.read_text().splitlines()) for file in landing.glob("*/*.tsv"))


def test_open_sessions(landing: Path, found: tuple[Path, dict[str, Any]]) -> None:
    sessions = _sessions(landing)
    expected = [
        (day, *_columns(user, plays), [(*song, n) for song, n in sorted(Counter(song for _, song in plays).items())])
        for day in DAYS
        for user, plays, is_open in _as_of(sessions, day)
        if is_open
    ]
    columns = "day, session_id, user_id, started_at, ended_at, plays, distinct_tracks, tracks"
    rows = [
        (*row[:-1], [tuple(track.values()) for track in row[-1]]) for row in _rows(found[0] / "open_sessions", columns)
    ]
    assert rows == sorted(expected)
    assert {row[2] for row in rows} >= {"edge_1", "edge_2", "edge_3", "edge_5"}


def test_top_sessions_and_songs(landing: Path, found: tuple[Path, dict[str, Any]]) -> None:
    output, report = found
    sessions = _sessions(landing)
    top_sessions, top_songs = [], []
    for day in DAYS:
        known = [(user, plays) for user, plays, _ in _as_of(sessions, day)]
        top = sorted(known, key=lambda session: (-len(session[1]), session[1][0][0], session[0]))[:50]
        top_sessions += [(day, rank, *_columns(*session)) for rank, session in enumerate(top, 1)]
        plays = Counter(song for _, session in top for _, song in session)
        heard = Counter(song for _, session in top for song in {song for _, song in session})
        songs = sorted(plays, key=lambda song: (-plays[song], -heard[song], song))[:10]
        top_songs += [(day, rank, *song, plays[song], heard[song]) for rank, song in enumerate(songs, 1)]
    columns = "day, rank, session_id, user_id, started_at, ended_at, plays, distinct_tracks"
    assert _rows(output / "top_sessions", columns) == top_sessions
    assert _rows(output / "top_songs", "day, rank, artist_name, track_name, plays, sessions") == top_songs
    latest = [row[2:] for row in top_songs[-10:]]
    assert report["top_songs"] == latest
    lines = (output / "exports" / "top_songs_tsv" / "latest" / "top_songs.tsv").read_text().splitlines()
    assert lines[0] == "rank\tartist_name\ttrack_name\tplays\tsessions"
    assert lines[1:] == [f"{rank}\t" + "\t".join(map(str, song)) for rank, song in enumerate(latest, 1)]


def test_rejected_lines(tmp_path: Path) -> None:
    feed = tmp_path / "plays" / FIRST_DAY.isoformat()
    feed.mkdir(parents=True)
    good = [GOOD, GOOD.replace("\tt", '\t"'), GOOD.replace("\tt", "\tNA")]
    (feed / "dirt.tsv").write_text("\n".join([*good, "", *DIRT]) + "\n")
    report = duckdb_listening.main(feed.parent, tmp_path / "out", FIRST_DAY.isoformat())
    raw = tmp_path / "out" / "raw_plays"
    rows = _rows(raw, "raw, violations")
    assert {text: rules for text, rules in rows if text is not None} == DIRT
    assert [rules for text, rules in rows if text is None] == [[]] * len(good)
    assert report["plays"] == len(good)
    assert _rows(raw, "DISTINCT delivery_day, source_file") == [(FIRST_DAY, "dirt.tsv")]
