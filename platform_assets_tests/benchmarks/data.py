"""Landing files for benchmarks: any number of web events or plays, a little of them dirty, written by DuckDB."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb

FIRST_DAY = date(2026, 1, 2)

AS_TEXT = "(FORMAT csv, HEADER false, QUOTE '', ESCAPE '', DELIMITER E'\\x01')"
"""A table of one column is written as lines: with a separator that no line contains, and without quotes."""

# Of 1000 events: 5 delivered twice, 1 malformed, 1 without an action, 1 in month 13, 1 with a number as url.
_LINES = """
SELECT CASE
    WHEN i % 1000 = 7 THEN '{"event_id": "' || i || '", "user": {"id": '
    ELSE format(
        '{{"event_id": "{}", "user": {{"session_id": "{}", "id": {}, "ip": "10.0.{}.{}"}}, ' ||
            '{} "url": {}, "timestamp": "{}"}}',
        893479324983 + i - CASE WHEN i % 200 = 3 THEN 1 ELSE 0 END,
        i // 7, (i * 7919) % 100003, i % 256, (i // 256) % 256,
        CASE WHEN i % 1000 = 11 THEN ''
            ELSE '"action": "' || ['page_view', 'claim', 'button_click'][1 + i % 3] || '",' END,
        CASE WHEN i % 1000 = 13 THEN '55'
            ELSE '"https://www.site' || (i % 5) || '.example/section' || (i * 31 % 50)
                || '/item' || (i * 17 % 1000) || '?q=' || (i % 10) || '"' END,
        CASE WHEN i % 1000 = 17 THEN '05/13/2026 10:00:00'
            ELSE strftime(TIMESTAMP '{day}' + to_seconds((i * 13) % 86400), '%d/%m/%Y %H:%M:%S') END
    ) END
