"""The plan over many tables of ten years of days, each published by a run of its own."""

from __future__ import annotations

import argparse
import shutil
import statistics
import time
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

from pyspark.sql import DataFrame

from platform_assets.assets.catalog import Catalog
from platform_assets.assets.domain import Domain
from platform_assets.assets.provenance import platform_version
from platform_assets.assets.tables import TableDefinition
from platform_assets.contracts.compiled import compiled
from platform_assets.contracts.contract import Contract, Field, T
from platform_assets.lake.engines.running import start
from platform_assets.lake.tables.made import Made
from platform_assets.plan.due import due
from platform_assets_tests.benchmarks.measuring import console
from platform_assets_tests.support.settings import settings_for

GOAL = 5.0
_FIRST = date(2016, 1, 1)
_ROUNDS = 3


class Days(Contract):
    """A table of days without rows."""

    day: T.DateType = Field(description="UTC day")


shop = Domain("shop", owner="team:shop")


def add_options(parser: argparse.ArgumentParser) -> None:
    """The options of this benchmark."""
    options = parser.add_argument_group("plan")
    options.add_argument("--plan-tables", type=int, default=40, help="tables of the plan; 0 leaves it out")
    options.add_argument("--plan-days", type=int, default=3650, help="days of each, one commit a day")


def measure(words: argparse.Namespace, room: Path) -> None:
    """Make one table, copy it, and ask what is due of all."""
    if not words.plan_tables:
        return
    settings = settings_for((), lake=str(room / "lake")).having(shop=shop.settings(start=_FIRST))
    names = [f"table_{n:02}" for n in range(words.plan_tables)]
    catalog = Catalog(settings, [_declared(name, names[0]) for name in names])
    _publish(catalog, names[0], words.plan_days)
    first = Path(settings.lake) / shop.name / names[0]
    for name in names[1:]:
        shutil.copytree(first, first.parent / name)
    seconds = []
    for _ in range(_ROUNDS):
        began = time.perf_counter()
        found = due(catalog, catalog.declared)
        seconds.append(time.perf_counter() - began)
        assert not any(found.days.values()), "nothing is due"
        assert len(found.state.days(shop.key(names[-1]))) == words.plan_days
    console.print(
        f"plan over {words.plan_tables} tables of {words.plan_days:,} days, on disk: "
        f"{statistics.median(seconds):.1f} s (goal {GOAL:.0f} s)"
    )
    shutil.rmtree(first.parent)


def _declared(name: str, source: str) -> TableDefinition:
    def days(first: DataFrame) -> DataFrame:
        return first

    def nothing() -> DataFrame:
        raise NotImplementedError

    if name == source:
        return TableDefinition(shop, name, nothing, compiled(Days))
    return TableDefinition(shop, name, days, compiled(Days), inputs={"first": f"{shop.name}/{source}"})


def _publish(catalog: Catalog, name: str, days: int) -> None:
    """A commit for each day, with a record; the copies say by the same records that they were made from this table."""
    table, recipe = catalog.tables[shop.key(name)], catalog.recipe(shop.key(name))
    engine = start()
    for n in range(days):
        day = _FIRST + timedelta(days=n)
        staged = table.stage(engine, None, f"run-{n}", [day])
        made = Made(
            day=day,
            attempt=f"run-{n}/{staged.attempt}",
            rows=0,
            fingerprint="0.0.0",
            code=recipe.code,
            contract=recipe.contract,
            platform=platform_version(),
            settings=recipe.settings_text,
            inputs=f'{{"{table.key}": {{"{day}": "0.0.0"}}}}',
        )
        table.publish(replace(staged, made=(made,)))
