"""A day of retail written by hand in DuckDB: sales files and snapshots to raw rows, sales, and the marts of the month.

    python duckdb_retail.py LANDING_FEED_FOLDER OUTPUT_FOLDER FIRST_DAY

The folder is that of the sales; the snapshots lie beside it. There is one delivery of each, and no history before it.
Prints one line of JSON: seconds, rows of the tables, and sums that others must agree with.
"""

import json
import sys
import time
from pathlib import Path
from typing import Any

import duckdb

# All columns as text, lines that cannot be read as rejects; then each as its type, and the rules that it breaks.
RAW = r"""
WITH fields AS (
    SELECT * FROM read_csv('{folder}/{first_day}/*.csv', header = true, all_varchar = true, delim = ',', quote = '"',
        escape = '"', store_rejects = true, filename = true, null_padding = false, auto_detect = false,
        columns = {{'customer_id': 'VARCHAR', 'store_id': 'VARCHAR', 'product_name': 'VARCHAR',
            'sales_date': 'VARCHAR', 'sales_person_id': 'VARCHAR', 'price': 'VARCHAR', 'quantity': 'VARCHAR',
            'total_cost': 'VARCHAR'}})
), typed AS (
    SELECT whole(customer_id) AS customer_id, whole(store_id) AS store_id, nullif(product_name, '') AS product_name,
        CASE WHEN regexp_full_match(sales_date, '[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}')
            THEN try_cast(sales_date AS DATE) END AS sales_date,
        whole(sales_person_id) AS sales_person_id, money(price)::DECIMAL(12, 2) AS price, whole(quantity) AS quantity,
        money(total_cost) AS total_cost, split_part(filename, '/', -1) AS source_file,
        concat_ws(',', customer_id, store_id, product_name, sales_date, sales_person_id, price, quantity, total_cost)
            AS line,
        [fault('customer_id', fields.customer_id, whole(fields.customer_id) IS NOT NULL),
            fault('store_id', fields.store_id, whole(fields.store_id) IS NOT NULL),
            fault('product_name', fields.product_name, true),
            fault('sales_date', fields.sales_date, try_cast(fields.sales_date AS DATE) IS NOT NULL),
            fault('sales_person_id', fields.sales_person_id, whole(fields.sales_person_id) IS NOT NULL),
            fault('price', fields.price, money(fields.price) >= 0),
            fault('quantity', fields.quantity, whole(fields.quantity) >= 1),
            fault('total_cost', fields.total_cost, money(fields.total_cost) IS NOT NULL)] AS faults
    FROM fields
), judged AS (
    SELECT * EXCLUDE (faults), list_filter(list_concat(faults, [
        CASE WHEN total_cost <> price * quantity THEN 'wrong_total_cost' END,
        CASE WHEN sales_date < DATE '{first_day}' THEN 'before_start' END,
        CASE WHEN sales_date > DATE '{first_day}' + 1 THEN 'after_delivery' END]), lambda f: f IS NOT NULL)
            AS violations
    FROM typed
)
SELECT * EXCLUDE (line), sales_date AS day, CASE WHEN len(violations) > 0 THEN line END AS raw FROM judged
"""
MACROS = r"""
CREATE MACRO whole(text) AS CASE WHEN regexp_full_match(text, '-?[0-9]+') THEN try_cast(text AS INTEGER) END;
CREATE MACRO money(text) AS
    CASE WHEN regexp_full_match(text, '-?[0-9]{1,16}(\.[0-9]{1,2})?') THEN try_cast(text AS DECIMAL(18, 2)) END;
CREATE MACRO fault(name, text, good) AS
    CASE WHEN text IS NULL OR text = '' THEN 'missing_' || name WHEN good IS NOT TRUE THEN 'invalid_' || name END;
"""
UNMATCHED = """
SELECT good.*, list_filter([CASE WHEN customers.customer_id IS NULL THEN 'unknown_customer' END,
    CASE WHEN stores.id IS NULL THEN 'unknown_store' END,
    CASE WHEN sellers.id IS NULL THEN 'unknown_seller' END], lambda r: r IS NOT NULL) AS reasons
FROM good LEFT JOIN customers ON good.customer_id = customers.customer_id LEFT JOIN stores ON store_id = stores.id
LEFT JOIN sellers ON sales_person_id = sellers.id
WHERE customers.customer_id IS NULL OR stores.id IS NULL OR sellers.id IS NULL
"""
SALES = """
SELECT * FROM good WHERE NOT EXISTS (FROM unmatched_sales AS other WHERE other.customer_id = good.customer_id
    AND other.store_id = good.store_id AND other.sales_person_id = good.sales_person_id)
"""
CUSTOMER_SALES = """
SELECT day, strftime(day, '%Y-%m') AS sales_month, sales.customer_id, first_name, last_name,
    concat_ws(' ', first_name, last_name) AS full_name, address, pincode, phone_number, store_id, product_name,
    quantity, total_cost
FROM sales JOIN customers ON sales.customer_id = customers.customer_id
"""
TEAM_SALES = """
SELECT day, strftime(day, '%Y-%m') AS sales_month, store_id, store_manager_name, sales_person_id, first_name, last_name,
    concat_ws(' ', first_name, last_name) AS full_name, manager_id, is_manager, sellers.address, pincode, product_name,
    quantity, total_cost
FROM sales JOIN sellers ON sales_person_id = sellers.id JOIN stores ON store_id = stores.id
"""
CUSTOMERS_MART = """
SELECT day, customer_id, max(full_name) AS full_name, max(address) AS address, max(phone_number) AS phone_number,
    sales_month, sum(total_cost) AS total_sales
FROM customer_sales GROUP BY day, customer_id, sales_month
"""
TEAM_MART = """
SELECT *, CASE WHEN total_sales = max(total_sales) OVER (PARTITION BY day, store_id)
    THEN round(total_sales * 0.01::DECIMAL(3, 2), 2)::DECIMAL(28, 2) ELSE 0 END AS incentive
FROM (SELECT day, store_id, sales_person_id, max(full_name) AS full_name, sales_month, sum(total_cost) AS total_sales
    FROM sales_team_sales GROUP BY ALL)
"""


