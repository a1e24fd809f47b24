"""The benchmark of snapshots: what one changes, and the history of all rows, beside a hand-written script."""

from __future__ import annotations

import argparse
import shutil
from pathlib import Path

from platform_assets_tests.benchmarks.data import write_purchases
from platform_assets_tests.benchmarks.measuring import (
    DUCKDB,
    PLATFORM,
    console,
    ours,
    rival,
    show,
    show_agreement,
    show_steps,
    side_by_side,
)

DAYS_BEFORE = 5


def add_options(parser: argparse.ArgumentParser) -> None:
    """The options of this benchmark."""
    options = parser.add_argument_group("purchases")
    options.add_argument("--purchases", type=int, nargs="*", default=[10_000_000], help="purchases of a snapshot")


def measure(words: argparse.Namespace, room: Path) -> None:
    """A snapshot of which 1 % has changed, after some days of which 1 % changed on each."""
    for purchases in words.purchases:
        folder = room / f"{purchases}" / "purchases"
        write_purchases(folder, purchases, DAYS_BEFORE)
        commands = {PLATFORM: ours("purchases", folder), DUCKDB: rival("duckdb_purchases", folder)}
        found = side_by_side(commands, words.rounds, room)
        show(f"purchases, a snapshot of {purchases:,} rows after {DAYS_BEFORE} days", found, memory_unknown=())
        for step in ("changes", "history"):
            show_agreement(f"rows of {step}", found, step)
            ratios = [
                one.report["steps"][step] / other.report["steps"][step]
                for one, other in zip(found[PLATFORM], found[DUCKDB], strict=True)
            ]
            console.print(f"{step}: {sorted(ratios)[len(ratios) // 2]:.2f}x the time of {DUCKDB}")
        show_steps(found[PLATFORM])
        shutil.rmtree(folder.parent)
