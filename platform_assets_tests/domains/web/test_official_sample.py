"""The official sample of web events, value by value, and every table against plain Python."""

from __future__ import annotations

from collections import Counter
from datetime import date
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from platform_assets.domains.web.aggregated_web_page_stats import aggregated_web_page_stats
from platform_assets.domains.web.aggregated_web_stats import aggregated_web_stats
from platform_assets.domains.web.raw_events import raw_events
from platform_assets.domains.web.user_web_hits import user_web_hits
from platform_assets.lake.engines.engine import Engine
from platform_assets_tests.support.platforms import Platform, checks
from platform_assets_tests.support.web import oracle

START, DELIVERY = date(2017, 1, 1), date(2017, 12, 5)
NAMES = ("raw_events", "user_web_hits", "aggregated_web_stats", "aggregated_web_page_stats")
MAIN = "www.hipages.com.au"


@pytest.fixture(scope="module")
def run(
    engine: Engine, official: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Platform, dg.ExecuteInProcessResult]:
    """The sample, delivered on its last days and run over all days from the first on."""
    platform = Platform(tmp_path_factory.mktemp("official"), web_start=START)
    sample = (official / "web" / "source_event_data.json").read_bytes()
    platform.deliver("web_events", DELIVERY.isoformat(), "source_event_data.json", sample)
    selection = " or ".join(f'key:"web/{name}"' for name in NAMES)
    return platform, platform.materialise(START.isoformat(), DELIVERY.isoformat(), select=selection)


@pytest.fixture(scope="module")
def tables(run: tuple[Platform, dg.ExecuteInProcessResult]) -> dict[str, list[dict[str, Any]]]:
    """The rows of each table, by its name."""
    return {name: run[0].rows(f"web/{name}") for name in NAMES}


@pytest.fixture(scope="module")
def expected(official: Path) -> list[dict[str, Any]]:
    """The raw rows in plain Python."""
    sample = (official / "web" / "source_event_data.json").read_bytes()
    return oracle.raw_rows(sample, DELIVERY, "source_event_data.json", start=START)


def test_the_sample_gives_500_hits_of_30_users_and_nothing_is_rejected(tables: dict[str, list[dict[str, Any]]]) -> None:
    raw, hits = tables["raw_events"], tables["user_web_hits"]
    assert (len(raw), len(hits)) == (500, 500)
    assert all((row["violations"], row["raw"], row["extra_fields"]) == ([], None, []) for row in raw)
    assert len({hit["user_id"] for hit in hits}) == 30


def test_the_urls_of_the_sample_have_the_levels_that_are_known(tables: dict[str, list[dict[str, Any]]]) -> None:
    hits = tables["user_web_hits"]
    levels = Counter((hit["url_level1"], hit["url_level2"], hit["url_level3"]) for hit in hits)
    assert levels[MAIN, "get_quotes_simple", None] == 117
    assert levels[MAIN, "find", "electricians"] == 115
    assert levels[MAIN, "articles", None] == 87
    assert sum(hit["url_level3"] is None for hit in hits) == 236
    assert sum("://" not in row["url"] for row in tables["raw_events"]) == 5
    assert len({host for host, *_ in levels if not host.endswith("hipages.com.au")}) == 5


def test_the_sample_has_events_on_eight_days(tables: dict[str, list[dict[str, Any]]]) -> None:
    assert Counter(hit["day"].isoformat() for hit in tables["user_web_hits"]) == {
        "2017-01-01": 59,
        "2017-02-02": 242,
        "2017-02-04": 28,
        "2017-03-01": 59,
        "2017-04-02": 28,
        "2017-05-02": 28,
        "2017-08-02": 28,
        "2017-12-02": 28,
    }


def test_the_statistics_of_the_sample_are_those_that_are_known(tables: dict[str, list[dict[str, Any]]]) -> None:
    stats, pages = tables["aggregated_web_stats"], tables["aggregated_web_page_stats"]

    def sums(rows: list[dict[str, Any]]) -> tuple[int, int, int]:
        return len(rows), sum(row["activity_count"] for row in rows), sum(row["user_count"] for row in rows)

    assert sums(stats) == (21, 500, 354)
    assert sums(pages) == (30, 500, 470)
    lines = {",".join(str(value) for name, value in row.items() if name != "day") for row in stats}
    assert "2017020220,www.hipages.com.au,page_view,144,30" in lines
    assert "2017010120,www.usefulpages.com.au,claim,1,1" in lines


def test_every_table_is_what_plain_python_computes(
    tables: dict[str, list[dict[str, Any]]], expected: list[dict[str, Any]]
) -> None:
    hits = oracle.hits(expected)
    assert oracle.comparable(tables["raw_events"]) == oracle.comparable(expected)
    assert oracle.comparable(tables["user_web_hits"]) == oracle.comparable(hits)
    assert oracle.comparable(tables["aggregated_web_stats"]) == oracle.comparable(oracle.statistics(hits, "url_level1"))
    assert oracle.comparable(tables["aggregated_web_page_stats"]) == oracle.comparable(
        oracle.statistics(hits, "url_level1", "url_level2")
    )


def test_bare_hosts_give_19_and_28_rows(
    run: tuple[Platform, dg.ExecuteInProcessResult], engine: Engine, expected: list[dict[str, Any]]
) -> None:
    raw, _ = raw_events.table(run[0].settings).read(engine, START, DELIVERY)
    bare = user_web_hits(raw, hosts="bare")
    hits = oracle.hits(expected, hosts="bare")

    stats, pages = (table(bare).toArrow().to_pylist() for table in (aggregated_web_stats, aggregated_web_page_stats))
    assert (len(stats), len(pages)) == (19, 28)
    assert oracle.comparable(stats) == oracle.comparable(oracle.statistics(hits, "url_level1"))
    assert oracle.comparable(pages) == oracle.comparable(oracle.statistics(hits, "url_level1", "url_level2"))


def test_every_check_of_the_run_has_passed_but_that_it_names_days_without_a_delivery(
    run: tuple[Platform, dg.ExecuteInProcessResult],
) -> None:
    for name in NAMES:
        found = checks(run[1], f"web/{name}")
        assert found
        warned = ["delivered"] if name == "raw_events" else []
        assert [check for check, result in found.items() if not result.passed] == warned
