"""The benchmark of the web domain: one day beside hand-written scripts, and a range of days beside one day."""

from __future__ import annotations

import argparse
import shutil
import statistics
from collections.abc import Sequence
from pathlib import Path

from platform_assets_tests.benchmarks.data import write_events
from platform_assets_tests.benchmarks.measuring import (
    DUCKDB,
    PLATFORM,
    PYSPARK,
    Run,
    console,
    ours,
    range_of_days,
    rival,
    show,
    show_agreement,
    show_steps,
    side_by_side,
)
from platform_assets_tests.support.services.s3 import S3Server

S3, SPARK = "platform-on-s3", "platform-on-spark"
CONTRACTS_GOAL = 1.15
PROVENANCE_GOAL = 1.03


def add_options(parser: argparse.ArgumentParser) -> None:
    """The options of this domain."""
    options = parser.add_argument_group("web")
    options.add_argument("--rows", type=int, nargs="*", default=[1_000_000, 10_000_000], help="events of one day")
    options.add_argument("--days", type=int, default=181, help="days of the range; 0 leaves it out")
    options.add_argument("--range-rows", type=int, default=1_000_000, help="events of the range")


def measure(words: argparse.Namespace, room: Path, store: S3Server | None, java: bool) -> None:
    """Everything that is measured of the domain."""
    for rows in words.rows:
        one_day(rows, words.rounds, room, store, java)
    if words.days:
        range_of_days(
            "web",
            f"{words.range_rows:,} events",
            lambda feed, days: write_events(feed, words.range_rows, days),
            feed="web_events",
            days=words.days,
            rounds=words.rounds,
            room=room,
        )


def one_day(rows: int, rounds: int, room: Path, store: S3Server | None, java: bool) -> None:
    """One day: the platform, on its other engine and on S3 too, and the hand-written scripts."""
    feed = room / f"{rows}" / "web_events"
    write_events(feed, rows)
    commands = {PLATFORM: ours("web", feed), DUCKDB: rival("duckdb_web", feed)}
    if store:
        bucket = store.make_bucket(f"web-{rows}")
        on_s3 = ours("web", feed, environment=store.environment)
        commands[S3] = lambda out: [*on_s3(out), "--store", f"{bucket}/{out.name}"]
    if java:
        commands[PYSPARK] = rival("pyspark_web", feed)
        commands[SPARK] = ours("web", feed, environment={"PLATFORM_ENGINE": "spark"})
    found = side_by_side(commands, rounds, room)
    # The JVM is a process of its own, which the operating system does not count here.
    show(f"web domain, one day of {rows:,} events", found, memory_unknown=(PYSPARK, SPARK))
    show_agreement("hits", found, "user_web_hits", "hits")
    show_contracts(found[PLATFORM])
    show_steps(found[PLATFORM])
    for name in (PLATFORM, SPARK):
        if name in found:
            seconds = statistics.median(run.report["engine_start"] for run in found[name])
            console.print(f"session start, {name}: {seconds:.1f} s")
    console.print()
    shutil.rmtree(feed.parent)


def show_contracts(runs: Sequence[Run]) -> None:
    """Print what auditing and provenance add to staging and publishing, within the same runs."""
    for part, goal in (("contracts", CONTRACTS_GOAL), ("provenance", PROVENANCE_GOAL)):
        ratio = statistics.median(one.seconds / (one.seconds - one.report[part]) for one in runs)
        console.print(f"{part}: {ratio:.2f}x the time without (goal {goal}x)")
