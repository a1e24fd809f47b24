"""How benchmarks measure and report: processes side by side, their time and memory, and ratios against goals."""

from __future__ import annotations

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from platform_assets_tests.benchmarks.data import FIRST_DAY

RIVALS = Path(__file__).parent / "rivals"
PLATFORM, DUCKDB, PYSPARK = "platform", "duckdb", "pyspark"
GOALS = {DUCKDB: 1.5, PYSPARK: 0.25}
DAYS_GOAL = 2.0
Command = Callable[[Path], list[str]]
console = Console(width=120)


@dataclass(frozen=True)
class Run:
    """One process: seconds it reports for the work, wall seconds of the process, peak memory in GiB, its report."""

    seconds: float
    wall: float
    peak: float
    report: dict[str, Any]


def run(command: Sequence[str]) -> Run:
    """Run a script that ends in a line of JSON, and take its time and memory from the operating system."""
    began = time.perf_counter()
    with tempfile.TemporaryFile("w+") as output:
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT)
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - began
        output.seek(0)
        printed = output.read()
    if status:
        raise SystemExit(f"{' '.join(command)} failed:\n{printed[-3000:]}")
    report = json.loads(printed.strip().splitlines()[-1])
    return Run(report["seconds"], wall, usage.ru_maxrss / 2**20, report)


def ours(domain: str, feed: Path, days: int = 1, environment: Mapping[str, str] | None = None) -> Command:
    """The platform's command for a feed of some days, in an environment with further variables."""
    last = FIRST_DAY + timedelta(days=days - 1)
    module = f"platform_assets_tests.benchmarks.platform_{domain}"
    variables = ["env", *(f"{name}={value}" for name, value in environment.items())] if environment else []
    return lambda out: [
        *(*variables, sys.executable, "-m", module, str(feed), str(out), FIRST_DAY.isoformat(), last.isoformat())
    ]


def rival(script: str, feed: Path) -> Command:
    """A hand-written script's command."""
    return lambda out: [sys.executable, str(RIVALS / f"{script}.py"), str(feed), str(out), FIRST_DAY.isoformat()]


def side_by_side(commands: Mapping[str, Command], rounds: int, room: Path) -> dict[str, list[Run]]:
    """Run all commands in turn, round after round, so that a slow minute of the machine hits all of them."""
    found: dict[str, list[Run]] = {name: [] for name in commands}
    for number in range(rounds):
        for name, command in commands.items():
            out = room / f"{name}-{number}"
            found[name].append(run(command(out)))
            shutil.rmtree(out, ignore_errors=True)
            console.print(f"  {name}: {found[name][-1].seconds:.1f} s", style="dim")
    return found


def median(runs: Sequence[Run], figure: str = "seconds") -> float:
    """The median of a figure over runs."""
    return float(statistics.median(getattr(one, figure) for one in runs))


def show(title: str, found: Mapping[str, Sequence[Run]], memory_unknown: Sequence[str]) -> None:
    """Print seconds, ratios to the platform and memory."""
    table = Table(title=title, title_justify="left")
    for column in ("", "seconds", "with start-up", "platform takes", "peak memory"):
        table.add_column(column, justify="left" if not column else "right")
    base = median(found[PLATFORM])
    for name, runs in found.items():
        ratio = "" if name == PLATFORM else f"{base / median(runs):.2f}x"
        if name in GOALS:
            ratio += f"  (goal {GOALS[name]}x)"
        peak = "" if name in memory_unknown else f"{median(runs, 'peak'):.1f} GiB"
        table.add_row(name, f"{median(runs):.1f}", f"{median(runs, 'wall'):.1f}", ratio, peak)
    console.print(table)


def show_agreement(name: str, found: Mapping[str, Sequence[Run]], *figures: str) -> None:
    """Print a figure of the reports, which each names in one of some ways or does not have, and whether all agree."""
    values = [
        run.report[figure] for runs in found.values() for run in runs for figure in figures if figure in run.report
    ]
    different = [value for number, value in enumerate(values) if value not in values[:number]]
    if len(different) == 1:
        console.print(f"{name}, the same from all: {different[0]}")
    else:
        console.print(f"[red]{name} differ: {different}[/red]")


def show_steps(runs: Sequence[Run], whose: str = "the platform") -> None:
    """Print the seconds of each asset."""
    console.print(f"steps of {whose}, seconds: {runs[-1].report['steps']}\n")


def range_of_days(
    domain: str, what: str, write: Callable[[Path, int], None], *, feed: str, days: int, rounds: int, room: Path
) -> None:
    """Many days in one run, beside one day with as many rows; `write` lands them in a folder over some days."""
    one, many = room / "one" / feed, room / "many" / feed
    write(one, 1)
    write(many, days)
    found = side_by_side({"one day": ours(domain, one), PLATFORM: ours(domain, many, days)}, rounds, room)
    ratio = median(found[PLATFORM]) / median(found["one day"])
    console.print(
        f"{domain} domain, {days} days in one run: {ratio:.2f}x the time of one day with the same {what} "
        f"(goal {DAYS_GOAL}x)"
    )
    show_steps(found[PLATFORM], "the range")
    for folder in (one, many):
        shutil.rmtree(folder.parent)
