"""What a plan looks at: which day is the last that is over, and up to which day each domain has days."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import date, datetime, timezone

import dagster as dg
import pytest
from pyspark.sql import DataFrame

from platform_assets import Contract, Domain, Field, T, table
from platform_assets.lake.tables.days import WHOLE
from platform_assets.lake.tables.made import Known
from platform_assets.landing.deliveries import Delivered
from platform_assets.plan.state import State, through
from platform_assets.registry import FoundDomain, catalog_of
from platform_assets_tests.support.settings import settings_for
from platform_assets_tests.support.shelf import FOUND

NAMES = ("raw_items", "new_items", "price_list", "totals", "raw_sales", "sales")
KEYS = {name: dg.AssetKey(["shelf", name]) for name in NAMES}

audience = Domain("audience", owner="team:audience")


class Newcomers(Contract):
    """New items of a day."""

    day: T.DateType = Field(description="UTC day")


@table(Newcomers, domain=audience, inputs={"items": "shelf/new_items"})
def newcomers(items: DataFrame) -> DataFrame:
    """Items of another domain."""
    return items


def january(day: int) -> date:
    """A day of January 2026."""
    return date(2026, 1, day)


def state(
    delivered: Collection[int] = (),
    built: Mapping[str, Collection[date]] | None = None,
    over: int | None = None,
    today: int = 9,
) -> State:
    """A shelf, with days on which items were delivered, and built days; it is left alone after three days."""
    catalog = catalog_of([FOUND], settings_for([FOUND], catch_up_days=3))
    made = {key: Known(dict.fromkeys((built or {}).get(name, ()))) for name, key in KEYS.items()}
    landed = {KEYS["raw_items"]: {january(day): Delivered() for day in delivered}, KEYS["raw_sales"]: {}}
    return State(catalog, list(KEYS.values()), made, landed, january(today), january(over) if over else None)


@pytest.mark.parametrize(
    ("now", "daily_at", "day"),
    [
        ("2026-01-04T00:29:59.999999", "00:30", 2),
        ("2026-01-04T00:30:00", "00:30", 3),
        ("2026-01-04T23:59:59", "00:30", 3),
        ("2026-01-04T00:00:00", "00:00", 3),
        ("2026-01-04T23:58:59", "23:59", 2),
        ("2026-01-04T23:59:00", "23:59", 3),
    ],
)
def test_a_day_is_over_at_that_minute_of_the_day_after(now: str, daily_at: str, day: int) -> None:
    assert through(datetime.fromisoformat(now).replace(tzinfo=timezone.utc), daily_at) == january(day)


def test_a_domain_has_days_up_to_the_newest_of_any_of_its_tables_that_was_delivered_or_built() -> None:
    assert state().newest == {}
    assert state([2, 4, 3]).newest == {"shelf": january(4)}
    assert state([2], {"sales": [january(5), january(1)]}).newest == {"shelf": january(5)}
    assert state([2]).days(KEYS["sales"]) == [january(1), january(2)]
    assert state([2]).days(KEYS["sales"], until=january(1)) == [january(1)]


def test_days_to_come_are_none_yet_and_today_is_one() -> None:
    assert state([8, 9, 10]).newest == {"shelf": january(9)}
    assert state([10], {"sales": [january(10)]}).newest == {}


def test_a_table_without_days_says_of_no_day_that_there_is_one() -> None:
    whole = state((), {"price_list": [WHOLE]}, over=3)
    assert whole.newest == {}
    assert whole.days(KEYS["price_list"]) == whole.days(KEYS["sales"]) == []
    assert state([1]).days(KEYS["price_list"]) == [WHOLE]


@pytest.mark.parametrize(("newest", "last"), [(1, 1), (2, 5), (4, 5), (5, 5), (6, 6)])
def test_days_that_are_over_are_there_unless_nobody_has_fed_the_domain_for_long(newest: int, last: int) -> None:
    assert state([newest], over=5).newest == {"shelf": january(last)}
    assert state((), {"sales": [january(newest)]}, over=5).newest == {"shelf": january(last)}


@pytest.mark.parametrize(("its_own", "last"), [((), 4), ((2,), 4), ((6,), 6)])
def test_a_domain_has_the_days_of_those_that_it_reads_too(its_own: Collection[int], last: int) -> None:
    found = state([4])
    both = catalog_of([FOUND, FoundDomain(audience, __name__, (newcomers,))], found.catalog.settings)
    known = {**found.known, newcomers.key: Known(dict.fromkeys(map(january, its_own)))}
    both_domains = replace(found, catalog=both, known=known)
    assert both_domains.newest == {"shelf": january(4), "audience": january(last)}
    assert replace(both_domains, through=january(7)).newest == {"shelf": january(7), "audience": january(7)}
