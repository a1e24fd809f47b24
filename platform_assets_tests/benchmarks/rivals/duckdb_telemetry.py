"""A day of telemetry written by hand in DuckDB: from lines of JSON to the hourly means of each truck.

    python duckdb_telemetry.py FEED OUTPUT_FOLDER FIRST_DAY

Prints one line of JSON: seconds, rows of the tables, and sums that others must agree with.
"""

import json
import sys
import time
from pathlib import Path
from typing import Any

import duckdb

OPTIONS = "FORMAT parquet, COMPRESSION zstd"
RAW = """
SELECT truck_id, strptime(timestamp, '%Y-%m-%dT%H:%M:%S.%gZ') AS measured_at, map_entries(readings) AS readings
FROM read_json('{feed}/*/*.jsonl', format = 'newline_delimited',
    columns = {{truck_id: 'VARCHAR', timestamp: 'VARCHAR', readings: 'MAP(VARCHAR, JSON)'}})
"""
NAME = r"lower(regexp_replace(regexp_replace(of.key, '([a-z0-9])([A-Z])', '\1_\2', 'g'), '[ ._-]+', '_', 'g'))"
# The first of a truck, a sensor and a time: a window over all rows takes less than to look for those that repeat.
READINGS = f"""
WITH each AS (SELECT truck_id, measured_at, unnest(readings) AS of FROM raw), typed AS (
    SELECT truck_id, {NAME} AS sensor, measured_at, json_type(of.value) AS kind,
        CASE kind WHEN 'VARCHAR' THEN NULL WHEN 'BOOLEAN' THEN (of.value::VARCHAR = 'true')::DOUBLE
            ELSE try_cast(of.value AS DOUBLE) END AS value,
        CASE WHEN kind = 'VARCHAR' THEN of.value ->> '$' END AS value_text
    FROM each WHERE of.value IS NOT NULL
)
SELECT * FROM typed
QUALIFY row_number() OVER (PARTITION BY truck_id, sensor, measured_at ORDER BY value NULLS LAST, value_text) = 1
"""
SENSORS = """
SELECT sensor, min(measured_at) AS first_seen, max(measured_at) AS last_seen, count(*) AS readings,
    count(DISTINCT truck_id) AS trucks, count(value) > 0 AS has_numbers
FROM readings GROUP BY sensor
"""
MEANS = """
SELECT date_trunc('hour', measured_at) AS hour, truck_id, sensor,
    list_sum(list_sort(list(value))) / count(value) AS mean, count(value) AS n
FROM readings WHERE value IS NOT NULL GROUP BY ALL
"""


def main(feed: Path, output: Path, first_day: str) -> dict[str, Any]:
    """Write raw lines, readings, sensors and hours, each from the file of the one before."""
    start = time.perf_counter()
    output.mkdir(parents=True, exist_ok=True)
    con = duckdb.connect(config={"temp_directory": str(output / ".temporary")})
    con.execute("SET preserve_insertion_order = false")
    steps, last = {}, start
    for name, query in (("raw", RAW.format(feed=feed)), ("readings", READINGS), ("sensors", SENSORS), ("hours", MEANS)):
        if name == "hours":
            con.execute(f"CREATE TEMP TABLE means AS {query}")
            query = "PIVOT means ON sensor USING first(mean) AS mean, first(n) AS n GROUP BY hour, truck_id"
        con.execute(f"COPY ({query}) TO '{output}/{name}.parquet' ({OPTIONS})")
        con.execute(f"CREATE VIEW {name} AS FROM read_parquet('{output}/{name}.parquet')")
        now = time.perf_counter()
        steps[name], last = round(now - last, 2), now
    counts = {name: con.execute(f"SELECT count(*) FROM {name}").fetchall()[0][0] for name in ("readings", "hours")}
    numbers = con.execute("SELECT count(value) FROM readings").fetchall()[0][0]
    return {"seconds": round(last - start, 2), **counts, "numbers": numbers, "steps": steps}


if __name__ == "__main__":
    print(json.dumps(main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3])))
