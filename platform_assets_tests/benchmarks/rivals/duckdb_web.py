"""The web domain written by hand in DuckDB: logs to raw rows, hits, statistics and CSV files.

    python duckdb_web.py LANDING_FEED_FOLDER OUTPUT_FOLDER FIRST_DAY

Reads all deliveries and writes every table anew, without sessions, then prints one line of JSON:
the rows of each table and the seconds from opening DuckDB to the last file. Known differences to
the specification, all DuckDB's: a lone carriage return ends a line, JSON may have a trailing comma
or NaN, and `raw` shows bad UTF-8 as `?`.
"""

import json
import shutil
import sys
import time
from pathlib import Path

import duckdb

SUFFIXES = (".json", ".jsonl", ".json.gz", ".jsonl.gz")
STATS = {"aggregated_web_stats": "stats", "aggregated_web_page_stats": "page_stats"}
TABLES = {"user_web_hits": "hits"} | STATS

# A URL is cut at its query or fragment and loses a scheme that stands before the first slash;
# of its parts by slash the first holds the host, with user info and port, the others the levels.
MACROS = r"""
CREATE MACRO url_path(url) AS split_part(split_part(url, '#', 1), '?', 1);
CREATE MACRO url_rest(path) AS CASE
    WHEN strpos(path, '://') > 1 AND strpos(path, '://') = strpos(path, '/') - 1
    THEN substr(path, strpos(path, '://') + 3) ELSE path END;
CREATE MACRO url_host(rest) AS
    lower(regexp_replace(split_part(split_part(rest, '/', 1), '@', -1), ':[0-9]*$', ''));
CREATE MACRO url_level(rest, n) AS nullif(split_part(rest, '/', n), '');
CREATE MACRO text_of(text, kind) AS if(kind = 'VARCHAR', nullif(text, ''), NULL);
CREATE MACRO id_of(text, kind) AS CASE
    WHEN kind IN ('BIGINT', 'UBIGINT') OR kind = 'VARCHAR' AND regexp_full_match(text, '[0-9]+')
    THEN try_cast(text AS BIGINT) END;
CREATE MACRO time_of(text) AS CASE
    WHEN regexp_full_match(text, '[0-9]{1,2}/[0-9]{1,2}/[0-9]{4} [0-9]{2}:[0-9]{2}:[0-9]{2}')
    THEN try_strptime(text, '%d/%m/%Y %H:%M:%S')::TIMESTAMPTZ END;
CREATE MACRO fault(name, text, kind, good) AS CASE
    WHEN kind IS NULL OR kind = 'NULL' OR text = '' THEN 'missing_' || name
    WHEN good IS NOT TRUE THEN 'invalid_' || name END;
CREATE MACRO optional_fault(name, kind) AS CASE
    WHEN kind NOT IN ('VARCHAR', 'NULL') THEN 'invalid_' || name END;
"""

