"""A run over days of small tables, timed, its history on disk: `... platform_events FEED OUT FIRST LAST HISTORY`."""

from __future__ import annotations

import json
import logging
import os
import sys
import time
import warnings
from pathlib import Path

import dagster as dg

from platform_assets.lake.engines.running import start
from platform_assets_tests.benchmarks.platform_run import steps
from platform_assets_tests.support.histories import settled
from platform_assets_tests.support.platforms import Platform

STOCK = "Dagster's own"
_TABLES = 'key:"web/raw_events" or key:"web/user_web_hits"'


def run(feed: Path, out: Path, first: str, last: str, history: str) -> None:
    """Materialise two tables; prints seconds, steps, and how many events there are, as JSON."""
    logging.disable(logging.CRITICAL)
    warnings.simplefilter("ignore")
    os.environ["DAGSTER_HOME"] = str(settled(out / "home", ours=history != STOCK))
    platform = Platform(out, landing=str(feed.parent), web_start=first)
    start(platform.settings).session.range(1).count()
    with dg.DagsterInstance.get() as instance:
        vars(platform)["instance"] = instance
        began = time.perf_counter()
        result = platform.materialise(first, last, select=_TABLES)
        seconds = time.perf_counter() - began
        events = len(instance.all_logs(result.run_id))
    print(json.dumps({"seconds": seconds, "events": events, "steps": steps(result)}))


if __name__ == "__main__":
    feed, out, *words = sys.argv[1:]
    run(Path(feed), Path(out), *words)
