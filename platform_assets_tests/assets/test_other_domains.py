"""Tables that read tables of another domain, whose days may begin later or earlier than their own."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from platform_assets import Contract, Csv, Domain, Field, T, document, table
from platform_assets.assets.declared import Declared
from platform_assets.lake.engines.engine import Engine
from platform_assets.registry import FoundDomain
from platform_assets_tests.support.platforms import Platform, failure
from platform_assets_tests.support.processes.sites import events
from platform_assets_tests.support.settings import DOMAINS

audience = Domain("audience", owner="team:audience")
HITS = {"hits": "web/user_web_hits"}
SOURCES = ["web/raw_events", "web/user_web_hits"]


class Visitors(Contract):
    """Visitors of a day, and how many came on the day before."""

    day: T.DateType = Field(description="UTC day")
    visitors: T.LongType = Field(ge=0, description="Users")
    before: T.LongType = Field(ge=0, description="Users on the day before the run")


@table(Visitors, domain=audience, inputs=HITS)
def visitors(hits: DataFrame, hits_before: DataFrame) -> DataFrame:
    """Users of a day, and those of the day before the run."""
    before = hits_before.agg(F.countDistinct("user_id").alias("before"))
    return hits.groupBy("day").agg(F.countDistinct("user_id").alias("visitors")).crossJoin(before)


@table(Visitors, domain=audience, inputs=HITS)
def day_after(hits_before: DataFrame, *, days: list[date]) -> DataFrame:
    """The users of the day before alone."""
    counted = hits_before.agg(F.countDistinct("user_id").alias("before"))
    return counted.select(F.lit(days[0]).alias("day"), F.lit(0).cast("long").alias("visitors"), "before")


@document(Csv("hits.csv", ("event_id",)), domain=audience, inputs=HITS)
def hits_csv(hits: DataFrame) -> DataFrame:
    """The events of a day."""
    return hits.select("day", "event_id")


ALL = [*DOMAINS, FoundDomain(audience, __name__, (visitors, day_after, hits_csv))]
OWN = 'group:"audience"'


@pytest.fixture
def started(engine: Engine, tmp_path: Path) -> Callable[[str, str], Platform]:
    """A platform whose two domains begin on these days, with hits of 3 and 4 January."""

    def make(web: str, own: str) -> Platform:
        platform = Platform(tmp_path, domains=ALL, web_start=web, audience_start=own)
        platform.deliver("web_events", "2026-01-03", "a.jsonl", events("2026-01-03", "a", "b"))
        platform.deliver("web_events", "2026-01-04", "a.jsonl", events("2026-01-04", "c", "d", "e"))
        platform.materialise("2026-01-03", "2026-01-04", select=" or ".join(f'key:"{name}"' for name in SOURCES))
        return platform

    return make


def _counted(platform: Platform, name: str) -> list[tuple[int, int, int]]:
    return [(row["day"].day, row["visitors"], row["before"]) for row in platform.rows(f"audience/{name}")]


def test_another_domains_table_is_empty_on_days_before_its_first(started: Callable[[str, str], Platform]) -> None:
    platform = started("2026-01-03", "2026-01-01")
    platform.materialise("2026-01-01", select=OWN)
    assert _counted(platform, "visitors") == []
    assert _counted(platform, "day_after") == [(1, 0, 0)]
    platform.materialise("2026-01-01", "2026-01-04", select=OWN)
    assert _counted(platform, "visitors") == [(3, 2, 0), (4, 3, 0)]
    for day in ("2026-01-02", "2026-01-03", "2026-01-04"):
        platform.materialise(day, select=OWN)
    assert _counted(platform, "visitors") == [(3, 2, 0), (4, 3, 2)]
    assert _counted(platform, "day_after") == [(1, 0, 0), (2, 0, 0), (3, 0, 0), (4, 0, 2)]
    documents = platform.root / "exports" / "audience" / "hits_csv"
    assert (documents / "2026-01-02" / "hits.csv").read_text() == "event_id\n"
    assert (documents / "2026-01-03" / "hits.csv").read_text() == "event_id\na\nb\n"


def test_another_domains_table_is_read_from_before_ones_own_first_day(
    started: Callable[[str, str], Platform],
) -> None:
    platform = started("2026-01-01", "2026-01-04")
    platform.materialise("2026-01-04", select=OWN)
    assert _counted(platform, "visitors") == [(4, 3, 2)]
    assert _counted(platform, "day_after") == [(4, 0, 2)]


def test_dagster_is_told_that_days_before_another_domains_first_need_nothing_of_it(tmp_path: Path) -> None:
    settings = {"web_start": "2026-01-03", "audience_start": "2026-01-01"}
    graph = Platform(tmp_path, domains=ALL, **settings).definitions.resolve_asset_graph()

    def hits_of(definition: Declared, day: str) -> set[str]:
        found = graph.get_parents_partitions(definition.key, day)
        assert not found.required_but_nonexistent_parents_partitions
        return {str(parent.partition_key) for parent in found.parent_partitions}

    for definition in (visitors, day_after, hits_csv):
        assert hits_of(definition, "2026-01-02") == set()
        assert hits_of(definition, "2026-01-03") == {"2026-01-03"}


def test_a_day_that_another_domain_has_and_has_not_built_is_an_error(
    started: Callable[[str, str], Platform],
) -> None:
    platform = started("2026-01-01", "2026-01-01")
    result = platform.materialise("2026-01-02", select='key:"audience/hits_csv"', check=False)
    assert "web/user_web_hits has no data yet for 2026-01-02" in failure(result)
    result = platform.materialise("2026-01-03", select='key:"audience/visitors"', check=False)
    assert "web/user_web_hits was never materialised for 2026-01-02, from which this run would go on" in failure(result)
    assert platform.version("audience/visitors") is None
