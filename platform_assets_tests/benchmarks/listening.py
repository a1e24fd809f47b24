"""The benchmark of the listening domain: a month beside hand-written scripts, a big month, and a year beside a day."""

from __future__ import annotations

import argparse
import shutil
from pathlib import Path

from platform_assets_tests.benchmarks.data import write_plays
from platform_assets_tests.benchmarks.measuring import (
    DUCKDB,
    PLATFORM,
    PYSPARK,
    console,
    median,
    ours,
    range_of_days,
    rival,
    show,
    show_agreement,
    show_steps,
    side_by_side,
)

DAYS_OF_A_MONTH = 30
PLAYS_OF_A_USER = 50
ENGINE_MEMORY = {"PLATFORM_ENGINE_MEMORY": "2GiB"}
PEAK_GOAL, TIME_GOAL = 4.0, 6.0


def add_options(parser: argparse.ArgumentParser) -> None:
    """The options of this domain."""
    options = parser.add_argument_group("listening")
    options.add_argument("--plays", type=int, nargs="*", default=[10_000_000], help="plays of a month")
    options.add_argument("--big-plays", type=int, default=50_000_000, help="plays of a big month; 0 leaves it out")
    options.add_argument("--listening-days", type=int, default=365, help="days of the range; 0 leaves it out")
    options.add_argument("--listening-range-plays", type=int, default=1_000_000, help="plays of the range")


def measure(words: argparse.Namespace, room: Path, java: bool) -> None:
    """Everything that is measured of the domain."""
    seconds = {plays: month(plays, words.rounds, room, java) for plays in words.plays}
    if words.big_plays:
        big_month(words.big_plays, seconds, room)
    if words.listening_days:
        range_of_days(
            "listening",
            f"{words.listening_range_plays:,} plays",
            lambda feed, days: land(feed, words.listening_range_plays, days),
            feed="plays",
            days=words.listening_days,
            rounds=words.rounds,
            room=room,
        )


def land(feed: Path, plays: int, days: int = DAYS_OF_A_MONTH) -> None:
    """Write the plays of as many users as have 50 plays each."""
    write_plays(feed, plays, users=max(plays // PLAYS_OF_A_USER, 1), days=days)


def month(plays: int, rounds: int, room: Path, java: bool) -> float:
    """A month in one run by the platform and by the hand-written scripts: the seconds that the platform takes."""
    feed = room / f"{plays}" / "plays"
    land(feed, plays)
    commands = {PLATFORM: ours("listening", feed, DAYS_OF_A_MONTH), DUCKDB: rival("duckdb_listening", feed)}
    if java:
        commands[PYSPARK] = rival("pyspark_listening", feed)
    found = side_by_side(commands, rounds, room)
    # The JVM is a process of its own, which the operating system does not count here.
    show(f"listening domain, {plays:,} plays in {DAYS_OF_A_MONTH} days", found, memory_unknown=(PYSPARK,))
    for figure in ("plays", "sessions", "open_sessions", "top_session_tracks"):
        show_agreement(figure, found, figure)
    show_agreement("latest top songs", found, "top_songs")
    show_steps(found[PLATFORM])
    shutil.rmtree(feed.parent)
    return median(found[PLATFORM])


def big_month(plays: int, others: dict[int, float], room: Path) -> None:
    """A big month by the platform alone, its engine bounded: peak memory, and the time beside that of other months."""
    feed = room / f"{plays}" / "plays"
    land(feed, plays)
    command = ours("listening", feed, DAYS_OF_A_MONTH, ENGINE_MEMORY)
    [run] = side_by_side({PLATFORM: command}, 1, room)[PLATFORM]
    console.print(
        f"listening domain, {plays:,} plays in {DAYS_OF_A_MONTH} days, engine memory "
        f"{ENGINE_MEMORY['PLATFORM_ENGINE_MEMORY']}: peak memory {run.peak:.1f} GiB (goal {PEAK_GOAL} GiB)"
    )
    for number, seconds in others.items():
        console.print(f"{run.seconds / seconds:.1f}x the time of {number:,} plays (goal {TIME_GOAL}x)")
    show_steps([run])
    shutil.rmtree(feed.parent)
