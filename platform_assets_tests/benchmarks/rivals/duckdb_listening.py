"""The listening domain written by hand in DuckDB: plays to sessions, and the top songs of the longest ones.

    python duckdb_listening.py LANDING_FEED_FOLDER OUTPUT_FOLDER FIRST_DAY [MEMORY_LIMIT]

Reads all deliveries and writes every table anew, for each day up to the newest delivery, then prints
one line of JSON: rows of the tables, the latest top songs, and the seconds from opening DuckDB to the
last file. Known differences to the specification, all DuckDB's: a lone carriage return ends a line,
and `raw` shows bad UTF-8 as `?`.
"""

import json
import shutil
import sys
import time
from pathlib import Path
from typing import Any

import duckdb

SUFFIXES = (".tsv", ".tsv.gz")

MACROS = """
CREATE MACRO time_of(text) AS CASE
    WHEN text LIKE '____-__-__T__:__:__Z' AND text NOT LIKE '% %' AND text NOT LIKE '%T24%'
    THEN try_cast(text AS TIMESTAMP) END;
CREATE MACRO session_id(user_id, started_at) AS
    md5(user_id || '|' || strftime(started_at, '%Y-%m-%dT%H:%M:%SZ'));
CREATE MACRO utc(moment) AS make_timestamptz(epoch_us(moment));
"""

DAYS = """
CREATE TEMP TABLE days AS
SELECT unnest(generate_series($first::DATE, $last::DATE, INTERVAL 1 DAY))::DATE AS day
"""

RAW = """
WITH fields AS (
    SELECT *, time_of(time) AS played_at, played_at::DATE AS day
    FROM read_csv($files, header = false, auto_detect = false, delim = '\t', quote = '', escape = '',
        columns = {'user_id': 'VARCHAR', 'time': 'VARCHAR', 'artist_mbid': 'VARCHAR',
            'artist_name': 'VARCHAR', 'track_mbid': 'VARCHAR', 'track_name': 'VARCHAR'},
        store_rejects = true, filename = true)
), judged AS (
    SELECT *, CASE WHEN user_id IS NULL OR played_at IS NULL OR artist_name IS NULL OR track_name IS NULL
            OR day < $first_day::DATE OR day > $delivery_day::DATE + 1
        THEN list_filter([
            CASE WHEN user_id IS NULL THEN 'missing_user_id' END,
            CASE WHEN time IS NULL THEN 'missing_played_at'
                WHEN played_at IS NULL THEN 'invalid_played_at' END,
            CASE WHEN artist_name IS NULL THEN 'missing_artist_name' END,
            CASE WHEN track_name IS NULL THEN 'missing_track_name' END,
            CASE WHEN day < $first_day::DATE THEN 'before_start' END,
            CASE WHEN day > $delivery_day::DATE + 1 THEN 'after_delivery' END
        ], lambda fault: fault IS NOT NULL) ELSE [] END AS violations
    FROM fields
)
SELECT user_id, utc(played_at) AS played_at, artist_mbid, artist_name, track_mbid, track_name, day,
    split_part(filename, '/', -1) AS source_file, CASE WHEN len(violations) > 0
        THEN concat_ws('\t', coalesce(user_id, ''), coalesce(time, ''), coalesce(artist_mbid, ''),
            coalesce(artist_name, ''), coalesce(track_mbid, ''), coalesce(track_name, '')) END AS raw,
    violations
FROM judged
"""

# The lines that the reader refused.
UNREADABLE = """
SELECT DISTINCT ON (file_id, line) NULL::VARCHAR AS user_id, NULL::TIMESTAMPTZ AS played_at,
    NULL::VARCHAR AS artist_mbid, NULL::VARCHAR AS artist_name, NULL::VARCHAR AS track_mbid,
    NULL::VARCHAR AS track_name, NULL::DATE AS day, split_part(file_path, '/', -1) AS source_file,
    trim(csv_line, e'\n') AS raw,
    [if(error_type = 'INVALID ENCODING', 'not_utf8', 'malformed')] AS violations
FROM reject_errors JOIN reject_scans USING (scan_id, file_id)
"""

# A file for each day from the deliveries that have its plays: PARTITION_BY takes half as long again.
DAYS_OF_PLAYS = """
SELECT day, list(DISTINCT filename) FROM read_parquet($raw, filename = true)
WHERE len(violations) = 0 GROUP BY day
"""
PLAYS = """
SELECT user_id, played_at, artist_mbid, artist_name, track_mbid, track_name
FROM read_parquet($files) WHERE len(violations) = 0 AND day = $day
"""

