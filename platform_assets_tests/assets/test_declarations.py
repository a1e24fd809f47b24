"""Mistakes of authors are told where they are declared, in a sentence that begins with the file."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from pyspark.sql import DataFrame

from platform_assets import (
    CSV,
    Contract,
    Csv,
    Domain,
    DomainSettings,
    Feed,
    Field,
    RawContract,
    T,
    document,
    raw_table,
    source,
    table,
)
from platform_assets.errors import DeclarationError

shop = Domain("shop", owner="team:shop")
FEED = Feed("sales", (CSV,))


class Days(Contract):
    """Days."""

    day: T.DateType = Field(description="Day")


class NoDay(Contract):
    """Nothing to be partitioned by."""

    name: T.StringType = Field(description="Name")


class RawSales(RawContract):
    """Rows."""

    name: T.StringType = source("name", description="Name")


def _takes_a_table(sales: DataFrame) -> Any: ...
def _reads_itself(_reads_itself: DataFrame) -> Any: ...
def _takes_days(sales: DataFrame, *, days: Any) -> Any: ...
def _takes_the_day_before(sales_before: DataFrame) -> Any: ...
def _takes_nothing() -> Any: ...


@pytest.mark.parametrize(
    ("decorator", "function", "said"),
    [
        (table(NoDay, domain=shop), _takes_a_table, "NoDay: column day: the partition must be there"),
        (table(Days, domain=shop), _reads_itself, "it reads itself: .* as _reads_itself_before"),
        (table(Days, domain=shop, inputs={"sales": "sales"}), _takes_a_table, "inputs=.* write '<domain>/<table>'"),
        (table(Days, domain=shop, inputs={"hits": "web/hits"}), _takes_a_table, "inputs=.* is for no parameter"),
        (raw_table(RawSales, FEED, domain=shop), _takes_a_table, "a raw table reads its feed alone"),
        (raw_table(RawSales, FEED, domain=shop, event_time="sold_at"), _takes_nothing, "'sold_at' is no column"),
        (document(Csv("a.csv", ("day",)), domain=shop), _takes_days, "a document shows the days of the run"),
        (document(Csv("a.csv", ("day",)), domain=shop), _takes_the_day_before, "a document shows the days of the run"),
        (document(Csv("a.csv", ("day",)), domain=shop), _takes_nothing, "a document shows a table"),
    ],
)
def test_a_declaration_that_nothing_can_carry_out_is_refused_with_its_file(
    decorator: Callable[[Any], Any], function: Callable[..., Any], said: str
) -> None:
    file = rf"platform_assets_tests/assets/test_declarations\.py:{function.__code__.co_firstlineno}: "
    with pytest.raises(DeclarationError, match=rf"^(.*/)?{file}{re.escape(function.__name__)}: .*{said}"):
        decorator(function)


@pytest.mark.parametrize("name", ["landing", "Web", "my-shop", "_shop", "shop_", "a__b", "1st", ""])
def test_a_domain_that_cannot_be_a_group_a_folder_and_a_variable_is_refused(name: str) -> None:
    with pytest.raises(DeclarationError, match=re.escape(f"A domain cannot be named {name!r}")):
        Domain(name, owner="team:shop")


def test_a_setting_that_a_transform_could_not_ask_for_is_refused() -> None:
    class Settings(DomainSettings):
        days: int = 7

    with pytest.raises(DeclarationError, match="The domain shop has a setting 'days', which in a transform means"):
        Domain("shop", owner="team:shop", settings=Settings)
