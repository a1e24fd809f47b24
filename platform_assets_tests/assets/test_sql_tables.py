"""Tables of databases, from the function to the plan: which days a month is of, when they are due, what is refused."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from platform_assets import Contract, Daily, Domain, DomainSettings, Field, Monthly, T, sql_table
from platform_assets.assets.sql_tables import EVERY_ROW, SqlTableDefinition, refuse_same_places
from platform_assets.contracts.compiled import compiled
from platform_assets.docs.readme import graph
from platform_assets.domains.retail.customers import customers
from platform_assets.errors import DeclarationError
from platform_assets.lake import storage
from platform_assets.lake.engines.engine import Engine
from platform_assets.plan.adopt import adopt
from platform_assets.plan.checks import UP_TO_DATE
from platform_assets.registry import FoundDomain
from platform_assets.settings import WrongSettings
from platform_assets_tests.support.due import applied, built, due_of, reasons
from platform_assets_tests.support.platforms import checks, failure
from platform_assets_tests.support.settings import settings_for
from platform_assets_tests.support.till import Days, Totals, days_sql, raw_totals, till, totals, totals_sql
from platform_assets_tests.support.till_platform import FOUND, Till

TABLES = 'group:till and not key:"till/totals_sql" and not key:"till/days_sql"'
MONTH = 'key:"till/totals_sql"'
DAYS = 'key:"till/days_sql"'


@pytest.fixture(scope="module")
def landed(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two days of January and one of February, of which the tables of the lake are built."""
    platform = Till(tmp_path_factory.mktemp("till"))
    platform.land("2026-01-30", (1, "1.00"))
    platform.land("2026-01-31", (1, "1.10"), (2, "2.20"))
    platform.land("2026-02-01", (3, "30.00"))
    platform.materialise("2026-01-30", "2026-02-01", select=TABLES)
    return platform.root


@pytest.fixture
def shop(landed: Path, tmp_path: Path) -> Till:
    """A copy of that for each test."""
    shutil.copytree(landed, tmp_path / "till")
    return Till(tmp_path / "till")


def test_a_month_is_its_newest_published_day_whichever_of_its_days_is_run(shop: Till) -> None:
    done = shop.materialise("2026-01-30", select=MONTH)
    assert shop.found() == [("2026-01", 1, 1.1), ("2026-01", 2, 2.2)]
    found = checks(done, "till/totals_sql")
    assert [name for name, check in found.items() if not check.passed] == [UP_TO_DATE]  # the other day is missing
    assert found.keys() == {
        UP_TO_DATE,
        *("contract_columns", "rows_in_window", "unique_key", "month_not_null", "customer_id_not_null"),
        *("total_not_null", "month_str_matches", "total_greater_than_or_equal_to", EVERY_ROW),
    }
    shop.materialise("2026-01-31", "2026-02-01", select=MONTH)
    assert shop.found() == [("2026-01", 1, 1.1), ("2026-01", 2, 2.2), ("2026-02", 3, 30)]
    assert [e for e in storage.entries(shop.url("till/totals_sql")) if e.name.startswith(".")] == []


def test_a_newer_day_replaces_the_month_and_an_older_one_run_again_leaves_it(shop: Till) -> None:
    shop.land("2026-02-02", (3, "31.00"), (4, "4.00"))
    shop.materialise("2026-02-02", select=TABLES)
    shop.materialise("2026-02-02", select=MONTH)
    for _ in range(2):
        assert shop.found() == [("2026-02", 3, 31), ("2026-02", 4, 4)]
        shop.materialise("2026-02-01", select=MONTH)


def test_a_month_whose_newest_day_has_no_rows_has_none(shop: Till) -> None:
    shop.materialise("2026-02-01", select=MONTH)
    assert shop.found() == [("2026-02", 3, 30)]
    shop.materialise("2026-02-02", select=TABLES)
    done = shop.materialise("2026-02-02", select=MONTH)
    assert shop.found() == []
    assert checks(done, "till/totals_sql")[EVERY_ROW].description == "0 rows are in the database, 0 were given"


