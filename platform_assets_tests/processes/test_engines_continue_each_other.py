"""Tables that one engine has begun and the other goes on with, in the middle of a range."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from platform_assets.lake.engines.engine import Engine
from platform_assets_tests.support.platforms import Platform
from platform_assets_tests.support.processes.sites import MATERIALIZE, SAMPLES, Site

# The first by one engine, the second, which runs a day again and goes on, by the other.
TABLES = ("web/raw_events", "web/user_web_hits", "web/open_sessions", "web/sessions")
SELECTED = " or ".join(f'key:"{table}"' for table in TABLES)
RUNS = (("2026-01-01", "2026-01-03"), ("2026-01-03", "2026-01-05"))

pytestmark = [pytest.mark.only("spark"), pytest.mark.timeout(1500)]


def on_sail(site: Site, first: str, last: str) -> None:
    """A range by the embedded engine, in a process of its own."""
    site.variables["PLATFORM_ENGINE"] = "sail"
    done = site.dagster(*MATERIALIZE, "--select", SELECTED, "--partition-range", f"{first}...{last}")
    assert done.returncode == 0, done.stdout[-5000:]


def on_spark(site: Site, first: str, last: str) -> None:
    """A range by Apache Spark, in this process."""
    site.materialise(first, last, select=SELECTED)


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Platform:
    """The same runs by the embedded engine alone."""
    site = Site(tmp_path_factory.mktemp("alone"), landing=str(SAMPLES))
    site.forget_events()
    for first, last in RUNS:
        on_sail(site, first, last)
    return site


Materialise = Callable[[Site, str, str], None]


@pytest.mark.parametrize(
    ("one", "other"), [(on_sail, on_spark), (on_spark, on_sail)], ids=["sail_then_spark", "spark_then_sail"]
)
def test_what_one_engine_has_begun_the_other_continues_as_if_it_were_the_same(
    engine: Engine, tmp_path: Path, alone: Platform, one: Materialise, other: Materialise
) -> None:
    site = Site(tmp_path, landing=str(SAMPLES))
    site.forget_events()
    one(site, *RUNS[0])
    begun = {table: (site.version(table), site.rows(table)) for table in TABLES}
    other(site, *RUNS[1])
    for table in TABLES:
        assert site.rows(table) == alone.rows(table), table
        version, rows = begun[table]
        assert site.rows(table, version=version) == rows, table
        assert site.version(table) == (version or 0) + 1, table
