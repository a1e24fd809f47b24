"""The benchmark of retail: a day of sales from files to marts beside a hand-written script."""

from __future__ import annotations

import argparse
import shutil
from pathlib import Path

from platform_assets_tests.benchmarks.data import write_sales
from platform_assets_tests.benchmarks.measuring import (
    DUCKDB,
    PLATFORM,
    ours,
    rival,
    show,
    show_agreement,
    show_steps,
    side_by_side,
)

CUSTOMERS, SELLERS = 200_000, 5_000


def add_options(parser: argparse.ArgumentParser) -> None:
    """The options of this benchmark."""
    options = parser.add_argument_group("retail")
    options.add_argument("--sales", type=int, nargs="*", default=[1_000_000, 10_000_000], help="sales of one day")


def measure(words: argparse.Namespace, room: Path) -> None:
    """One day, beside the script."""
    for sales in words.sales:
        landing = room / f"{sales}"
        write_sales(landing, sales, customers=CUSTOMERS, sellers=SELLERS)
        commands = {PLATFORM: ours("retail", landing / "sales"), DUCKDB: rival("duckdb_retail", landing / "sales")}
        found = side_by_side(commands, words.rounds, room)
        show(f"retail domain, one day of {sales:,} sales", found, memory_unknown=())
        for figure in ("raw_sales", "unmatched_sales", "sales", "coupons", "total", "incentives"):
            show_agreement(figure, found, figure)
        show_steps(found[PLATFORM])
        shutil.rmtree(landing)