FROM range({first}, {last}) AS t(i)
"""


def write_events(feed: Path, rows: int, days: int = 1) -> None:
    """Write `rows` events in all, delivered on the day they happened, over `days` days from `FIRST_DAY` on."""
    for number in range(days):
        day = FIRST_DAY + timedelta(days=number)
        folder = feed / day.isoformat()
        folder.mkdir(parents=True)
        first, last = rows * number // days, rows * (number + 1) // days
        lines = _LINES.replace("{day}", day.isoformat()).replace("{first}", str(first)).replace("{last}", str(last))
        duckdb.sql(f"COPY ({lines}) TO '{folder / 'events.jsonl'}' {AS_TEXT}")


# A play's session and its place there follow from its number, so that any number of plays fits into memory:
# 210 plays are 20 sessions, of 1 to 20 plays each. Two plays in a session start 60 to 480 seconds apart, as each has
# a window of 270 seconds and starts in its first 210; some take over the time of the play before.
# The first plays belong to machine-like users, who play every 12 seconds, for days.
_PLAYS = """
WITH machines AS (
    SELECT i, i // {machine} AS user_id, i % {machine} AS place, 12 AS pace, 6 AS spread,
        hash(user_id, 'begin') % ({seconds} - {machine} * 12) AS begun
    FROM range({machines} * {machine}) AS t(i)
), people AS (
    SELECT i, hash(i // 210 * 20 + n, 'user') % {users} AS user_id, i % 210 - n * (n + 1) // 2 AS place, 270 AS pace,
        211 AS spread, hash(i // 210 * 20 + n, 'begin') % ({seconds} - (n + 1) * 270) AS begun
    FROM (
        SELECT i, floor((sqrt(8 * (i % 210) + 1) - 1) / 2)::BIGINT AS n
        FROM range({machines} * {machine}, {plays}) AS t(i)
    )
), plays AS (
    SELECT *, CASE WHEN place > 0 AND hash(i, 'equal') % 300 = 0 THEN 1 ELSE 0 END AS back
    FROM (FROM machines UNION ALL FROM people)
)
SELECT i, user_id::BIGINT AS user_id,
    (begun + (place - back) * pace + hash(i - back, 'pause') % spread)::BIGINT AS second,
    floor({songs} * pow(hash(i, 'song') % 1000003 / 1000003, 3))::BIGINT AS song, second // 86400 AS day
FROM plays
"""

# Of 3000 plays 1 has five fields, 1 no title and 1 no valid time; 11 % have no track id.
_PLAY_LINES = r"""
SELECT concat_ws(E'\t',
    format('user_{{:06d}}', user_id),
    strftime(TIMESTAMP '{first}' + to_seconds(second), '%Y-%m-%dT%H:%M:%S')
        || CASE i % 3000 WHEN 7 THEN '' ELSE 'Z' END,
    CASE WHEN song // 20 % 25 = 4 THEN '' ELSE md5('artist' || song // 20)::UUID::TEXT END,
    CASE WHEN song // 20 % 9 = 5 THEN 'Künstler ' ELSE 'Artist ' END || song // 20,
    CASE WHEN hash(i, 'id') % 100 < 11 THEN '' ELSE md5('track' || song)::UUID::TEXT END,
    CASE WHEN i % 3000 = 1007 THEN NULL WHEN i % 3000 = 2007 THEN '' WHEN song % 500 = 77 THEN 'NA'
        WHEN song % 40 = 3 THEN '12" Mix ' || song ELSE 'Track ' || song END
)
FROM read_parquet('{numbers}')
ORDER BY user_id, second DESC
"""


def write_plays(feed: Path, plays: int, *, users: int, days: int) -> None:
    """Write `plays` plays in all, delivered on the day they started, over `days` days from `FIRST_DAY` on."""
    machine = max(min(50_000, 6_000 * days, plays // 50), 1)
    numbers = _PLAYS.format(
        plays=plays,
        users=users,
        seconds=days * 86_400,
        songs=max(plays // 50, 100),
        machine=machine,
        machines=plays // 50 // machine,
    )
    feed.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=feed.parent) as room, duckdb.connect(config={"temp_directory": room}) as con:
        con.execute(f"COPY ({numbers}) TO '{room}/numbers' (FORMAT parquet, PARTITION_BY (day))")
        for number in range(days):
            files = Path(room, "numbers", f"day={number}")
            if not files.is_dir():
                continue
            folder = feed / (FIRST_DAY + timedelta(days=number)).isoformat()
            folder.mkdir()
            lines = _PLAY_LINES.format(first=FIRST_DAY, numbers=files / "*.parquet")
            con.execute(f"COPY ({lines}) TO '{folder / 'plays.tsv'}' {AS_TEXT}")


# Of 1000 purchases 8 change on a day, 1 goes and 1 comes; a change is a later version of the same purchase.
_PURCHASES = """
CREATE TABLE purchases_{number} AS
SELECT i::BIGINT AS purchase_id, (hash(i, 'product', version) % 5000)::BIGINT AS product,
    (hash(i, 'user') % 1000003)::BIGINT AS "user",
    DATE '2020-01-01' + (hash(i, 'date', version) % 2000)::INTEGER AS date, version::INTEGER AS version
FROM (SELECT i, 1 + {changed} AS version FROM range({rows}) AS t(i))
WHERE NOT ({gone})
"""
_PURCHASE_CHANGES = """
SELECT purchase_id, if(now.version IS NULL, 'delete', if(last.version IS NULL, 'insert', 'update')) AS operation,
    coalesce(now.product, last.product) AS product, coalesce(now."user", last."user") AS "user",
    coalesce(now.date, last.date) AS date, coalesce(now.version, last.version) AS version
FROM purchases_{number} AS now FULL JOIN purchases_{last} AS last USING (purchase_id)
WHERE now.version IS DISTINCT FROM last.version
"""


def write_purchases(feed: Path, purchases: int, days: int) -> None:
    """Write the changes of some days from `FIRST_DAY` on, and the raw rows of the snapshot of the day after them."""
    feed.mkdir(parents=True)
    with TemporaryDirectory(dir=feed) as room, duckdb.connect(f"{room}/purchases.duckdb") as con:
        con.execute(_PURCHASES.format(number=0, rows=0, changed=0, gone="false"))
        rows_of = [0] + [purchases + purchases // 1000 * number for number in range(days + 1)]
        for number in range(1, days + 2):
            # A purchase may change on each day after its first, or go.
            changed = [
                f"(hash(i, 'change', {n}) % 1000 < 8 AND i < {rows_of[n - 1]})::INTEGER" for n in range(2, number + 1)
            ]
            gone = [f"(hash(i, 'end', {n}) % 1000 = 0 AND i < {rows_of[n - 1]})" for n in range(2, number + 1)]
            words = {"changed": " + ".join(changed) or "0", "gone": " OR ".join(gone) or "false"}
            con.execute(_PURCHASES.format(number=number, rows=rows_of[number], **words))
            day = FIRST_DAY + timedelta(days=number - 1)
            if number <= days:
                rows, folder = _PURCHASE_CHANGES.format(number=number, last=number - 1), feed / "changes"
                rows = f"SELECT *, DATE '{day}' AS day FROM ({rows})"
            else:
                rows, folder = f"SELECT * EXCLUDE (version) FROM purchases_{number}", feed / "snapshots"
                rows = f"SELECT *, DATE '{day}' AS delivery_day, []::VARCHAR[] AS violations FROM ({rows})"
            folder.mkdir(exist_ok=True)
            con.execute(f"COPY ({rows}) TO '{folder}/{day}.parquet' (FORMAT parquet, COMPRESSION zstd)")


# Of 1000 sales 1 is of a customer who is in no snapshot, 1 has a total that is wrong and 1 no product.
_SALES = """
SELECT concat_ws(',',
    CASE WHEN i % 1000 = 7 THEN {customers} + i % 100 ELSE hash(i, 'customer') % {customers} END,
    seller // 10, CASE WHEN i % 1000 = 13 THEN '' ELSE 'product ' || hash(i, 'product') % 1000 END, '{day}', seller,
    format('{{:.2f}}', cents / 100), quantity,
    format('{{:.2f}}', (cents * quantity + CASE WHEN i % 1000 = 17 THEN 1 ELSE 0 END) / 100)
)
FROM (
    SELECT i, hash(i, 'seller') % {sellers} AS seller, (100 + hash(i, 'price') % 100000)::BIGINT AS cents,
        (1 + hash(i, 'quantity') % 9)::BIGINT AS quantity
    FROM range({first}, {last}) AS t(i)
)
"""
_SALES_HEADER = "customer_id,store_id,product_name,sales_date,sales_person_id,price,quantity,total_cost"
_DIMENSIONS = {
    "customers": (
        "customer_id,first_name,last_name,address,pincode,phone_number,customer_joining_date",
        "concat_ws(',', i, 'First ' || i % 1000, 'Last ' || i % 997, 'Street ' || i, i % 90000, i, '2020-01-01')",
    ),
    "products": (
        "id,name,current_price,old_price,created_date,updated_date,expiry_date",
        "concat_ws(',', i, 'product ' || i, '1.50', '1.40', '2020-01-01', '', '2030-01-01')",
    ),
    "stores": (
        "id,address,store_pincode,store_manager_name,store_opening_date,reviews",
        "concat_ws(',', i, 'Street ' || i, i, 'Manager ' || i, '2020-01-01', 'good')",
    ),
    "sales_team": (
        "id,first_name,last_name,manager_id,is_manager,address,pincode,joining_date",
        "concat_ws(',', i, 'First ' || i % 100, 'Last ' || i % 97, i // 10 * 10, "
        "if(i % 10 = 0, 'Y', 'N'), 'Street ' || i, i, '2020-01-01')",
    ),
}


def write_sales(landing: Path, sales: int, *, customers: int, sellers: int, days: int = 1) -> None:
    """Write `sales` sales in all over days from `FIRST_DAY` on, and the snapshots of the first of them."""
    members = {"customers": customers, "products": 1000, "stores": sellers // 10, "sales_team": sellers}
    for feed, (header, line) in _DIMENSIONS.items():
        folder = landing / feed / FIRST_DAY.isoformat()
        folder.mkdir(parents=True)
        rows = f"SELECT '{header}' UNION ALL SELECT {line} FROM range({members[feed]}) AS t(i)"
        duckdb.sql(f"COPY ({rows}) TO '{folder / feed}.csv' {AS_TEXT}")
    for number in range(days):
        day = FIRST_DAY + timedelta(days=number)
        folder = landing / "sales" / day.isoformat()
        folder.mkdir(parents=True)
        first, last = sales * number // days, sales * (number + 1) // days
        rows = _SALES.format(day=day, customers=customers, sellers=sellers, first=first, last=last)
        duckdb.sql(f"COPY (SELECT '{_SALES_HEADER}' UNION ALL {rows}) TO '{folder / 'sales.csv'}' {AS_TEXT}")