# Lines are read as a table of one column with a separator that no line contains.
RAW = r"""
WITH kinds AS (
    SELECT line, split_part(filename, '/', -1) AS source_file,
        CASE WHEN json_valid(line) THEN json_type(line, ['$', '$.event_id', '$.user.id',
            '$.user.session_id', '$.user.ip', '$.action', '$.url', '$.timestamp', '$.user'
        ]) END AS k
    FROM read_csv($files, columns = {'line': 'VARCHAR'}, header = false, auto_detect = false,
        delim = e'\x01\x02\x03\x04', quote = '', escape = '', strict_mode = false,
        store_rejects = true, filename = true)
    WHERE regexp_matches(line, '\S')
), fields AS (
    SELECT *, CASE WHEN k[1] = 'OBJECT' THEN json_extract_string(line, ['$', '$.event_id',
        '$.user.id', '$.user.session_id', '$.user.ip', '$.action', '$.url', '$.timestamp']) END AS v
    FROM kinds
), typed AS (
    SELECT text_of(v[2], k[2]) AS event_id, id_of(v[3], k[3]) AS user_id,
        text_of(v[4], k[4]) AS user_session_id, text_of(v[5], k[5]) AS user_ip,
        text_of(v[6], k[6]) AS action, text_of(v[7], k[7]) AS url,
        time_of(text_of(v[8], k[8])) AS timestamp, timestamp::DATE AS day, source_file, line, k, v
    FROM fields
), hosts AS (SELECT *, trim(url_host(url_rest(url_path(url)))) <> '' AS has_host FROM typed
), judged AS (
    SELECT *, CASE WHEN v IS NULL THEN 'malformed' END AS f1,
        fault('event_id', v[2], k[2], event_id IS NOT NULL) AS f2,
        fault('user_id', v[3], if(k[9] = 'OBJECT', k[3], k[9]), user_id IS NOT NULL) AS f3,
        optional_fault('user_session_id', k[4]) AS f4, optional_fault('user_ip', k[5]) AS f5,
        fault('action', v[6], k[6], action IS NOT NULL) AS f6,
        fault('url', v[7], k[7], has_host) AS f7,
        fault('timestamp', v[8], k[8], timestamp IS NOT NULL) AS f8,
        CASE WHEN day < $first_day::DATE THEN 'before_start' END AS f9,
        CASE WHEN day > $delivery_day::DATE + 1 THEN 'after_delivery' END AS f10,
        coalesce(f1, f2, f3, f4, f5, f6, f7, f8, f9, f10) IS NOT NULL AS rejected
    FROM hosts
)
SELECT event_id, user_id, user_session_id, user_ip, action, url, timestamp, day, source_file,
    CASE WHEN rejected THEN line END AS raw,
    CASE WHEN f1 IS NOT NULL THEN [f1] WHEN NOT rejected THEN []
        ELSE list_filter([f2, f3, f4, f5, f6, f7, f8, f9, f10], lambda f: f IS NOT NULL)
    END AS violations
FROM judged
"""

# The lines that the reader refused.
UNREADABLE = """
SELECT DISTINCT ON (file_id, line) NULL::VARCHAR AS event_id, NULL::BIGINT AS user_id,
    NULL::VARCHAR AS user_session_id, NULL::VARCHAR AS user_ip, NULL::VARCHAR AS action,
    NULL::VARCHAR AS url, NULL::TIMESTAMPTZ AS timestamp, NULL::DATE AS day,
    split_part(file_path, '/', -1) AS source_file, csv_line AS raw,
    [if(error_type = 'INVALID ENCODING', 'not_utf8', 'malformed')] AS violations
FROM reject_errors JOIN reject_scans USING (scan_id, file_id)
"""

# Only an event id that occurs more than once on its day is worth a window.
HITS = """
CREATE TEMP TABLE hits AS
WITH good AS (
    SELECT * FROM read_parquet($raw, hive_partitioning = true) WHERE len(violations) = 0
), copied AS (
    SELECT day, event_id FROM good GROUP BY ALL HAVING count(*) > 1
), firsts AS (
    SELECT * FROM good SEMI JOIN copied USING (day, event_id)
    QUALIFY row_number() OVER (PARTITION BY day, event_id ORDER BY delivery_day, source_file,
        user_id, user_session_id NULLS FIRST, user_ip NULLS FIRST, action, url, timestamp) = 1
), events AS (
    SELECT * FROM good ANTI JOIN copied USING (day, event_id) UNION ALL SELECT * FROM firsts
), split AS (SELECT *, url_rest(url_path(url)) AS rest FROM events)
SELECT event_id, user_id, timestamp AS time_stamp, url_host(rest) AS url_level1,
    url_level(rest, 2) AS url_level2, url_level(rest, 3) AS url_level3, action AS activity,
    user_session_id AS session_id, day FROM split
"""

