"""The retail domain by the platform, timed: `python -m ...benchmarks.platform_retail FEED OUT FIRST LAST`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from deltalake import DeltaTable
from duckdb import sql

from platform_assets_tests.benchmarks.platform_run import run_domain
from platform_assets_tests.support.platforms import Platform

TABLES = ("raw_sales", "unmatched_sales", "sales", "customers_data_mart", "sales_team_data_mart", "coupons")


def _sums(platform: Platform, last: date) -> Mapping[str, Any]:
    """The totals of the marts on the last day."""
    customers, sellers = (
        DeltaTable(platform.url(f"retail/{name}")).to_pyarrow_dataset([("day", "=", str(last))])
        for name in ("customers_data_mart", "sales_team_data_mart")
    )
    total = sql("SELECT sum(total_sales) FROM customers").fetchall()[0][0]
    incentives = sql("SELECT sum(incentive) FROM sellers").fetchall()[0][0]
    del customers, sellers
    return {"total": str(total), "incentives": str(incentives)}


if __name__ == "__main__":
    # Documents and databases are left out: the script has none.
    everything = "group:retail and not (kind:csv or kind:parquet or kind:sql)"
    run_domain("retail", TABLES, _sums, select=everything)
