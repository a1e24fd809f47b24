"""What Dagster's history costs a run over many days of small tables: as shipped, and by Dagster's own log."""

from __future__ import annotations

import argparse
import json
import sys
from datetime import date, timedelta
from pathlib import Path

from platform_assets_tests.benchmarks.measuring import (
    PLATFORM,
    Command,
    console,
    median,
    show,
    show_agreement,
    show_steps,
    side_by_side,
)
from platform_assets_tests.benchmarks.platform_events import STOCK
from platform_assets_tests.support.processes.sites import events

GOAL = 4.0
_FIRST = date(2022, 1, 1)


def add_options(parser: argparse.ArgumentParser) -> None:
    """The options of this benchmark."""
    options = parser.add_argument_group("events")
    options.add_argument("--event-days", type=int, default=1000, help="days of the run; 0 leaves it out")


def measure(words: argparse.Namespace, room: Path) -> None:
    """One run of each: the longer one takes more than a minute."""
    if not words.event_days:
        return
    days = [(_FIRST + timedelta(days=n)).isoformat() for n in range(words.event_days)]
    feed = room / "days" / "web_events"
    for day in days:
        (feed / day).mkdir(parents=True)
        lines = [json.dumps(event) for event in events(day, f"{day}-a", f"{day}-b", f"{day}-c")]
        (feed / day / "events.jsonl").write_text("\n".join(lines))
    found = side_by_side({name: _command(feed, days, name) for name in (PLATFORM, STOCK)}, 1, room)
    show(f"{len(days):,} days of two small tables in one run, by the history of runs", found, memory_unknown=())
    ratio = median(found[STOCK]) / median(found[PLATFORM])
    console.print(f"with the history as shipped it is {ratio:.1f}x faster than with {STOCK} (goal {GOAL}x)")
    show_agreement("events", found, "events")
    show_steps(found[PLATFORM])


def _command(feed: Path, days: list[str], history: str) -> Command:
    module = "platform_assets_tests.benchmarks.platform_events"
    return lambda out: [sys.executable, "-m", module, str(feed), str(out), days[0], days[-1], history]
