"""The benchmark of retail: a day of sales from files to marts beside a script, and the marts of a month day by day."""

from __future__ import annotations

import argparse
import shutil
import statistics
from pathlib import Path

from platform_assets_tests.benchmarks.data import write_sales
from platform_assets_tests.benchmarks.measuring import (
    DUCKDB,
    PLATFORM,
    console,
    ours,
    rival,
    run,
    show,
    show_agreement,
    show_steps,
    side_by_side,
)

CUSTOMERS, SELLERS, MONTH = 200_000, 5_000, 30
MONTH_GOAL = 1.2


def add_options(parser: argparse.ArgumentParser) -> None:
    """The options of this benchmark."""
    options = parser.add_argument_group("retail")
    options.add_argument("--sales", type=int, nargs="*", default=[1_000_000, 10_000_000], help="sales of one day")
    options.add_argument("--month-sales", type=int, default=300_000, help="sales of each day of a month; 0: no month")


def measure(words: argparse.Namespace, room: Path) -> None:
    """One day, beside the script, and a month."""
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
    if words.month_sales:
        month(words.month_sales, room)


def month(sales: int, room: Path) -> None:
    """The marts of a month, one day after the other: what they go on from grows until its end."""
    landing = room / "month"
    # As many customers as 10 million sales have: nearly all buy on each day.
    write_sales(landing, sales * MONTH, customers=sales // 50, sellers=max(sales // 2000, 10), days=MONTH)
    days: list[float] = run(ours("retail_month", landing / "sales", MONTH)(room / "month-out")).report["days"]
    ratio = statistics.mean(days) / days[0]
    console.print(
        f"retail domain, the marts of {MONTH} days of {sales:,} sales each, day by day: {ratio:.2f}x the time of the "
        f"first per day (goal {MONTH_GOAL}x; first {days[0]:.1f} s, last {days[-1]:.1f} s)\n"
    )
    shutil.rmtree(landing)