# Songs and users get numbers, as text would be hashed and compared again and again.
SESSION_PLAYS = """
CREATE TEMP TABLE songs AS
SELECT row_number() OVER ()::INTEGER AS song, artist_name, track_name
FROM (SELECT DISTINCT artist_name, track_name FROM plays);
CREATE TEMP TABLE users AS
SELECT row_number() OVER ()::INTEGER AS user, user_id FROM (SELECT DISTINCT user_id FROM plays);
CREATE TEMP TABLE session_plays AS
WITH numbered AS (
    SELECT user, song, make_timestamp(epoch_us(played_at)) AS played_at
    FROM plays JOIN songs USING (artist_name, track_name) JOIN users USING (user_id)
), gaps AS (
    SELECT *, date_diff('second', lag(played_at) OVER (PARTITION BY user ORDER BY played_at), played_at) AS gap
    FROM numbered
)
SELECT user, song, played_at,
    count(*) FILTER (gap > 1200) OVER (PARTITION BY user ORDER BY played_at)::INTEGER AS session
FROM gaps;
"""

# All sessions by the day on which they close, which for some is after the last day.
SESSIONS = """
CREATE TEMP TABLE sessions AS
WITH counted AS (
    SELECT user, session, min(played_at) AS started_at, max(played_at) AS ended_at,
        count(*) AS plays, count(DISTINCT song) AS distinct_tracks
    FROM session_plays GROUP BY user, session
)
SELECT counted.*, user_id, (ended_at + INTERVAL 20 MINUTES)::DATE AS day
FROM counted JOIN users USING (user);
"""

# Only a session with a play in the last 20 minutes of a day is open at its end.
OPEN_SESSIONS = """
CREATE TEMP TABLE open_sessions AS
WITH late AS (
    SELECT DISTINCT user, session, played_at::DATE AS day FROM session_plays
    WHERE (played_at + INTERVAL 20 MINUTES)::DATE > played_at::DATE
), counted AS (
    SELECT day, user, session, song, max(played_at) AS last_at, count(*) AS plays
    FROM late JOIN session_plays USING (user, session)
    WHERE played_at < day + 1 GROUP BY ALL
), opened AS (
    SELECT day, user, session, max(last_at) AS ended_at, sum(plays)::BIGINT AS plays,
        count(*) AS distinct_tracks, list({
            'artist_name': artist_name, 'track_name': track_name, 'plays': plays
        } ORDER BY artist_name, track_name) AS tracks
    FROM counted JOIN songs USING (song) GROUP BY day, user, session
)
SELECT opened.*, user_id, started_at FROM opened JOIN sessions USING (user, session);
"""

# A session that is not among the 50 of its closing day is never among the 50 of all days.
TOP_SESSIONS = """
CREATE TEMP TABLE top_sessions AS
WITH longest AS (
    SELECT * FROM sessions
    QUALIFY row_number() OVER (PARTITION BY day ORDER BY plays DESC, started_at, user_id) <= 50
), candidates AS (
    SELECT days.day, longest.* EXCLUDE (day) FROM days JOIN longest ON longest.day <= days.day
    UNION ALL BY NAME SELECT * EXCLUDE (tracks) FROM open_sessions
)
SELECT *, row_number() OVER (PARTITION BY day ORDER BY plays DESC, started_at, user_id) AS rank
FROM candidates QUALIFY rank <= 50;
CREATE TEMP TABLE top_session_tracks AS
WITH top AS (
    SELECT user, session, session_id(any_value(user_id), any_value(started_at)) AS session_id
    FROM top_sessions GROUP BY user, session
), daily AS (
    SELECT user, session, session_id, song, played_at::DATE AS played_on, count(*) AS plays
    FROM session_plays JOIN top USING (user, session) GROUP BY ALL
)
SELECT day, session_id, song, sum(daily.plays)::BIGINT AS plays
FROM top_sessions JOIN daily USING (user, session) WHERE played_on <= day GROUP BY day, session_id, song;
CREATE TEMP TABLE top_songs AS
WITH counted AS (
    SELECT day, song, sum(plays)::BIGINT AS plays, count(*) AS sessions
    FROM top_session_tracks GROUP BY day, song
)
SELECT row_number() OVER (
        PARTITION BY day ORDER BY plays DESC, sessions DESC, artist_name, track_name
    ) AS rank, artist_name, track_name, plays, sessions, day
FROM counted JOIN songs USING (song) QUALIFY rank <= 10;
"""

LATEST = "SELECT artist_name, track_name, plays, sessions FROM top_songs WHERE day = $day ORDER BY rank"

