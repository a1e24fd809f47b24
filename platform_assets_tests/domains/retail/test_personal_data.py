"""Personal data is in the tables, and in nothing that is said of them."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import dagster as dg
import pytest
from pyspark.sql import functions as F

from platform_assets.assets.guards import KnownValues
from platform_assets.assets.tables import TableDefinition
from platform_assets.contracts.compiled import compiled
from platform_assets.contracts.contract import Contract, Field, T
from platform_assets.docs.dictionary import write_pages
from platform_assets.domains.retail.customers import customers
from platform_assets.domains.retail.customers_data_mart import customers_data_mart
from platform_assets.domains.retail.customers_data_mart_csv import customers_data_mart_csv
from platform_assets.domains.retail.raw_customers import raw_customers
from platform_assets.errors import DeclarationError
from platform_assets.exports.csv import Csv
from platform_assets.lake.engines.engine import Engine
from platform_assets.lake.engines.refusals import told
from platform_assets.masking import without_values
from platform_assets_tests.support.lake.visits import Visits
from platform_assets_tests.support.platforms import Platform, failure
from platform_assets_tests.support.settings import TABLES
from platform_assets_tests.support.shop import DAYS, Shop, web

ONE = "2026-01-01"
HEADER = "customer_id,first_name,last_name,address,pincode,phone_number,customer_joining_date"
PERSON = "Zebedee,Quillfeather,Mulberry Lane 9,77001,555-0199"
RAW = 'key:"retail/raw_customers"'


def said(result: dg.ExecuteInProcessResult, capfd: pytest.CaptureFixture[str]) -> str:
    """All that a run has said: its events with checks and metadata, and its log."""
    return "".join([*map(repr, result.all_events), *capfd.readouterr()])


def refused(platform: Platform) -> dg.ExecuteInProcessResult:
    """A run over a delivery of which most rows are rejected, in several ways."""
    lines = [f"{n},{PERSON},31.1.2020" for n in range(20)]
    lines += [f"x{n},{PERSON},2020-01-31" for n in range(5)] + [f"7,{PERSON}" for _ in range(5)]
    platform.deliver("customers", ONE, "customers.csv", [HEADER, *lines])
    return platform.materialise(ONE, select=RAW, check=False)


def test_rejected_rows_are_counted_and_placed_and_their_text_is_not_shown(
    platform: Platform, capfd: pytest.CaptureFixture[str]
) -> None:
    result = refused(platform)
    assert not result.success
    assert re.search(r"customers\.csv, line \d+: invalid_customer_joining_date: \(personal\)\n", failure(result))
    everything = said(result, capfd)
    assert not [part for part in PERSON.split(",") if part in everything]


def test_the_text_is_shown_where_a_setting_says_so(platforms: Callable[..., Platform]) -> None:
    assert "Quillfeather" in failure(refused(platforms("shown", show_pii=True)))


def test_the_text_of_good_and_rejected_rows_is_in_the_tables(platform: Platform) -> None:
    platform.deliver("customers", ONE, "customers.csv", [HEADER, f"1,{PERSON},2020-01-31", f"x,{PERSON},2020-01-31"])
    platform.materialise(ONE, select=RAW)
    rows = platform.rows("retail/raw_customers", "last_name", "raw")
    assert [row["last_name"] for row in rows] == ["Quillfeather"] * 2
    assert any("Quillfeather" in (row["raw"] or "") for row in rows)


def test_what_is_made_of_personal_columns_is_personal_too() -> None:
    names = ["first_name", "last_name", "address", "pincode", "phone_number"]
    assert raw_customers.contract.personal == [*names, "raw"]
    assert customers.contract.personal == names
    assert customers_data_mart.contract.personal == ["full_name", "address", "phone_number"]


def test_the_dictionary_marks_personal_columns(tmp_path: Any) -> None:
    write_pages(TABLES, tmp_path)
    page = (tmp_path / "retail" / "customers.md").read_text()
    assert "| Last name (personal) |" in page
    assert "Identity of the customer (personal)" not in page


class Guests(Contract):
    """Guests by day."""

    day: T.DateType = Field(description="UTC day")
    page: T.StringType = Field(personal=True, str_matches="/a", description="Who")
    visits: T.LongType = Field(description="How many")


def guests(engine: Engine, tmp_path: Any, transform: Callable[..., Any]) -> tuple[dg.ExecuteInProcessResult, str]:
    """A run of a table with a personal column, and why it was refused."""
    result = Shop(engine, tmp_path).run(TableDefinition(web, "page_visits", transform, compiled(Guests)), DAYS[0])
    return result, failure(result)


def test_samples_of_broken_rules_show_no_personal_value(
    engine: Engine, tmp_path: Any, capfd: pytest.CaptureFixture[str]
) -> None:
    def named(visits: Any) -> Any:
        return visits.select("day", F.lit("Quillfeather").alias("page"), "visits")

    result, why = guests(engine, tmp_path, named)
    assert "page" in why
    everything = said(result, capfd)
    assert "(personal)" in everything
    assert "Quillfeather" not in everything


def failing(visits: Any) -> Any:
    """An error of the engine that names a value."""
    name = F.concat(F.lit("Quill"), F.lit("feather"), F.col("page"))
    return visits.select("day", F.lit("/a").alias("page"), name.cast("bigint").alias("visits"))


@pytest.mark.parametrize("debug", [False, True])
def test_an_error_of_the_engine_tells_no_value_that_it_failed_at(
    engine: Engine, tmp_path: Any, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, debug: bool
) -> None:
    monkeypatch.setattr("platform_assets.assets.failures.debugging", lambda: debug)
    result, why = guests(engine, tmp_path, failing)
    assert "(personal)" in why
    assert "feather" not in said(result, capfd)


def test_an_error_over_what_is_personal_where_it_is_read_tells_no_value_either(engine: Engine, tmp_path: Any) -> None:
    class Named(Visits):
        """Visits whose pages are personal."""

        page: T.StringType = Field(personal=True, description="Who")

    shop = Shop(engine, tmp_path)
    shop.source = web.table("visits", compiled(Named), shop.settings)
    why = failure(shop.run(shop.definition(failing), DAYS[0]))
    assert "(personal)" in why
    assert "feather" not in why


def test_only_values_are_taken_out_of_what_an_engine_says() -> None:
    error = ValueError("Cannot cast string 'Ada L' to Int32: 555-0199 of \"Ada\" is no number")
    assert told(error) == f"ValueError: {error}"
    assert told(error, hides_values=True) == "ValueError: Cannot cast string (personal) is no number"


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("Cannot cast string 'Sean O'Zaphod from Betelgeuse' to Int32", "Cannot cast string (personal) to Int32"),
        ("Duplicate entry 'O'Zaphod, Betelgeuse Lane' for key 'ux'", "Duplicate entry (personal)"),
        ("no number: 'Zaphod Beeble", "no number: (personal)"),
        ("violates a rule DETAIL: Failing row contains (1, Zaphod)", "violates a rule"),
        ("the telephone 0041-79-555.01 is none", "the telephone (personal) is none"),
        ("the disk is full", "the disk is full"),
    ],
)
def test_a_value_is_taken_out_whole_whatever_is_in_it(said: str, shown: str) -> None:
    assert without_values(said) == shown


def test_a_contract_with_nothing_personal_hides_nothing() -> None:
    class Plain(Contract):
        """Anything."""

        day: T.DateType = Field(description="UTC day")

    assert compiled(Plain).personal == []


def test_files_are_not_named_by_personal_data() -> None:
    document = replace(customers_data_mart_csv, format=Csv("{full_name}.csv", ("address",)))
    with pytest.raises(DeclarationError, match="named by full_name, which is personal"):
        document.refuse_sources({customers_data_mart.key: customers_data_mart})


def test_a_guard_that_would_show_personal_values_is_refused() -> None:
    with pytest.raises(DeclarationError, match="a guard would show values of page, which are personal"):
        TableDefinition(web, "guests", _pages, compiled(Guests), guards=(KnownValues("visits", "page", "page"),))


def _pages(visits: Any) -> Any:
    """Anything."""
    return visits


def test_a_line_that_is_taken_for_a_header_is_not_shown(platform: Platform, capfd: pytest.CaptureFixture[str]) -> None:
    header = "customer_id,first_name,Zebedee Quillfeather,Zebedee Quillfeather"
    platform.deliver("customers", ONE, "two.csv", [header, "1,a,b,c"])
    platform.deliver("customers", ONE, "good.csv", [HEADER, f"1,{PERSON},2020-01-31"])
    result = platform.materialise(ONE, select=RAW)
    everything = said(result, capfd)
    assert "two.csv: the header names a column more than once" in everything
    assert "Quillfeather" not in everything
