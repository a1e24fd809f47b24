"""The web domain by hand in DuckDB: event logs to raw rows, hits, statistics and CSV files.

    python duckdb_web.py LANDING_FEED_FOLDER OUTPUT_FOLDER FIRST_DAY

Reads every delivery under the landing folder and writes all tables anew. Prints one line of JSON
with the row counts and the seconds from start to end, the imports left out. Sessions are left out
as well. A lone carriage return ends a line here, and `raw` shows a byte that is not UTF-8 as `?`.
"""

SUFFIXES = (".json", ".jsonl", ".json.gz", ".jsonl.gz")

# The URL up to its query or fragment, without a scheme that stands before the first slash; its
# parts by slash are the authority and the levels. User info and port are not part of the host.
MACROS = r"""
CREATE MACRO url_path(url) AS split_part(split_part(url, '#', 1), '?', 1);
CREATE MACRO url_rest(path) AS CASE
    WHEN strpos(path, '://') > 1 AND strpos(path, '://') = strpos(path, '/') - 1
    THEN substr(path, strpos(path, '://') + 3) ELSE path END;
CREATE MACRO url_host(rest) AS lower(regexp_replace(
    split_part(split_part(rest, '/', 1), '@', -1), ':[0-9]*$', ''));
CREATE MACRO url_level(rest, n) AS nullif(split_part(rest, '/', n), '');
CREATE MACRO to_time(text) AS CASE
    WHEN regexp_full_match(text, '[0-9]{1,2}/[0-9]{1,2}/[0-9]{4} [0-9]{2}:[0-9]{2}:[0-9]{2}')
    THEN try_strptime(text, '%d/%m/%Y %H:%M:%S')::TIMESTAMPTZ END;
CREATE MACRO to_id(text, kind) AS CASE
    WHEN kind IN ('BIGINT', 'UBIGINT') OR regexp_full_match(text, '[0-9]+')
    THEN try_cast(text AS BIGINT) END;
CREATE MACRO text_of(text, kind) AS CASE WHEN kind = 'VARCHAR' THEN nullif(text, '') END;
CREATE MACRO fault(name, text, kind, good) AS CASE
    WHEN kind IS NULL OR kind = 'NULL' OR text = '' THEN 'missing_' || name
    WHEN good IS NOT TRUE THEN 'invalid_' || name END;
CREATE MACRO optional_fault(name, kind) AS CASE
    WHEN kind NOT IN ('VARCHAR', 'NULL') THEN 'invalid_' || name END;
"""

# Bytes that are not UTF-8 put a line among the rejects of the CSV reader, see NOT_UTF8.
RAW = r"""
WITH lines AS (
    SELECT split_part(filename, '/', -2)::DATE AS delivery_day,
        split_part(filename, '/', -1) AS source_file, line
    FROM read_csv($files, columns = {'line': 'VARCHAR'}, header = false, auto_detect = false,
        delim = e'\x01\x02\x03\x04', quote = '', escape = '', strict_mode = false,
        store_rejects = true, filename = true)
    WHERE regexp_matches(line, '\S')
), kinds AS (
    SELECT *, CASE WHEN json_valid(line) THEN json_type(line, ['$', '$.event_id', '$.user.id',
        '$.user.session_id', '$.user.ip', '$.action', '$.url', '$.timestamp', '$.user']) END AS k
    FROM lines
), fields AS (
    SELECT *, CASE WHEN k[1] = 'OBJECT' THEN json_extract_string(line, ['$', '$.event_id',
        '$.user.id', '$.user.session_id', '$.user.ip', '$.action', '$.url', '$.timestamp']) END AS v
    FROM kinds
), typed AS (
    SELECT text_of(v[2], k[2]) AS event_id, to_id(v[3], k[3]) AS user_id,
        text_of(v[4], k[4]) AS user_session_id, text_of(v[5], k[5]) AS user_ip,
        text_of(v[6], k[6]) AS action, text_of(v[7], k[7]) AS url,
        to_time(text_of(v[8], k[8])) AS timestamp, delivery_day, timestamp::DATE AS day,
        source_file, line, k, v
    FROM fields
), hosts AS (
    SELECT *, trim(url_host(url_rest(url_path(url)))) <> '' AS has_host FROM typed
), judged AS (
    SELECT *, CASE WHEN v IS NULL THEN 'malformed' END AS f1,
        fault('event_id', v[2], k[2], event_id IS NOT NULL) AS f2,
        fault('user_id', v[3], CASE WHEN k[9] = 'OBJECT' THEN k[3] ELSE k[9] END,
            user_id IS NOT NULL) AS f3,
        optional_fault('user_session_id', k[4]) AS f4,
        optional_fault('user_ip', k[5]) AS f5,
        fault('action', v[6], k[6], action IS NOT NULL) AS f6,
        fault('url', v[7], k[7], has_host) AS f7,
        fault('timestamp', v[8], k[8], timestamp IS NOT NULL) AS f8,
        CASE WHEN day < $first_day THEN 'before_start' END AS f9,
        CASE WHEN day > delivery_day + 1 THEN 'after_delivery' END AS f10,
        coalesce(f1, f2, f3, f4, f5, f6, f7, f8, f9, f10) IS NOT NULL AS rejected
    FROM hosts
)
SELECT event_id, user_id, user_session_id, user_ip, action, url, timestamp, delivery_day, day,
    source_file, CASE WHEN rejected THEN line END AS raw,
    CASE WHEN f1 IS NOT NULL THEN [f1]
        WHEN rejected THEN list_filter([f2, f3, f4, f5, f6, f7, f8, f9, f10],
            lambda f: f IS NOT NULL)
        ELSE [] END AS violations
FROM judged
"""

NOT_UTF8 = r"""
SELECT DISTINCT ON (scan_id, file_id, line) NULL::VARCHAR AS event_id, NULL::BIGINT AS user_id,
    NULL::VARCHAR AS user_session_id, NULL::VARCHAR AS user_ip, NULL::VARCHAR AS action,
    NULL::VARCHAR AS url, NULL::TIMESTAMPTZ AS timestamp,
    split_part(file_path, '/', -2)::DATE AS delivery_day, NULL::DATE AS day,
    split_part(file_path, '/', -1) AS source_file, csv_line AS raw,
    [CASE error_type WHEN 'INVALID ENCODING' THEN 'not_utf8' ELSE 'malformed' END] AS violations
FROM reject_errors JOIN reject_scans USING (scan_id, file_id)
"""

# Only an event id that occurs more than once in its day is worth a window.
HITS = r"""
WITH good AS (
    SELECT * FROM read_parquet($raw, hive_partitioning = true) WHERE len(violations) = 0
), copied AS (
    SELECT day, event_id FROM good GROUP BY ALL HAVING count(*) > 1
), first_of_copies AS (
    SELECT * FROM good SEMI JOIN copied USING (day, event_id)
    QUALIFY row_number() OVER (PARTITION BY day, event_id ORDER BY delivery_day, source_file,
        user_id, user_session_id NULLS FIRST, user_ip NULLS FIRST, action, url, timestamp) = 1
), events AS (
    SELECT * FROM good ANTI JOIN copied USING (day, event_id)
    UNION ALL SELECT * FROM first_of_copies
), split AS (
    SELECT *, url_rest(url_path(url)) AS rest FROM events
)
SELECT event_id, user_id, timestamp AS time_stamp, url_host(rest) AS url_level1,
    url_level(rest, 2) AS url_level2, url_level(rest, 3) AS url_level3, action AS activity,
    user_session_id AS session_id, day
FROM split
"""