_ID = "session_id(user_id, started_at) AS session_id"
_SESSION = "user_id, utc(started_at) AS started_at, utc(ended_at) AS ended_at, plays, distinct_tracks"
_DURATION = "epoch(ended_at - started_at)::BIGINT AS duration_seconds"
TABLES = {
    "sessions": f"SELECT {_ID}, {_SESSION}, {_DURATION}, day FROM sessions SEMI JOIN days USING (day)",
    "open_sessions": f"SELECT {_ID}, {_SESSION}, tracks, day FROM open_sessions",
    "top_sessions": f"SELECT rank, {_ID}, {_SESSION}, {_DURATION}, day FROM top_sessions",
    "top_session_tracks": """SELECT session_id, artist_name, track_name, plays, day
        FROM top_session_tracks JOIN songs USING (song)""",
    "top_songs": "SELECT * FROM top_songs",
}


def copy(con: duckdb.DuckDBPyConnection, query: str, target: Path, more: str = "", **values: Any) -> int:
    """Write the rows of a query as Parquet, and return how many they are."""
    options = f"FORMAT parquet, COMPRESSION zstd{more}"
    [rows] = con.execute(f"COPY ({query}) TO '{target}' ({options})", values).fetchone()  # type: ignore[misc]
    return int(rows)


def write_raw(con: duckdb.DuckDBPyConnection, landing: Path, target: Path, first_day: str) -> int:
    """Write the rows of each delivery, the rejected ones with their text and reasons."""
    rows = 0
    for folder in sorted(landing.glob("????-??-??")):
        files = [
            str(file)
            for file in sorted(folder.iterdir())
            if file.name.endswith(SUFFIXES) and file.name[0] not in "._" and file.stat().st_size
        ]
        if not files:
            continue
        path = target / f"delivery_day={folder.name}"
        path.mkdir(parents=True)
        words = {"first_day": first_day, "delivery_day": folder.name}
        rows += copy(con, RAW, path / "rows.parquet", files=files, **words)
        if con.execute("FROM reject_errors LIMIT 1").fetchone():
            rows += copy(con, UNREADABLE, path / "unreadable.parquet")
        con.execute("DROP TABLE reject_errors; DROP TABLE reject_scans")
    return rows


def write_plays(con: duckdb.DuckDBPyConnection, raw: Path, target: Path) -> int:
    """Write the good rows of all deliveries as the plays of each day."""
    rows = 0
    for day, files in con.execute(DAYS_OF_PLAYS, {"raw": f"{raw}/*/*.parquet"}).fetchall():
        path = target / f"day={day}"
        path.mkdir(parents=True)
        rows += copy(con, PLAYS, path / "rows.parquet", files=files, day=day)
    return rows


def write_exports(con: duckdb.DuckDBPyConnection, target: Path) -> None:
    """Write the top songs of each day as a file, and the newest day's once more as the latest."""
    query = "SELECT * EXCLUDE (day) FROM top_songs WHERE day = $day ORDER BY rank"
    for (day,) in con.execute("SELECT day FROM days ORDER BY day").fetchall():
        path = target / str(day)
        path.mkdir(parents=True)
        con.execute(f"COPY ({query}) TO '{path}/top_songs.tsv' (HEADER, DELIMITER '\t', QUOTE '')", {"day": day})
    shutil.copytree(path, target / "latest")


def main(landing: Path, output: Path, first_day: str, memory_limit: str | None = None) -> dict[str, Any]:
    """Write all tables and exports of the deliveries under `landing`."""
    start = time.perf_counter()
    for name in ("raw_plays", "plays", "exports", *TABLES):
        shutil.rmtree(output / name, ignore_errors=True)
    output.mkdir(parents=True, exist_ok=True)
    con = duckdb.connect(config={"temp_directory": str(output / ".temporary")})
    if memory_limit:
        con.execute(f"SET memory_limit = '{memory_limit}'")
    con.execute("SET TimeZone = 'UTC'; SET preserve_insertion_order = false;" + MACROS)
    last_day = max(folder.name for folder in landing.glob("????-??-??"))
    con.execute(DAYS, {"first": first_day, "last": last_day})
    raw, plays = output / "raw_plays", output / "plays"
    counts = {"raw_plays": write_raw(con, landing, raw, first_day), "plays": write_plays(con, raw, plays)}
    con.execute(f"CREATE TEMP VIEW plays AS FROM read_parquet('{plays}/*/*.parquet')")
    con.execute(SESSION_PLAYS + SESSIONS + OPEN_SESSIONS + TOP_SESSIONS)
    for name, query in TABLES.items():
        counts[name] = copy(con, query, output / name, ", PARTITION_BY (day)")
    write_exports(con, output / "exports" / "top_songs_tsv")
    latest = con.execute(LATEST, {"day": last_day}).fetchall()
    return {"seconds": round(time.perf_counter() - start, 2)} | counts | {"top_songs": latest}


if __name__ == "__main__":
    print(json.dumps(main(Path(sys.argv[1]), Path(sys.argv[2]), *sys.argv[3:])))
