"""The audit: what it finds in staged rows, how many, and which rows it shows."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any

import dagster as dg
import pytest
from pyspark.sql import DataFrame

from platform_assets.assets.checks import check_result
from platform_assets.contracts.compiled import compiled
from platform_assets.contracts.contract import Contract, Field, T
from platform_assets.contracts.rules import UNIQUE
from platform_assets.errors import DeclarationError, PlatformError
from platform_assets.lake import audit as audits
from platform_assets.lake.audit import (
    COLUMNS,
    VOLUME,
    WINDOW,
    Balance,
    Finding,
    Repeats,
    audit,
    audit_columns,
    audit_rules,
    checks_of,
    refuse,
    refuse_floating,
)
from platform_assets.lake.engines.engine import Engine
from platform_assets.lake.tables.staging import Staged
from platform_assets.lake.tables.table import Table
from platform_assets_tests.support.lake.visits import Visits, january, publish, visits, visits_table

COLUMNS_OF_ORDERS = "day date, shop string, number bigint, price double, paid double"


class Orders(Contract):
    """One row per order, with rules of every kind."""

    day: T.DateType = Field(description="UTC day of the order")
    shop: T.StringType = Field(str_matches="[a-z]+$", description="Shop")
    number: T.LongType = Field(nullable=True, description="Number within the shop")
    price: T.DoubleType = Field(description="Price")
    paid: T.DoubleType = Field(nullable=True, le=1000, raise_warning=True, description="Paid so far")

    class Config:
        unique = ["day", "shop", "number"]
        columns_agree = {"rules": {"paid_at_most_price": "paid <= price"}}


@pytest.fixture
def table(tmp_path: Path) -> Table:
    """The table `shop/orders`, not published yet."""
    return Table("shop", "orders", compiled(Orders), str(tmp_path / "lake" / "shop" / "orders"))


def orders(engine: Engine, table: Table, *rows: tuple[Any, ...], days: Sequence[int] = (1,)) -> Staged:
    """Stage orders (day of January, shop, number, price, paid)."""
    dated = [(january(row[0]) if row[0] else None, *row[1:]) for row in rows]
    frame = engine.session.createDataFrame(dated, COLUMNS_OF_ORDERS) if rows else None
    return table.stage(engine, frame, "run-1", [january(day) for day in days])


def findings(
    engine: Engine, staged: Staged, balances: Sequence[Balance] = (), **inputs: DataFrame
) -> dict[str, Finding]:
    """What the audit finds, by check."""
    return {finding.check: finding for finding in audit(staged, engine, balances, inputs)}


def broken(found: dict[str, Finding]) -> list[str]:
    """The checks that did not pass."""
    return [name for name, finding in found.items() if not finding.passed]


def sample_rows(finding: Finding) -> Any:
    """The rows that a finding shows."""
    return finding.details["samples"]


def test_good_rows_keep_every_rule(engine: Engine, table: Table) -> None:
    staged = orders(engine, table, (1, "a", 1, 5.0, 5.0), (1, "a", 2, 5.0, None), (1, "b", 1, 5.0, 0.0))
    found = findings(engine, staged)
    assert broken(found) == []
    assert set(checks_of(table.contract)) == found.keys() | {COLUMNS}
    assert refuse(list(found.values()), table.key) is None


def test_a_day_without_rows_keeps_every_rule(engine: Engine, table: Table) -> None:
    source = visits(engine)
    balance = Balance("all_visits", "visits", "sum(visits)", "sum(number)", {"odd": "count_if(visits < 0)"})
    for staged in (orders(engine, table), orders(engine, table, days=(1, 2))):
        assert broken(findings(engine, staged, [balance], visits=source)) == []
    empty = table.stage(engine, engine.session.createDataFrame([], COLUMNS_OF_ORDERS), "run-2", [january(1)])
    assert (empty.rows, empty.rows_by_day) == (0, {january(1).isoformat(): 0})
    assert broken(findings(engine, empty, [balance], visits=source)) == []


def test_missing_values_are_counted_and_shown(engine: Engine, table: Table) -> None:
    staged = orders(engine, table, (1, None, 1, 5.0, 5.0), (1, None, 2, 5.0, 5.0), (1, "a", None, 5.0, None))
    found = findings(engine, staged)
    assert broken(found) == ["shop_not_null"]
    assert found["shop_not_null"].details["rows"] == 2
    assert found["shop_not_null"].summary == "2 of 3 rows break: `shop` is never NULL"
    assert sorted(row["number"] for row in sample_rows(found["shop_not_null"])) == [1, 2]


def test_nan_counts_as_missing_where_file_statistics_do_not_know_it(engine: Engine, table: Table) -> None:
    staged = orders(engine, table, (1, "a", 1, float("nan"), None), (1, "a", 2, None, None), (1, "a", 3, 1.0, None))
    found = findings(engine, staged)
    assert found["price_not_null"].details["rows"] == 2
    assert sorted(row["number"] for row in sample_rows(found["price_not_null"])) == [1, 2]


def test_nulls_are_counted_in_the_rows_where_files_have_no_statistics(
    engine: Engine, table: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Staged, "nulls", lambda self, column: None)
    found = findings(engine, orders(engine, table, (1, None, 1, 5.0, 5.0), (1, "a", 2, 5.0, 5.0)))
    assert broken(found) == ["shop_not_null"]
    assert found["shop_not_null"].details["rows"] == 1


def test_values_that_break_a_rule_are_counted_and_a_few_are_shown(engine: Engine, table: Table) -> None:
    staged = orders(engine, table, *[(1, f"Shop {n}", n, 5.0, 5.0) for n in range(8)], (1, "a", 1, 5.0, 5.0))
    found = findings(engine, staged)
    assert broken(found) == ["shop_str_matches"]
    assert found["shop_str_matches"].details["rows"] == 8
    shown = sample_rows(found["shop_str_matches"])
    assert len(shown) == 5
    assert all(row["shop"].startswith("Shop ") for row in shown)


def test_a_repeated_key_is_counted_and_shown_null_being_a_value_like_any_other(engine: Engine, table: Table) -> None:
    rows = [(1, "a", 1, 5.0, None)] * 3 + [(1, "a", None, 5.0, None)] * 2 + [(2, "a", 1, 5.0, None)]
    found = findings(engine, orders(engine, table, *rows, days=(1, 2)))
    assert broken(found) == [UNIQUE]
    assert found[UNIQUE].details["rows"] == 3
    assert found[UNIQUE].summary == "3 of 6 rows repeat a key: no two rows have the same day, shop, number"
    shown = sorted(sample_rows(found[UNIQUE]), key=lambda row: row["rows"])
    assert [(row["shop"], row.get("number"), row["rows"]) for row in shown] == [("a", None, 2), ("a", 1, 3)]


def test_of_hidden_columns_no_value_is_shown_and_whether_there_is_one_still_is(engine: Engine) -> None:
    rows = visits(engine, (1, "Ada", 1, None), (1, "Ada", 1, "twice"), (1, "Bob", -1, None))
    found, _ = audit_rules(compiled(Visits).rules, engine, rows, 3, hidden=["page", "note"])
    assert {finding.check: sample_rows(finding) for finding in found if not finding.passed} == {
        "unique_key": [{"day": "2026-01-01", "page": "(personal)", "rows": 2}],
        "visits_greater_than_or_equal_to": [{"day": "2026-01-01", "page": "(personal)", "visits": -1}],
    }


def test_the_same_row_twice_and_nothing_else_is_found(engine: Engine, table: Table) -> None:
    found = findings(engine, orders(engine, table, (1, "a", 1, 5.0, None), (1, "a", 1, 5.0, None)))
    assert broken(found) == [UNIQUE]
    assert found[UNIQUE].details["rows"] == 1


def test_keys_whose_hashes_collide_are_told_apart(
    engine: Engine, table: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    hash_of = audits._hash
    monkeypatch.setattr(audits, "_hash", lambda columns: f"pmod({hash_of(columns)}, 2)")
    different = [(1, "a", number, 5.0, None) for number in range(3)]
    assert findings(engine, orders(engine, table, *different))[UNIQUE].passed
    found = findings(engine, orders(engine, table, *different, different[0]))
    assert found[UNIQUE].details["rows"] == 1


def test_columns_that_disagree_are_counted_and_shown(engine: Engine, table: Table) -> None:
    rows = [(1, "a", 1, 5.0, 5.5), (1, "a", 2, 5.0, 5.0), (1, "a", 3, 5.0, None)]
    found = findings(engine, orders(engine, table, *rows))
    assert broken(found) == ["paid_at_most_price"]
    assert [row["number"] for row in sample_rows(found["paid_at_most_price"])] == [1]


def test_a_warning_is_reported_and_stops_nothing(engine: Engine, table: Table) -> None:
    found = findings(engine, orders(engine, table, (1, "a", 1, 5000.0, 1000.5)))
    (name,) = broken(found)
    assert name == "paid_less_than_or_equal_to"
    result = check_result(dg.AssetKey("orders"), found[name])
    assert (result.passed, result.severity) == (False, dg.AssetCheckSeverity.WARN)
    assert refuse(list(found.values()), table.key) is None


def test_rows_outside_the_runs_days_are_counted_by_day(engine: Engine, table: Table) -> None:
    rows = [(1, "a", 1, 5.0, None), (7, "a", 1, 5.0, None), (7, "a", 2, 5.0, None), (None, "a", 1, 5.0, None)]
    found = findings(engine, orders(engine, table, *rows, days=(1, 2)))
    assert broken(found) == [WINDOW, "day_not_null"]
    assert found[WINDOW].summary == "3 of 4 rows lie outside the run's days, in None, 2026-01-07"
    assert found["day_not_null"].details["rows"] == 1


def test_missing_extra_and_wrongly_typed_columns_are_named(engine: Engine) -> None:
    frame = engine.session.createDataFrame([], "day date, shop string, number string, paid double, colour string")
    finding = audit_columns(compiled(Orders), frame)
    assert not finding.passed
    assert "price is missing" in finding.summary
    assert "colour is not in the contract" in finding.summary
    assert "number has type string, the contract says bigint" in finding.summary
    again = audit_columns(compiled(Orders), engine.session.createDataFrame([], COLUMNS_OF_ORDERS))
    assert (again.passed, again.summary) == (True, "5 columns as agreed")


BALANCE = Balance("orders_are_visits", "visits", "sum(visits)", "sum(number)", {"unwanted": "count_if(visits = 9)"})


def test_totals_that_agree_are_shown_with_their_parts(engine: Engine, table: Table) -> None:
    source = visits(engine, (1, "/a", 6, None), (1, "/b", 9, None))
    staged = orders(engine, table, (1, "a", 6, 5.0, None), (1, "a", 8, 5.0, None))
    found = findings(engine, staged, [BALANCE], visits=source)
    assert broken(found) == []
    assert found["orders_are_visits"].summary == "visits 15 = 14 + 1 unwanted"
    assert found["orders_are_visits"].details == {"visits": 15, "staged": 14, "unwanted": 1}


def test_totals_that_do_not_agree_stop_the_table(engine: Engine, table: Table) -> None:
    source = visits(engine, (1, "/a", 6, None), (1, "/b", 9, None))
    found = findings(engine, orders(engine, table, (1, "a", 6, 5.0, None)), [BALANCE], visits=source)
    assert broken(found) == ["orders_are_visits"]
    assert found["orders_are_visits"].summary == "visits 15 ≠ 6 + 1 unwanted"
    empty = findings(engine, orders(engine, table), [BALANCE], visits=source)
    assert broken(empty) == ["orders_are_visits"]


SPLIT = Balance(
    "orders_are_visits",
    "visits",
    "sum(visits)",
    "sum(CASE WHEN day <= DATE '{last}' THEN number END)",
    {"unwanted": "count_if(day = DATE '{last}' AND visits = 9)"},
    added={"left_yesterday": "sum(visits)", "found": "count(*)"},
    elsewhere={"left": "sum(CASE WHEN day = DATE '{last}' THEN visits END)"},
)


def test_totals_over_several_inputs_agree_on_the_last_day_of_the_run(engine: Engine, table: Table) -> None:
    inputs = {
        "visits": visits(engine, (1, "/a", 4, None), (2, "/b", 9, None)),
        "left_yesterday": visits(engine, (1, "/c", 3, None)),
        "found": visits(engine),
        "left": visits(engine, (1, "/d", 100, None), (2, "/d", 5, None)),
    }
    staged = orders(engine, table, (1, "a", 4, 5.0, None), (2, "a", 6, 5.0, None), days=(1, 2))
    found = findings(engine, staged, [SPLIT], **inputs)
    assert broken(found) == []
    assert found["orders_are_visits"].summary == "visits 13 + left_yesterday 3 + found 0 = 10 + 1 unwanted + 5 left"
    assert found["orders_are_visits"].details == {
        **{"visits": 13, "left_yesterday": 3, "found": 0},
        **{"staged": 10, "unwanted": 1, "left": 5},
    }
    lost = findings(engine, staged, [SPLIT], **inputs | {"left": visits(engine, (1, "/d", 100, None))})
    assert broken(lost) == ["orders_are_visits"]
    assert lost["orders_are_visits"].summary == "visits 13 + left_yesterday 3 + found 0 ≠ 10 + 1 unwanted + 0 left"


class Takings(Contract):
    """What a shop took."""

    day: T.DateType = Field(description="UTC day")
    amount: Annotated[T.DecimalType, 12, 2] = Field(description="Money")
    share: T.DoubleType = Field(nullable=True, description="Share of it that was paid by card")


def takings(engine: Engine, place: Path, *amounts: str) -> Staged:
    """Stage amounts of a day."""
    table = Table("shop", "takings", compiled(Takings), str(place / "lake" / "shop" / "takings"))
    rows = [(january(1), Decimal(amount), None) for amount in amounts]
    frame = engine.session.createDataFrame(rows, table.contract.spark_schema)
    return table.stage(engine, frame, "run-1", [january(1)])


MONEY = Balance("every_cent", "sales", "sum(amount)", "sum(amount)", {"discounts": "-sum(discount)"})


@pytest.mark.parametrize(
    ("discount", "passed", "said"),
    [
        ("0.02", True, "sales 100.03 = 100.01 + 0.02 discounts"),
        ("0.03", False, "sales 100.03 ≠ 100.01 + 0.03 discounts"),
    ],
)
def test_money_is_compared_to_the_cent(engine: Engine, tmp_path: Path, discount: str, passed: bool, said: str) -> None:
    staged = takings(engine, tmp_path, "99.99", "0.02")
    sales = engine.session.createDataFrame(
        [(Decimal("60.01"), -Decimal(discount)), (Decimal("40.02"), None)],
        "amount decimal(12,2), discount decimal(12,2)",
    )
    found = findings(engine, staged, [MONEY], sales=sales)["every_cent"]
    assert (found.passed, found.summary) == (passed, said)
    assert found.details == {"sales": "100.03", "staged": "100.01", "discounts": discount}
    check_result(dg.AssetKey("takings"), found)


def test_a_total_that_comes_out_as_a_floating_point_number_stops_the_table(engine: Engine, tmp_path: Path) -> None:
    staged = takings(engine, tmp_path, "99.99")
    sales = engine.session.createDataFrame([(99.99,)], "amount double")
    with pytest.raises(PlatformError, match=r"The balance every_cent cannot be held: sum\(amount\) is float 99.99"):
        findings(engine, staged, [Balance("every_cent", "sales", "sum(amount)", "sum(amount)")], sales=sales)


@pytest.mark.parametrize(
    "sql", ["sum(share)", "SUM( `share` )", "avg(amount)", "sum(amount / 3)", "sum(CAST(amount AS DOUBLE))"]
)
def test_a_floating_point_total_is_an_error_when_definitions_load(sql: str) -> None:
    with pytest.raises(DeclarationError, match=r"the balance every_cent has .*, a floating-point number \("):
        refuse_floating(MONEY, sql, compiled(Takings))


@pytest.mark.parametrize("sql", ["sum(amount)", "count(*)", "count_if(share > 0.5)", "sum(CASE WHEN true THEN 1 END)"])
def test_a_total_of_whole_numbers_or_decimals_is_none(sql: str) -> None:
    refuse_floating(MONEY, sql, compiled(Takings))


COPIES = Balance("each_once", "visits", "count(*)", left_out={"copies": Repeats(("day", "page"), "visits > 0")})


@pytest.mark.parametrize("colliding", [False, True], ids=["hashes", "hashes_that_are_all_the_same"])
def test_rows_that_repeat_a_key_are_counted_exactly_also_when_hashes_collide(
    engine: Engine, table: Table, monkeypatch: pytest.MonkeyPatch, colliding: bool
) -> None:
    rows = [(1, "/a", 1, None), (1, "/a", 2, None), (1, "/a", 0, None), (1, "/b", 1, None), (2, "/a", 1, None)]
    source = visits(engine, *rows, (2, "/a", 1, "again")).where("visits > 0")
    if colliding:
        monkeypatch.setattr(audits, "_hash", lambda columns: "cast(7 as bigint)")
    staged = orders(engine, table, (1, "a", 1, 5.0, None), (1, "b", 2, 5.0, None), (1, "c", 3, 5.0, None))
    assert findings(engine, staged, [COPIES], visits=source)["each_once"].summary == "visits 5 = 3 + 2 copies"
    lost = orders(engine, table, (1, "a", 1, 5.0, None), (1, "b", 2, 5.0, None))
    assert findings(engine, lost, [COPIES], visits=source)["each_once"].summary == "visits 5 ≠ 2 + 2 copies"


def test_elements_of_arrays_that_repeat_a_key_are_counted_of_the_rows_that_count(engine: Engine) -> None:
    rows = [
        ("T-1", True, [("a", 1), ("b", 1), ("a", 2)]),
        *(("T-1", True, [("b", 2)]), ("T-1", False, [("b", 3), ("c", 4)]), ("T-2", True, [("a", 1), (None, 1)])),
        *(("T-1", True, []), ("T-1", True, None), ("T-2", True, [(None, 2)])),
    ]
    schema = "truck string, good boolean, said array<struct<name:string,truck:int>>"
    source = engine.session.createDataFrame(rows, schema)
    # What the row itself has is not looked for in the elements.
    repeats = Repeats(("truck", "name"), "good", each_of="said")
    assert repeats.rows(source).columns == ["truck", "name"]
    of_elements = Repeats(("good", "name", "truck"), each_of="said").rows(source.drop("truck"))
    assert of_elements.where("name = 'c'").collect() == [(False, "c", 4)]
    found = sorted(repeats.rows(source).collect(), key=str)
    assert found == [("T-1", "a"), ("T-1", "a"), ("T-1", "b"), ("T-1", "b"), ("T-2", "a"), ("T-2", None), ("T-2", None)]
    assert audits._extra(audits._repeated(repeats.rows(source), repeats.key)) == 3


def test_only_rows_that_meet_the_condition_repeat_a_key(engine: Engine) -> None:
    source = visits(engine, (1, "/a", 1, None), (1, "/a", 0, None), (1, "/b", 2, None), (1, "/b", 3, None))
    assert Repeats(("day", "page"), "visits > 0").rows(source).count() == 3


def test_a_day_that_shrinks_far_is_a_warning_that_says_from_what_to_what(engine: Engine, tmp_path: Path) -> None:
    table = visits_table(tmp_path)
    before = [(day, f"/{n}", 1, None) for day in (1, 2, 3, 4) for n in range(4)]
    publish(engine, table, "run-1", [1, 2, 3, 4], *before)
    now = [(1, f"/{n}", 1, None) for n in range(2)] + [(2, "/0", 1, None)] + [(5, "/0", 1, None)]
    staged = table.stage(engine, visits(engine, *now), "run-2", [january(day) for day in (1, 2, 3, 5)])
    volume = findings(engine, staged)[VOLUME]
    assert (volume.passed, volume.warning) == (False, True)
    assert volume.details == {"days": {"2026-01-02": "4 -> 1", "2026-01-03": "4 -> 0"}}
    assert volume.summary == "2 days have far fewer rows than before"


def test_a_refusal_names_the_table_and_every_broken_rule(engine: Engine, table: Table) -> None:
    found = findings(engine, orders(engine, table, (1, "A", 1, 5.0, 6.0), (1, None, 1, 5.0, 2000.0)))
    failure = refuse(list(found.values()), table.key)
    assert failure is not None
    assert failure.retry is False
    assert str(failure).splitlines() == [
        "shop/orders was not published, what was there before still is. Broken rules:",
        "  - shop_not_null: 1 of 2 rows break: `shop` is never NULL",
        f"  - shop_str_matches: {found['shop_str_matches'].summary}",
        "  - paid_at_most_price: 2 of 2 rows break: paid <= price",
        "The check results show some of these rows.",
    ]


def test_two_checks_of_one_name_are_an_error_when_definitions_load() -> None:
    balances = [Balance("volume", "visits", "count(*)"), Balance("paid_at_most_price", "visits", "count(*)")]
    with pytest.raises(ValueError, match="it has more than one check named volume, paid_at_most_price"):
        checks_of(compiled(Orders), balances)


def test_days_are_shown_as_dates(engine: Engine, table: Table) -> None:
    found = findings(engine, orders(engine, table, (1, "A", 1, 5.0, None)))
    (row,) = sample_rows(found["shop_str_matches"])
    assert date.fromisoformat(row["day"]) == january(1)
