"""The benchmark of telemetry: a day of readings from lines to hourly means, beside a script; and many sensors."""

from __future__ import annotations

import argparse
import shutil
from pathlib import Path

from platform_assets_tests.benchmarks.data import FIRST_DAY
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
from platform_assets_tests.benchmarks.telemetry_day import write_day

TRUCKS = 500


def add_options(parser: argparse.ArgumentParser) -> None:
    """The options of this benchmark."""
    options = parser.add_argument_group("telemetry")
    options.add_argument("--readings", type=int, default=10_000_000, help="readings of one day")
    options.add_argument("--sensors", type=int, nargs="*", default=[200, 1_000], help="sensors that report them")


def measure(words: argparse.Namespace, room: Path) -> None:
    """One day, with few sensors and with many."""
    for sensors in words.sensors:
        feed = room / f"{sensors}" / "telemetry"
        file = feed / str(FIRST_DAY) / "day.jsonl"
        write_day(file, FIRST_DAY, trucks=TRUCKS, sensors=sensors, readings=words.readings, seed=7)
        commands = {PLATFORM: ours("telemetry", feed), DUCKDB: rival("duckdb_telemetry", feed)}
        found = side_by_side(commands, words.rounds, room)
        show(f"telemetry, a day of {words.readings:,} readings of {sensors:,} sensors", found, memory_unknown=())
        for figure in ("readings", "numbers", "hours"):
            show_agreement(figure, found, figure)
        show_steps(found[PLATFORM])
        shutil.rmtree(feed.parent)