def test_each_day_of_a_run_replaces_its_own_rows(shop: Till) -> None:
    shop.materialise("2026-01-30", "2026-01-31", select=DAYS)
    assert shop.found("days") == [("2026-01-30", 1, 1), ("2026-01-31", 1, 1.1), ("2026-01-31", 2, 2.2)]
    shop.land("2026-01-31", (2, "9.99"))
    shop.materialise("2026-01-31", select=f"{TABLES} or {DAYS}")
    assert shop.found("days", "day", "total", "at") == [
        ("2026-01-30", 1, "2026-01-30 00:00:00.000000"),
        ("2026-01-31", 9.99, "2026-01-31 00:00:00.000000"),
    ]


def test_days_that_are_not_published_are_told(shop: Till) -> None:
    said = failure(shop.materialise("2026-02-02", select=MONTH, check=False))
    assert "till/totals has no data yet for 2026-02-02: materialise it first" in said


def test_rows_of_another_month_than_they_stand_for_are_refused(shop: Till) -> None:
    shop.land("2026-02-02", (3, "1.00"), month="2026-01")
    shop.materialise("2026-02-02", select=TABLES)
    result = shop.materialise("2026-02-02", select=MONTH, check=False)
    assert "rows_in_window: 1 of 1 rows are of another month than they stand for, such as 2026-02" in failure(result)
    assert not checks(result, "till/totals_sql")["rows_in_window"].passed
    assert not shop.file.exists()


def test_rows_that_break_a_rule_are_refused(shop: Till) -> None:
    shop.land("2026-02-02", (3, "1000.00"))
    shop.materialise("2026-02-02", select=TABLES)
    result = shop.materialise("2026-02-01", "2026-02-02", select=DAYS, check=False)
    assert "total_less_than: 1 of 2 rows break: `total` is less than 1000" in failure(result)
    assert not shop.file.exists()


class PersonalDays(Days):
    """Days of persons."""

    customer_id: T.LongType = Field(personal=True, description="Who")


def test_rows_that_break_a_rule_are_shown_without_what_is_personal(shop: Till) -> None:
    persons = FoundDomain(till, "till", (raw_totals, totals, replace(days_sql, contract=compiled(PersonalDays))))
    platform = Till(shop.root, domains=[persons])
    platform.land("2026-02-01", (3, "1000.00"))
    platform.materialise("2026-02-01", select='key:"till/raw_totals" or key:"till/totals"')
    for shows in (True, False):
        own = Till(shop.root, domains=[persons], show_pii=shows)
        found = checks(own.materialise("2026-02-01", select=DAYS, check=False), "till/days_sql")["total_less_than"]
        assert not found.passed
        assert [row["customer_id"] for row in found.metadata["samples"].value] == [3 if shows else "(personal)"]


def test_everything_is_due_until_it_is_written_and_then_nothing(shop: Till) -> None:
    missing = {day: ["missing"] for day in ("30", "31", "01")}
    assert reasons(shop, "till") == {"totals_sql": missing, "days_sql": missing}
    outcomes, _ = applied(shop, "till")
    assert built(outcomes) == [("30-1", "days_sql", "totals_sql")]
    assert reasons(shop, "till") == {}
    shop.land("2026-01-31", (1, "5.00"))
    outcomes, _ = applied(shop, "till")
    assert built(outcomes)[-1] == ("31", "days_sql", "totals_sql")
    assert shop.found() == [("2026-01", 1, 5), ("2026-02", 3, 30)]
    other = Till(shop.root, till_least=2)
    assert reasons(other, "till") == {"days_sql": {day: ["settings PLATFORM_TILL_LEAST"] for day in missing}}
    shop.file.rename(shop.root / "kept.db")
    moved = Till(shop.root, shown=False, till_sql_url=f"sqlite:///{shop.root}/other.db")
    assert reasons(moved, "till") == {"totals_sql": missing, "days_sql": missing}
    assert list(adopt(shop.catalog, shop.catalog.declared, lambda: pytest.fail("it reads rows"))) == []


