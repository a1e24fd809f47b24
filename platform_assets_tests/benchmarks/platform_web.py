"""The web domain by the platform, timed: `python -m ...benchmarks.platform_web FEED OUT FIRST LAST`."""

from __future__ import annotations

import argparse
import json
import logging
import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from os import getenv
from pathlib import Path
from typing import Any
from unittest.mock import patch

import dagster as dg

from platform_assets import table as table_module
from platform_assets.definitions import TABLES
from platform_assets.lake.engine import start
from platform_assets.landing import raw as raw_module
from platform_assets_tests.platform import Platform


def main() -> None:
    """Materialise every asset of the domain in one run, and print seconds, steps and rows as one JSON line."""
    parser = argparse.ArgumentParser()
    parser.add_argument("feed", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("first")
    parser.add_argument("last")
    parser.add_argument("--store", help="URL below which the lake and the exports lie, instead of OUT")
    words = parser.parse_args()
    logging.disable(logging.CRITICAL)
    warnings.simplefilter("ignore")
    words.out.mkdir(parents=True)
    chosen = {name: getenv(f"PLATFORM_{name.upper()}") for name in ("engine", "spark_jars")}
    if words.store:
        chosen |= {name: f"{words.store}/{name}" for name in ("lake", "exports")}
    platform = Platform(words.out, landing=str(words.feed.parent), **{n: v for n, v in chosen.items() if v})
    began = time.perf_counter()
    start(platform.settings).session.range(1).count()
    ready = time.perf_counter()
    contracts = Clock()
    with (
        patch.object(table_module, "audit_columns", contracts.timed(table_module.audit_columns)),
        patch.object(table_module, "audit", contracts.timed(table_module.audit)),
        patch.object(raw_module, "audit", contracts.timed(raw_module.audit)),
        patch.object(raw_module, "judge_delivery", contracts.timed(raw_module.judge_delivery)),
    ):
        result = platform.materialise(words.first, words.last)
    done = time.perf_counter()
    rows = {table: count(platform, table) for table in ("raw_events", "user_web_hits", "aggregated_web_stats")}
    spent = {"seconds": done - ready, "engine_start": ready - began, "contracts": contracts.seconds}
    print(json.dumps(spent | rows | {"steps": steps(result)}))


class Clock:
    """Adds up the seconds spent in functions; nothing is changed but time is taken."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def timed(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """The function, its time added to the clock."""

        def call(*words: Any, **named: Any) -> Any:
            began = time.perf_counter()
            try:
                return function(*words, **named)
            finally:
                self.seconds += time.perf_counter() - began

        return call


def steps(result: dg.ExecuteInProcessResult) -> Mapping[str, float]:
    """Seconds per asset."""
    found: Sequence[dg.DagsterEvent] = [event for event in result.all_events if event.is_step_success]
    return {str(event.step_key): round(event.step_success_data.duration_ms / 1000, 2) for event in found}


def count(platform: Platform, name: str) -> int:
    """Published rows of a table of the web domain."""
    definition = next(table for table in TABLES if table.name == name)
    return sum(definition.table(platform.settings).published_rows_by_day().values())


if __name__ == "__main__":
    main()
