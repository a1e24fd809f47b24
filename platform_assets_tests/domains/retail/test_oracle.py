"""Every table of retail against plain Python: of any deliveries of a few days."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from platform_assets.lake.engines.engine import Engine
from platform_assets_tests.support.days import deliver
from platform_assets_tests.support.engines import examples
from platform_assets_tests.support.landing.parcels import Deliveries
from platform_assets_tests.support.platforms import Platform
from platform_assets_tests.support.retail import feeds
from platform_assets_tests.support.retail.differences import FEEDS, unlike
from platform_assets_tests.support.retail.feeds import Feeds
from platform_assets_tests.support.retail.oracle import COUPON_AMOUNT

# A month ends among them.
DAYS = [date(2026, 1, 29) + timedelta(days=n) for n in range(6)]


def built(root: Path, delivered: Feeds, tables: Sequence[str] = (), amount: Decimal = COUPON_AMOUNT) -> Platform:
    """A platform that has made some tables, or all, of these deliveries in one run."""
    platform = Platform(root, reject_share=1.0, retail_start=DAYS[0], retail_coupon_amount=amount)
    for feed in FEEDS:
        (root / "landing" / feed).mkdir(parents=True, exist_ok=True)
        deliver(root / "landing", feed, delivered.get(feed, {}))
    select = " or ".join(f'key:"retail/{name}"' for name in tables) or "group:retail"
    platform.materialise(str(DAYS[0]), str(DAYS[-1]), select=select)
    return platform


@settings(max_examples=examples(6), deadline=None, suppress_health_check=list(HealthCheck))
@given(sales=feeds.sales(DAYS))
def test_every_file_of_sales_is_read_or_rejected_whole_as_the_rules_say(engine: Engine, sales: Deliveries) -> None:
    tables = ("raw_sales", "sales_files")
    with TemporaryDirectory() as folder:
        platform = built(Path(folder), {"sales": sales}, tables)
        assert unlike(platform, {"sales": sales}, DAYS[0], DAYS[-1], only=tables) == []


@pytest.mark.parametrize("feed", feeds.DIMENSIONS)
def test_every_dimension_has_the_history_of_its_snapshots(engine: Engine, feed: str) -> None:
    tables = (f"raw_{feed}", f"{feed}_changes", feed)

    @settings(max_examples=examples(1), deadline=None, suppress_health_check=list(HealthCheck))
    @given(snapshots=feeds.dimension(feed, DAYS))
    def holds(snapshots: Deliveries) -> None:
        with TemporaryDirectory() as folder:
            platform = built(Path(folder), {feed: snapshots}, tables)
            assert unlike(platform, {feed: snapshots}, DAYS[0], DAYS[-1], only=tables) == []

    holds()


@settings(max_examples=examples(1), deadline=None, suppress_health_check=list(HealthCheck))
@given(delivered=feeds.deliveries(DAYS), amount=st.sampled_from((Decimal(0), Decimal("24.50"), Decimal(1000))))
def test_every_table_is_what_the_rules_make_of_any_deliveries(
    engine: Engine, delivered: Feeds, amount: Decimal
) -> None:
    with TemporaryDirectory() as folder:
        platform = built(Path(folder), delivered, amount=amount)
        assert unlike(platform, delivered, DAYS[0], DAYS[-1], amount) == []
