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
from platform_assets.settings import Settings
from platform_assets_tests.benchmarks.measuring import console
from platform_assets_tests.support.services.s3 import S3Server, environment
from platform_assets_tests.support.settings import settings_for

GOALS = {"on disk": 5.0, "on S3": 15.0}
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


def measure(words: argparse.Namespace, room: Path, store: S3Server | None) -> None:
    """Make one table, copy it, and ask what is due of all, on disk and on an S3 server of this machine."""
    if not words.plan_tables:
        return
    settings = settings_for((), lake=str(room / "lake")).having(shop=shop.settings(start=_FIRST))
    names = [f"table_{n:02}" for n in range(words.plan_tables)]
    catalog = _catalog(settings, names)
    _publish(catalog, names[0], words.plan_days)
    first = Path(settings.lake) / shop.name / names[0]
    if store:
        store.upload(first.parent, f"{store.make_bucket('plan')}/{shop.name}")
        on_s3 = settings.model_copy(update={"lake": "s3://plan"})
        with environment(store.environment):
            _time(_catalog(on_s3, names), store.buckets / "plan" / shop.name / names[0], words, "on S3")
    _time(catalog, first, words, "on disk")


def _catalog(settings: Settings, names: list[str]) -> Catalog:
    return Catalog(settings, [_declared(name, names[0]) for name in names])


def _time(catalog: Catalog, first: Path, words: argparse.Namespace, where: str) -> None:
    """Copy the first table to all others, with what an S3 server keeps of files, and time what is due."""
    for key in list(catalog.declared)[1:]:
        shutil.copytree(first, first.parent / key.path[1])
    seconds = []
    for _ in range(_ROUNDS):
        began = time.perf_counter()
        found = due(catalog, catalog.declared)
        seconds.append(time.perf_counter() - began)
        assert not any(found.days.values()), "nothing is due"
        assert all(len(found.state.days(key)) == words.plan_days for key in catalog.declared)
    console.print(
        f"plan over {words.plan_tables} tables of {words.plan_days:,} days, {where}: "
        f"{statistics.median(seconds):.1f} s (goal {GOALS[where]:.0f} s)"
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
