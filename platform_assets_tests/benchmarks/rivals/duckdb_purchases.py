"""Snapshots of purchases written by hand in DuckDB: what the newest one changes, and the history of all rows.

    python duckdb_purchases.py FOLDER OUTPUT_FOLDER FIRST_DAY

FOLDER has the changes of earlier days, and the raw rows of one snapshot. Prints one line of JSON: seconds, rows of the
tables, and sums that others must agree with.
"""

import json
import sys
import time
from pathlib import Path
from typing import Any

import duckdb

# The newest change of each purchase by a join: arg_max takes half as long again, a window twice as long.
CHANGES = """
WITH known AS (
    SELECT changes.* FROM changes
    JOIN (SELECT purchase_id, max(day) AS day FROM changes GROUP BY purchase_id) AS newest
    ON changes.purchase_id = newest.purchase_id AND changes.day = newest.day
), seen AS (SELECT * FROM snapshots WHERE len(violations) = 0)
SELECT coalesce(seen.purchase_id, known.purchase_id) AS purchase_id,
    CASE WHEN seen.purchase_id IS NULL THEN 'delete'
        WHEN known.purchase_id IS NULL OR known.operation = 'delete' THEN 'insert' ELSE 'update' END AS operation,
    if(seen.purchase_id IS NULL, known.product, seen.product) AS product,
    if(seen.purchase_id IS NULL, known.user, seen.user) AS "user",
    if(seen.purchase_id IS NULL, known.date, seen.date) AS date,
    (coalesce(known.version, 0) + (seen.purchase_id IS NOT NULL)::INTEGER)::INTEGER AS version,
    coalesce(seen.delivery_day, (SELECT max(delivery_day) FROM snapshots)) AS day
FROM known FULL JOIN seen ON known.purchase_id = seen.purchase_id
WHERE CASE WHEN seen.purchase_id IS NULL THEN known.operation <> 'delete'
    ELSE known.purchase_id IS NULL OR known.operation = 'delete'
        OR (seen.product, seen.user, seen.date) IS DISTINCT FROM (known.product, known.user, known.date) END
"""

# As the own date of the version before counts or not, so may the next one's: the newest that is sure decides.
HISTORY = """
WITH told AS (SELECT *, least(date, day) AS own FROM changes), placed AS (
    SELECT *, lag(day) OVER times AS last_day, lag(operation) OVER times AS last_operation,
        lag(own) OVER times AS last_own, lead(day) OVER times AS next_day, lead(operation) OVER times AS next_operation
    FROM told WINDOW times AS (PARTITION BY purchase_id ORDER BY day)
), decided AS (
    SELECT *, CASE WHEN last_day IS NULL THEN true WHEN last_operation = 'delete' THEN own >= last_day
        WHEN own > last_day THEN true WHEN own <= last_own THEN false END AS counts
    FROM placed
), begun AS (
    SELECT *, if(last_value(counts IGNORE NULLS) OVER times, own, day) AS valid_from
    FROM decided WINDOW times AS (PARTITION BY purchase_id ORDER BY day)
), ended AS (
    SELECT *, if(next_operation = 'delete', next_day, lead(valid_from) OVER times) AS valid_until
    FROM begun WINDOW times AS (PARTITION BY purchase_id ORDER BY day)
)
SELECT purchase_id, product, "user", date, version, valid_from, valid_until, day AS recorded_from,
    next_day AS recorded_until, next_day IS NULL AS is_current
FROM ended WHERE operation <> 'delete'
"""


def main(folder: Path, output: Path, first_day: str) -> dict[str, Any]:
    """Write the changes of the snapshot, and then the history of all changes."""
    start = time.perf_counter()
    output.mkdir(parents=True, exist_ok=True)
    con = duckdb.connect(config={"temp_directory": str(output / ".temporary")})
    con.execute("SET preserve_insertion_order = false")
    options = "FORMAT parquet, COMPRESSION zstd"
    con.execute(f"CREATE VIEW snapshots AS FROM read_parquet('{folder}/snapshots/*.parquet')")
    con.execute(f"CREATE VIEW changes AS FROM read_parquet('{folder}/changes/*.parquet')")
    [changes] = con.execute(f"COPY ({CHANGES}) TO '{output}/changes.parquet' ({options})").fetchone()  # type: ignore[misc]
    compared = time.perf_counter()
    every = f"['{folder}/changes/*.parquet', '{output}/changes.parquet']"
    con.execute(f"CREATE OR REPLACE VIEW changes AS FROM read_parquet({every}, union_by_name = true)")
    [history] = con.execute(f"COPY ({HISTORY}) TO '{output}/history.parquet' ({options})").fetchone()  # type: ignore[misc]
    done = time.perf_counter()
    steps = {"changes": round(compared - start, 2), "history": round(done - compared, 2)}
    return {"seconds": round(done - start, 2), "changes": changes, "history": history, "steps": steps}


if __name__ == "__main__":
    print(json.dumps(main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3])))
