"""Mistakes of authors are told where they are declared, in a sentence that begins with the file."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from typing import Any

import pytest
from pydantic import Field as PydanticField
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
    RawRows,
    Settings,
    T,
    document,
    raw_table,
    source,
    table,
)
from platform_assets.domains.retail.customers import customers
from platform_assets.domains.retail.domain import retail
from platform_assets.domains.retail.raw_sales import raw_sales
from platform_assets.domains.retail.sales_team import sales_team
from platform_assets.domains.retail.stores import stores
from platform_assets.domains.retail.unmatched_sales import unmatched_sales
from platform_assets.errors import DeclarationError
from platform_assets.lake.audit import Finding
from platform_assets.lake.engines.engine import Engine
from platform_assets_tests.support.settings import settings_for

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
def _takes_itself(itself: DataFrame) -> Any: ...
def _takes_only_days(*, days: Any) -> Any: ...
def _takes_days(sales: DataFrame, *, days: Any) -> Any: ...
def _takes_yesterday(sales_before: DataFrame) -> Any: ...
def _takes_nothing() -> Any: ...
def _takes_customers(customers: DataFrame) -> Any: ...
def größe(sales: DataFrame) -> Any: ...
def sales_before(sales: DataFrame) -> Any: ...
def sales_so_far(sales: DataFrame) -> Any: ...


@pytest.mark.parametrize(
    ("decorator", "function", "said"),
    [
        (table(NoDay, domain=shop), _takes_a_table, "NoDay: column day: the partition must be there"),
        (table(Days, domain=shop), _reads_itself, "it reads itself: .* as _reads_itself_before"),
        (
            table(Days, domain=shop, inputs={"itself": "shop/_takes_itself"}),
            _takes_itself,
            "it reads itself: .* as _takes_itself_before",
        ),
        (table(Days, domain=shop, inputs={"sales": "sales"}), _takes_a_table, "inputs=.* write '<domain>/<table>'"),
        (table(Days, domain=shop, inputs={"sales": "/shop/sales"}), _takes_a_table, "inputs=.* '<domain>/<table>'"),
        (table(Days, domain=shop, inputs={"hits": "web/hits"}), _takes_a_table, "inputs=.* is for no parameter"),
        (table(Days, domain=shop, matched_by=["members"]), _takes_a_table, "matched_by names members, which it does"),
        (table(Days, domain=shop), größe, "'größe' cannot be the name of a table"),
        (table(Days, domain=shop), sales_before, "no table could read one whose name ends in _before"),
        (table(Days, domain=shop), sales_so_far, "no table could read one whose name ends in _so_far"),
        (raw_table(RawSales, FEED, domain=shop), _takes_a_table, "a raw table reads its feed alone"),
        (raw_table(RawSales, FEED, domain=shop, event_time="sold_at"), _takes_nothing, "'sold_at' is no column"),
        (raw_table(RawSales, FEED, domain=shop, event_time="raw"), _takes_nothing, "'raw' is no column that the feed"),
        (raw_table(RawSales, FEED, domain=shop), _takes_only_days, "a raw table reads its feed alone"),
        (document(Csv("a.csv", ("day",)), domain=shop), _takes_days, "a document shows the days of the run"),
        (document(Csv("a.csv", ("day",)), domain=shop), _takes_yesterday, "a document shows the days of the run"),
        (document(Csv("a.csv", ("day",)), domain=shop), _takes_nothing, "a document shows a table"),
    ],
)
def test_a_declaration_that_nothing_can_carry_out_is_refused_with_its_file(
    decorator: Callable[[Any], Any], function: Callable[..., Any], said: str
) -> None:
    file = rf"platform_assets_tests/assets/test_declarations\.py:{function.__code__.co_firstlineno}: "
    with pytest.raises(DeclarationError, match=rf"^(.*/)?{file}{re.escape(function.__name__)}: .*{said}"):
        decorator(function)


class Guarded:
    """A guard with a check that the contract has already."""

    checks: Mapping[str, str] = {"day_not_null": "What is said twice"}
    warnings: Collection[str] = ()
    shows: Collection[str] = ()

    def judge(self, rows: DataFrame, inputs: Mapping[str, DataFrame], settings: Settings) -> list[Finding]:
        """Never asked."""
        raise NotImplementedError


def test_a_check_that_is_named_as_one_of_the_contract_is_refused() -> None:
    with pytest.raises(DeclarationError, match=r"_takes_a_table: it has more than one check named day_not_null: re"):
        table(Days, domain=shop, guards=[Guarded()])(_takes_a_table)


@pytest.mark.parametrize("name", ["landing", "Web", "my-shop", "_shop", "shop_", "a__b", "1st", ""])
def test_a_domain_that_cannot_be_a_group_a_folder_and_a_variable_is_refused(name: str) -> None:
    with pytest.raises(DeclarationError, match=re.escape(f"A domain cannot be named {name!r}")):
        Domain(name, owner="team:shop")


def test_a_parameter_that_dagster_keeps_for_itself_is_told_with_its_file() -> None:
    @table(Days, domain=shop)
    def days(context: DataFrame) -> DataFrame:
        return context

    with pytest.raises(DeclarationError, match=r"test_declarations\.py:\d+: days: .context. is not a valid name"):
        days.asset(Settings(_env_file=None))


@pytest.mark.parametrize("decorator", [table(Days, domain=shop), document(Csv("a.csv", ("day",)), domain=shop)])
def test_what_is_called_like_a_function_and_has_no_name_is_refused(decorator: Callable[[Any], Any]) -> None:
    with pytest.raises(DeclarationError, match="is no function with a name and a file: write it as `def`"):
        decorator(functools.partial(_takes_a_table))


@pytest.mark.parametrize("name", ["", "..", ".hidden", "sales/eu", "sales eu", "größe"])
def test_a_feed_that_cannot_be_one_folder_is_refused(name: str) -> None:
    with pytest.raises(DeclarationError, match=re.escape(f"A feed cannot be named {name!r}")):
        Feed(name, (CSV,))


@pytest.mark.parametrize("owner", ["shop", "", "team", "me@"])
def test_an_owner_that_is_neither_a_team_nor_an_address_is_refused(owner: str) -> None:
    with pytest.raises(DeclarationError, match=f"The domain shop cannot have the owner {owner!r}: "):
        Domain("shop", owner=owner)


class Aliased(DomainSettings):
    """Settings that are read from variables that nobody is told of."""

    token: str = PydanticField("", validation_alias="SHOP_TOKEN")


class CaseSensitive(DomainSettings, case_sensitive=True):
    """Settings that are not read from variables in capitals."""


class Forbidding(DomainSettings, extra="forbid"):
    """Settings that take no `.env` in which others stand."""


class Prefixed(DomainSettings, env_prefix="SHOP_"):
    """Settings of a prefix of their own."""


@pytest.mark.parametrize(
    ("settings", "said"),
    [(Aliased, "token"), (CaseSensitive, "case_sensitive"), (Forbidding, "extra"), (Prefixed, "env_prefix")],
)
def test_settings_that_are_not_read_from_their_variables_are_refused(settings: type[DomainSettings], said: str) -> None:
    with pytest.raises(
        DeclarationError, match=rf"{settings.__name__} says for itself which variables are read \({said}\)"
    ):
        Domain("shop", owner="team:shop", settings=settings)


def test_a_setting_that_a_transform_could_not_ask_for_is_refused() -> None:
    class WithDays(DomainSettings):
        days: int = 7

    with pytest.raises(DeclarationError, match="The domain shop has a setting 'days', which in a transform means"):
        Domain("shop", owner="team:shop", settings=WithDays)


def test_a_domain_is_given_as_itself_and_its_settings_as_a_class() -> None:
    with pytest.raises(DeclarationError, match=r"\.py:\d+: _takes_a_table: domain='shop' is no Domain"):
        table(Days, domain="shop")(_takes_a_table)  # type: ignore[arg-type]
    with pytest.raises(DeclarationError, match=r"The domain shop has settings=.*: give the class itself"):
        Domain("shop", owner="team:shop", settings=DomainSettings())  # type: ignore[arg-type]


class TimedSales(RawRows):
    """Rows with a time."""

    sold_at: T.TimestampType = source("sold_at", description="When")


COLUMNS = ("sold_at",)


def _parses_nothing() -> Any:
    return COLUMNS[5] if len(COLUMNS) > 5 else None


def _parses_another() -> Any:
    return {f"{name[:4]}at": None for name in COLUMNS}


def _parses_what_it_is_told() -> Any:
    return dict.fromkeys(COLUMNS)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (_parses_nothing, "it gave NoneType: `return` a dict of columns, {} for none"),
        (_parses_another, "it parses soldat, which the feed does not fill. Did you mean sold_at?"),
        (_parses_what_it_is_told, "sold_at: a column of type timestamp needs a parse of its own"),
    ],
)
def test_what_a_raw_table_parses_are_columns_of_its_feed(engine: Engine, given: Any, said: str) -> None:
    assert engine.session  # no column is made without one
    definition = raw_table(TimedSales, FEED, domain=shop)(given)
    with pytest.raises(DeclarationError, match=re.escape(f": {given.__name__}: {said}")):
        definition.parsed(settings_for())


def test_what_rows_wait_for_is_a_history_whose_key_they_have() -> None:
    tables = {one.key: one for one in (raw_sales, customers, stores, sales_team)}
    unmatched_sales.refuse_sources(tables)
    with pytest.raises(DeclarationError, match="matched_by names raw_sales, which is no history"):
        replace(unmatched_sales, matched_by=("raw_sales",)).refuse_sources(tables)
    with pytest.raises(DeclarationError, match="matched_by names customers, whose rows are known by customer_id"):
        table(Days, domain=retail, matched_by=["customers"])(_takes_customers).refuse_sources(tables)