# Users are counted once per page and hour first, which both statistics are made of.
STATISTICS = """
CREATE TEMP TABLE visits AS
SELECT day, date_trunc('hour', time_stamp) AS hour, url_level1, url_level2, activity, user_id,
    count(*) AS visits FROM hits GROUP BY ALL;
CREATE TEMP TABLE stats AS
SELECT strftime(hour, '%Y%m%d%H') AS time_bucket, url_level1, activity,
    sum(visits)::BIGINT AS activity_count, count(DISTINCT user_id) AS user_count, day
FROM visits GROUP BY day, hour, url_level1, activity;
CREATE TEMP TABLE page_stats AS
SELECT strftime(hour, '%Y%m%d%H') AS time_bucket, url_level1, url_level2, activity,
    sum(visits)::BIGINT AS activity_count, count(*) AS user_count, day
FROM visits GROUP BY day, hour, url_level1, url_level2, activity;
"""

HITS_CSV = """
SELECT user_id, strftime(time_stamp, '%d/%m/%Y %H:%M:%S') AS time_stamp,
    url_level1, url_level2, url_level3, activity
FROM (SELECT user_id, time_stamp, url_level1, url_level2, url_level3, activity
    FROM hits WHERE day = $day ORDER BY ALL NULLS FIRST)
"""
STATS_CSV = "SELECT * EXCLUDE (day) FROM stats WHERE day = $day ORDER BY ALL"


def write_raw(con: duckdb.DuckDBPyConnection, landing: Path, target: Path, first_day: str) -> None:
    """Write the rows of each delivery, the rejected ones with their text and reasons."""
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
        values = {"files": files, "first_day": first_day, "delivery_day": folder.name}
        con.execute(f"COPY ({RAW}) TO '{path}/rows.parquet' (COMPRESSION zstd)", values)
        if con.execute("FROM reject_errors LIMIT 1").fetchone():
            con.execute(f"COPY ({UNREADABLE}) TO '{path}/unreadable.parquet' (COMPRESSION zstd)")
        con.execute("DROP TABLE reject_errors; DROP TABLE reject_scans")


def write_exports(con: duckdb.DuckDBPyConnection, target: Path) -> None:
    """Write the CSV files of each day and the newest day's once more as the latest."""
    days = con.execute("SELECT DISTINCT day FROM hits ORDER BY day").fetchall()
    for name, query in {"user_web_hits": HITS_CSV, "aggregated_web_stats": STATS_CSV}.items():
        for (day,) in days:
            path = target / name / str(day)
            path.mkdir(parents=True)
            con.execute(f"COPY ({query}) TO '{path}/{name}.csv' (HEADER)", {"day": day})
        if days:
            shutil.copytree(path, target / name / "latest")


def main(landing: Path, output: Path, first_day: str) -> dict[str, float]:
    """Write all tables and exports of the deliveries under `landing`."""
    start = time.perf_counter()
    for name in ("raw_events", "exports", *TABLES):
        shutil.rmtree(output / name, ignore_errors=True)
    output.mkdir(parents=True, exist_ok=True)
    con = duckdb.connect(config={"temp_directory": str(output / ".temporary")})
    con.execute("SET TimeZone = 'UTC'; SET preserve_insertion_order = false;" + MACROS)
    write_raw(con, landing, output / "raw_events", first_day)
    raw = str(output / "raw_events/*/*.parquet")
    con.execute(HITS, {"raw": raw})
    con.execute(STATISTICS)
    options = "(FORMAT parquet, COMPRESSION zstd, PARTITION_BY (day))"
    for name, table in TABLES.items():
        con.execute(f"COPY {table} TO '{output / name}' {options}")
    write_exports(con, output / "exports")
    counts = "SELECT count(*), count(*) FILTER (len(violations) > 0) FROM read_parquet($raw)"
    [(rows, rejected)] = con.execute(counts, {"raw": raw}).fetchall()
    result = {"raw": rows, "rejected": rejected}
    for table in TABLES.values():
        [(result[table],)] = con.execute(f"SELECT count(*) FROM {table}").fetchall()
    return {"seconds": round(time.perf_counter() - start, 2)} | result


if __name__ == "__main__":
    print(json.dumps(main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3])))