def test_the_day_that_a_month_is_of_is_known_also_when_another_was_run(shop: Till) -> None:
    shop.materialise("2026-01-30", "2026-01-31", select=MONTH)
    shop.land("2026-01-31", (1, "7.00"))
    shop.materialise("2026-01-31", select=TABLES)
    assert reasons(shop, "till")["totals_sql"]["31"] == ["inputs totals"]
    shop.materialise("2026-01-30", select=MONTH)
    assert shop.found() == [("2026-01", 1, 7)]
    assert "31" not in reasons(shop, "till")["totals_sql"]


def test_without_a_database_nothing_is_written_or_due_and_all_else_goes_on(shop: Till) -> None:
    platform = Till(shop.root, shown=False)
    result = platform.materialise("2026-01-30", "2026-02-01", select="group:till")
    built_keys = {event.asset_key.to_user_string() for event in result.all_events if event.is_step_materialization}
    assert built_keys == {"till/raw_totals", "till/totals"}
    assert set(checks(result, "till/totals")) > {"up_to_date"}
    key = till.key("totals_sql")
    said = "PLATFORM_TILL_SQL_URL is not set: till/totals_sql is written nowhere"
    assert platform.definitions.resolve_asset_graph().get(key).metadata["database"] == f"none: {said}"
    log = [event.user_message for event in platform.instance.all_logs(result.run_id) if event.step_key]
    assert f"{said}." in log
    assert due_of(platform, "till").days[key] == {}
    assert not shop.file.exists()


def test_the_database_is_shown_as_a_drum_in_the_picture_of_the_assets() -> None:
    assert "    till/totals --> till/totals_sql[(till/totals_sql)]" in graph([FOUND]).splitlines()


def overtake(monkeypatch: pytest.MonkeyPatch, others: Callable[[], Any]) -> None:
    """Let others do something once a run has read its rows, the first time that it does."""
    write, times = SqlTableDefinition._write, []

    def overtaken(self: SqlTableDefinition, *arguments: Any) -> Any:
        found = write(self, *arguments)
        if not times:
            times.append(1)
            others()
        return found

    monkeypatch.setattr(SqlTableDefinition, "_write", overtaken)


def test_a_run_whose_input_is_replaced_meanwhile_is_tried_again_on_the_new_one(
    shop: Till, monkeypatch: pytest.MonkeyPatch
) -> None:
    def others() -> None:
        shop.land("2026-02-02", (5, "5.00"))
        shop.materialise("2026-02-02", select=TABLES)

    overtake(monkeypatch, others)
    assert shop.materialise("2026-02-01", select=MONTH).success
    assert shop.found() == [("2026-02", 5, 5)], "that day is the newest now"


def test_rows_that_break_a_rule_and_are_out_of_date_are_read_again(shop: Till, monkeypatch: pytest.MonkeyPatch) -> None:
    def others() -> None:
        shop.land("2026-02-01", (3, "3.00"))
        shop.materialise("2026-02-01", select=TABLES)

    shop.land("2026-02-01", (3, "1000.00"))
    shop.materialise("2026-02-01", select=TABLES)
    overtake(monkeypatch, others)
    assert shop.materialise("2026-02-01", select=DAYS).success
    assert shop.found("days") == [("2026-02-01", 3, 3)]


def test_two_that_would_be_written_over_each_other_are_refused(tmp_path: Path) -> None:
    settings = Till(tmp_path).settings
    same = replace(totals_sql, name="totals")
    with pytest.raises(WrongSettings, match="till/totals_sql and till/totals would be written over each other"):
        refuse_same_places([totals_sql, days_sql, same], settings)
    refuse_same_places([totals_sql, days_sql], settings)
    with pytest.raises(WrongSettings, match="PLATFORM_TILL_SQL_URL cannot be used: it names oracle"):
        refuse_same_places([totals_sql], settings_for([FOUND], till_sql_url="oracle://host/base"))