def main(folder: Path, output: Path, first_day: str) -> dict[str, Any]:
    """Write every table of the day."""
    start = time.perf_counter()
    output.mkdir(parents=True, exist_ok=True)
    con = duckdb.connect(config={"temp_directory": str(output / ".temporary")})
    con.execute("SET preserve_insertion_order = false")
    con.execute(MACROS)
    rows: dict[str, int] = {}

    def write(table: str, query: str) -> None:
        file = output / f"{table}.parquet"
        [count] = con.execute(f"COPY ({query}) TO '{file}' (FORMAT parquet, COMPRESSION zstd)").fetchone()  # type: ignore[misc]
        rows[table] = count
        con.execute(f"CREATE VIEW {table} AS FROM read_parquet('{file}')")

    for view, feed in (("customers", "customers"), ("stores", "stores"), ("sellers", "sales_team")):
        con.execute(f"CREATE TABLE {view} AS FROM read_csv('{folder.parent}/{feed}/{first_day}/*.csv', header = true)")
    write("raw_sales", RAW.format(folder=folder, first_day=first_day))
    con.execute(
        "CREATE VIEW good AS SELECT day, customer_id, store_id, product_name, sales_person_id, price, quantity, "
        "total_cost FROM raw_sales WHERE len(violations) = 0"
    )
    write("unmatched_sales", UNMATCHED)
    write("sales", SALES)
    write("customer_sales", CUSTOMER_SALES)
    write("sales_team_sales", TEAM_SALES)
    write("customers_data_mart", CUSTOMERS_MART)
    write("sales_team_data_mart", TEAM_MART)
    write("coupons", "SELECT * FROM customers_data_mart WHERE total_sales >= 10000")
    [total] = con.execute("SELECT sum(total_sales) FROM customers_data_mart").fetchone()  # type: ignore[misc]
    [incentives] = con.execute("SELECT sum(incentive) FROM sales_team_data_mart").fetchone()  # type: ignore[misc]
    seconds = round(time.perf_counter() - start, 2)
    return {"seconds": seconds, "total": str(total), "incentives": str(incentives)} | rows


if __name__ == "__main__":
    print(json.dumps(main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3])))
