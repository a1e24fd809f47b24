"""The law of days in retail: however days are split into runs, the tables are those of one batch."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from platform_assets.lake.engines.engine import Engine
from platform_assets_tests.support.days import Range, deliver, in_any_order, run, splits, tails
from platform_assets_tests.support.engines import examples
from platform_assets_tests.support.platforms import Platform
from platform_assets_tests.support.retail import feeds
from platform_assets_tests.support.retail.differences import FEEDS, unlike
from platform_assets_tests.support.retail.feeds import DIMENSIONS, Feeds

# A month ends among them.
DAYS = [date(2026, 1, 30) + timedelta(days=n) for n in range(4)]
RAW = ("raw_sales", "sales_files", *(f"raw_{feed}" for feed in DIMENSIONS))
HISTORIES = (*(f"{feed}_changes" for feed in DIMENSIONS), *DIMENSIONS)
BY_DAY = ("unmatched_sales", "sales", "customer_sales", "sales_team_sales")
AS_OF = ("customers_data_mart", "sales_team_data_mart", "coupons")


def keys(*groups: tuple[str, ...]) -> list[str]:
    return [f"retail/{name}" for group in groups for name in group]


@settings(max_examples=examples(1), deadline=None, suppress_health_check=list(HealthCheck))
@given(
    delivered=feeds.deliveries(DAYS),
    late=st.sampled_from(DAYS),
    in_order=splits(DAYS),
    any_order=in_any_order(DAYS),
    again=tails(DAYS),
)
def test_any_split_into_runs_gives_what_one_batch_over_all_deliveries_gives(
    engine: Engine, delivered: Feeds, late: date, in_order: list[Range], any_order: list[Range], again: list[Range]
) -> None:
    with TemporaryDirectory() as folder:
        landing = Path(folder) / "landing"
        words: dict[str, Any] = {"landing": str(landing), "reject_share": 1.0, "retail_start": DAYS[0]}
        words["retail_coupon_amount"] = Decimal("24.50")
        whole, parts = (Platform(Path(folder) / name, **words) for name in ("whole", "parts"))
        for feed in FEEDS:
            (landing / feed).mkdir(parents=True)
            deliver(landing, feed, {day: files for day, files in delivered[feed].items() if day != late})
        run(parts, in_order, keys(RAW, HISTORIES, BY_DAY, AS_OF))

        for feed in FEEDS:
            deliver(landing, feed, delivered[feed])
        run(whole, [(DAYS[0], DAYS[-1])], keys(RAW, HISTORIES, BY_DAY, AS_OF))
        assert unlike(whole, delivered, DAYS[0], DAYS[-1], Decimal("24.50")) == []
        # What has come late may change which copy of a file counts on later days, and what any day knows of customers.
        run(parts, [(late, DAYS[-1])], keys(RAW, HISTORIES))
        run(parts, any_order, keys(BY_DAY))
        run(parts, in_order, keys(AS_OF))
        assert unlike(parts, delivered, DAYS[0], DAYS[-1], Decimal("24.50")) == []
        run(parts, again, keys(RAW, HISTORIES, BY_DAY, AS_OF))
        assert unlike(parts, delivered, DAYS[0], DAYS[-1], Decimal("24.50")) == []