class WithSecret(DomainSettings):
    """Settings of a domain that has a database."""

    url: SecretStr | None = None
    """A database."""
    plain: str = ""
    """A database whose password anybody sees."""


news = Domain("news", owner="team:news", settings=WithSecret)


class Lists(Contract):
    """Rows that no database holds."""

    day: T.DateType = Field(description="Day")
    names: T.StringType = Field(nullable=True, description="Names")

    class Config:
        unique = ["day", "names"]


def shown(totals: DataFrame) -> DataFrame:
    """The function of the declarations below."""
    return totals.where(F.lit(True))


class OfNoMonth(Contract, whole=True):
    """Rows of which those of one month could have the key of another's."""

    month: T.StringType = Field(description="The month")
    customer_id: T.LongType = Field(description="Who")

    class Config:
        unique = ["customer_id"]


class AboutDays(Totals):
    """Has a rule over the day."""

    class Config:
        columns_agree = {"rules": {"of_its_month": "date_format(day, 'yyyy-MM') = month"}}


@pytest.mark.parametrize(
    ("declare", "said"),
    [
        (lambda: sql_table(Totals, Monthly("mnth"), domain=news, url="url"), "must have that column, as T.StringType"),
        (lambda: sql_table(Totals, Daily("month"), domain=news, url="url"), "must have that column, as T.DateType"),
        (lambda: sql_table(Totals, "month", domain=news, url="url"), "write Daily(column) or Monthly(column)"),  # type: ignore[arg-type]
        (
            lambda: sql_table(Totals, Monthly("month"), domain=news, url="urls"),
            "url='urls' is no setting. Did you mean url",
        ),
        (
            lambda: sql_table(Totals, Monthly("month"), domain=news, url="plain"),
            "declare it as `plain: SecretStr | None",
        ),
        (lambda: sql_table(Lists, Daily("day"), domain=news, url="url"), "the column names of the key may be NULL"),
        (lambda: sql_table(AboutDays, Monthly("month"), domain=news, url="url"), "the rule of_its_month is about day"),
        (
            lambda: sql_table(OfNoMonth, Monthly("month"), domain=news, url="url"),
            "the key (Config.unique) of OfNoMonth",
        ),
    ],
)
def test_what_no_database_can_hold_is_told_with_its_file(declare: Callable[[], Any], said: str) -> None:
    with pytest.raises(DeclarationError) as refused:
        declare()(shown)
    assert said in str(refused.value)
    assert "test_sql_tables.py:" in str(refused.value)


def shown_raw(raw_totals: DataFrame) -> DataFrame:
    """Rows that are rejected as well."""
    return raw_totals


def shown_whole(customers: DataFrame) -> DataFrame:
    """Rows of no day."""
    return customers


def test_raw_tables_and_tables_without_days_alone_are_not_shown_in_a_database() -> None:
    declare = sql_table(Totals, Monthly("month"), domain=till, url="sql_url", inputs={"customers": "retail/customers"})
    with pytest.raises(DeclarationError, match="till/raw_totals is a raw table, with rejected rows"):
        sql_table(Totals, Monthly("month"), domain=till, url="sql_url")(shown_raw).refuse_sources(
            {raw_totals.key: raw_totals}
        )
    with pytest.raises(DeclarationError, match="none of the tables that it reads has days"):
        declare(shown_whole).refuse_sources({customers.key: customers})


def test_a_name_has_at_most_the_characters_that_every_database_keeps() -> None:
    assert replace(totals_sql, name="x" * 63).table == "x" * 63
    with pytest.raises(DeclarationError, match="is longer than the 63 characters"):
        replace(totals_sql, name="x" * 64)
