"""`make bench`: the web domain by the platform beside hand-written scripts, in one run, as ratios."""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from platform_assets_tests.benchmarks.data import FIRST_DAY, write_events
from platform_assets_tests.services.s3 import S3Server, s3_server, versitygw

RIVALS = Path(__file__).parent / "rivals"
S3, SPARK = "platform-on-s3", "platform-on-spark"
GOALS = {"duckdb": 1.5, "pyspark": 0.25, "contracts": 1.15, "days": 2.0}
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


def ours(feed: Path, out: Path, days: int = 1) -> list[str]:
    """The platform's command for a feed of some days."""
    last = FIRST_DAY + timedelta(days=days - 1)
    module = "platform_assets_tests.benchmarks.platform_web"
    return [sys.executable, "-m", module, str(feed), str(out), FIRST_DAY.isoformat(), last.isoformat()]


def rival(name: str, feed: Path, out: Path) -> list[str]:
    """A hand-written script's command."""
    return [sys.executable, str(RIVALS / f"{name}_web.py"), str(feed), str(out), FIRST_DAY.isoformat()]


def side_by_side(commands: dict[str, Callable[[Path], list[str]]], rounds: int, room: Path) -> dict[str, list[Run]]:
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
    return statistics.median(getattr(one, figure) for one in runs)


def show(title: str, found: dict[str, list[Run]]) -> None:
    """Print seconds, ratios to the platform and memory."""
    table = Table(title=title, title_justify="left")
    for column in ("", "seconds", "with start-up", "platform takes", "peak memory"):
        table.add_column(column, justify="left" if not column else "right")
    base = median(found["platform"])
    for name, runs in found.items():
        ratio = "" if name == "platform" else f"{base / median(runs):.2f}x"
        if name in GOALS:
            ratio += f"  (goal {GOALS[name]}x)"
        # The JVM is a process of its own, which the operating system does not count here.
        peak = "" if name in ("pyspark", SPARK) else f"{median(runs, 'peak'):.1f} GiB"
        table.add_row(name, f"{median(runs):.1f}", f"{median(runs, 'wall'):.1f}", ratio, peak)
    console.print(table)
    reports = [runs[0].report for runs in found.values()]
    hits = {report.get("user_web_hits", report.get("hits")) for report in reports}
    console.print(f"hits, the same from all: {hits}\n" if len(hits) == 1 else f"[red]hits differ: {hits}[/red]\n")


def show_contracts(runs: Sequence[Run]) -> None:
    """Print what auditing adds to staging and publishing, within the same runs."""
    ratio = statistics.median(one.seconds / (one.seconds - one.report["contracts"]) for one in runs)
    console.print(f"contracts: {ratio:.2f}x the time without them (goal {GOALS['contracts']}x)")
    console.print(f"steps of the platform, seconds: {runs[-1].report['steps']}\n")


def show_starts(found: dict[str, list[Run]]) -> None:
    """Print what a session takes to start, its first query included."""
    for name in ("platform", SPARK):
        if name in found:
            seconds = statistics.median(one.report["engine_start"] for one in found[name])
            console.print(f"session start, {name}: {seconds:.1f} s")
    console.print()


def web_domain(words: argparse.Namespace, room: Path, store: S3Server | None, java: bool) -> None:
    """One day of the web domain: the platform, on its other engine and on S3 too, and the hand-written scripts."""
    for rows in words.rows:
        feed = room / f"{rows}" / "web_events"
        write_events(feed, rows)
        commands: dict[str, Callable[[Path], list[str]]] = {
            "platform": lambda out, feed=feed: ours(feed, out),  # type: ignore[misc]
            "duckdb": lambda out, feed=feed: rival("duckdb", feed, out),  # type: ignore[misc]
        }
        if store:
            variables = ["env", *(f"{name}={value}" for name, value in store.environment.items())]
            bucket = store.make_bucket(f"web-{rows}")
            commands[S3] = lambda out, feed=feed, before=variables, url=bucket: [  # type: ignore[misc]
                *before,
                *ours(feed, out),
                "--store",
                f"{url}/{out.name}",
            ]
        if java:
            commands["pyspark"] = lambda out, feed=feed: rival("pyspark", feed, out)  # type: ignore[misc]
            commands[SPARK] = lambda out, feed=feed: ["env", "PLATFORM_ENGINE=spark", *ours(feed, out)]  # type: ignore[misc]
        found = side_by_side(commands, words.rounds, room)
        show(f"web domain, one day of {rows:,} events", found)
        show_contracts(found["platform"])
        show_starts(found)
        shutil.rmtree(feed.parent)


def range_of_days(words: argparse.Namespace, room: Path) -> None:
    """Many days in one run, beside one day with the same number of events."""
    one, many = room / "one" / "web_events", room / "many" / "web_events"
    write_events(one, words.range_rows)
    write_events(many, words.range_rows, words.days)
    found = side_by_side(
        {"one day": lambda out: ours(one, out), "platform": lambda out: ours(many, out, words.days)},
        words.rounds,
        room,
    )
    ratio = median(found["platform"]) / median(found["one day"])
    console.print(
        f"{words.days} days in one run: {ratio:.2f}x the time of one day with the same {words.range_rows:,} "
        f"events (goal {GOALS['days']}x)"
    )
    console.print(f"steps of the range, seconds: {found['platform'][-1].report['steps']}")


def main() -> None:
    """Parse the command line and measure."""
    parser = argparse.ArgumentParser(prog="make bench ARGS='...'", description=__doc__)
    parser.add_argument("--rows", type=int, nargs="*", default=[1_000_000, 10_000_000], help="events of one day")
    parser.add_argument("--rounds", type=int, default=3, help="runs of each, side by side")
    parser.add_argument("--days", type=int, default=181, help="days of the range; 0 leaves it out")
    parser.add_argument("--range-rows", type=int, default=1_000_000, help="events of the range")
    parser.add_argument("--without-spark", action="store_true", help="leave out what needs Java")
    words = parser.parse_args()
    java = bool(shutil.which("java")) and not words.without_spark
    if not java:
        console.print("Apache Spark and the PySpark script are left out: no Java on this machine, or --without-spark.")
    if not versitygw():
        console.print("S3 is left out: versitygw is not on this machine.")
    with tempfile.TemporaryDirectory(prefix="platform_bench_") as folder, ExitStack() as stack:
        room = Path(folder)
        store = stack.enter_context(s3_server(room / "s3")) if versitygw() else None
        web_domain(words, room, store, java)
        if words.days:
            range_of_days(words, room)


if __name__ == "__main__":
    main()
