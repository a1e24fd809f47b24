"""One run of the platform over a landed feed, timed in a process of its own: what the runs of all domains share."""

from __future__ import annotations

import argparse
import json
import logging
import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any
from unittest.mock import patch

import dagster as dg

from platform_assets.assets import publication
from platform_assets.assets import raw_tables as raw_module
from platform_assets.assets import tables as table_module
from platform_assets.lake.engines.running import start
from platform_assets.lake.tables.made import Records
from platform_assets.lake.tables.published import Published
from platform_assets_tests.support.platforms import Platform
from platform_assets_tests.support.settings import TABLES


def run_domain(
    domain: str,
    tables: Sequence[str],
    more: Callable[[Platform, date], Mapping[str, Any]] = lambda platform, last: {},
    select: str | None = None,
) -> None:
    """Materialise every asset of a domain, or those selected, in one run.

    Prints seconds, steps, rows and what `more` finds as JSON.

    The process is called with FEED OUT FIRST LAST, and the domain starts on the first day.
    """
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
    places = {name: f"{words.store}/{name}" for name in ("lake", "exports")} if words.store else {}
    # What else the benchmark chooses, such as the engine, is in the environment.
    platform = Platform(words.out, landing=str(words.feed.parent), **places, **{f"{domain}_start": words.first})
    began = time.perf_counter()
    start(platform.settings).session.range(1).count()
    ready = time.perf_counter()
    contracts, provenance = Clock(), Clock()
    with (
        patch.object(publication, "fingerprints", provenance.timed(publication.fingerprints)),
        patch.object(Records, "append", provenance.timed(Records.append)),
        patch.object(Published, "known", provenance.timed(Published.known)),
        patch.object(publication, "audit_columns", contracts.timed(publication.audit_columns)),
        patch.object(table_module, "audit", contracts.timed(table_module.audit)),
        patch.object(raw_module, "audit", contracts.timed(raw_module.audit)),
        patch.object(raw_module, "judge_delivery", contracts.timed(raw_module.judge_delivery)),
    ):
        result = platform.materialise(words.first, words.last, select=select or f"group:{domain}")
    done = time.perf_counter()
    spent = {"seconds": done - ready, "engine_start": ready - began, "contracts": contracts.seconds}
    spent["provenance"] = provenance.seconds
    rows = {table: count(platform, dg.AssetKey([domain, table])) for table in tables}
    found = more(platform, date.fromisoformat(words.last))
    print(json.dumps(spent | rows | dict(found) | {"steps": steps(result)}))


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


def count(platform: Platform, key: dg.AssetKey) -> int:
    """Published rows of a table."""
    definition = next(table for table in TABLES if table.key == key)
    return sum(definition.table(platform.settings).published_rows_by_day().values())
