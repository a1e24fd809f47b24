"""Examples of sales that a reader can check by eye, and the official figures, for the oracle of the retail tables."""

from __future__ import annotations

import gzip
from collections import Counter
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings

from platform_assets_tests.support import snapshots_oracle
from platform_assets_tests.support.feed_oracle import Row
from platform_assets_tests.support.landing.parcels import Deliveries
from platform_assets_tests.support.retail import oracle, raw
from platform_assets_tests.support.retail.feeds import DIMENSIONS, SALE, Feeds, csv, member, sale
from platform_assets_tests.support.retail.feeds import deliveries as deliveries_of_all
from platform_assets_tests.support.retail.official import EXPECTED, deliveries, of_whole_months

Tables = dict[str, list[Row]]


@pytest.fixture(scope="module")
def official_tables(official: Path) -> dict[str, Tables]:
    """What the oracle makes of each official file of sales."""
    found = {}
    for name, figures in EXPECTED.items():
        found[name] = oracle.tables(deliveries(official, name), figures.first, figures.last)
    return found


@pytest.mark.parametrize("name", EXPECTED)
def test_the_official_files_have_the_figures_that_are_known(name: str, official_tables: dict[str, Tables]) -> None:
    tables, figures = official_tables[name], EXPECTED[name]
    assert not [row for row in tables["raw_sales"] if row["violations"]]
    assert tables["unmatched_sales"] == []
    totals = [row["total_cost"] for row in tables["sales"]]
    customers, sellers = (
        of_whole_months(tables[mart], figures.last) for mart in ("customers_data_mart", "sales_team_data_mart")
    )
    incentives = [row["incentive"] for row in sellers if row["incentive"]]
    assert (len(totals), sum(totals)) == (figures.rows, figures.total)
    assert (len(customers), len(sellers)) == (figures.customers, figures.sellers)
    assert (len(incentives), sum(incentives)) == (figures.winners, figures.incentives)
    assert sum(row["total_sales"] for row in customers) == sum(row["total_sales"] for row in sellers) == sum(totals)


def test_the_winners_of_march_in_the_official_file_with_other_names(official_tables: dict[str, Tables]) -> None:
    tables = official_tables["transactions_data.csv"]
    end = date(2024, 3, 31)
    names = ("store_id", "sales_person_id", "full_name", "total_sales", "incentive")
    winners = [row for row in tables["sales_team_data_mart"] if row["day"] == end and row["incentive"]]
    assert sorted(tuple(row[name] for name in names) for row in winners) == [
        (121, 1, "Rahul Verma", Decimal("35779.00"), Decimal("357.79")),
        (122, 5, "Neha Kumar", Decimal("45270.00"), Decimal("452.70")),
        (123, 7, "Anita Malhotra", Decimal("42686.00"), Decimal("426.86")),
    ]
    (customer,) = [row for row in tables["customers_data_mart"] if (row["day"], row["customer_id"]) == (end, 1)]
    assert (customer["full_name"], customer["total_sales"]) == ("Saanvi Krishna", Decimal("17615.50"))
    (coupon,) = [row for row in tables["coupons"] if (row["day"], row["customer_id"]) == (end, 1)]
    assert coupon["total_sales"] == customer["total_sales"]


def test_the_audit_of_the_official_files(official_tables: dict[str, Tables]) -> None:
    names = ("rows", "accepted_rows", "status", "kind", "missing_columns", "extra_columns")
    found = {
        name: [tuple(row[n] for n in names) for row in its["sales_files"]] for name, its in official_tables.items()
    }
    assert found == {
        "sales_data.csv": [(5_000, 5_000, "I", None, None, None)],
        "transactions_data.csv": [(5_000, 5_000, "I", None, None, None)],
        "extra_column_2025-05-15.csv": [(1_000, 1_000, "I", None, None, "payment_mode")],
        "less_column_2025-05-15.csv": [(200, 0, "E", "missing_columns", "store_id", "payment_mode")],
    }
    paid = Counter(row["additional_column"] for row in official_tables["extra_column_2025-05-15.csv"]["sales"])
    assert set(paid) == {"cash", "UPI"}


FIRST = date(2026, 1, 30)
DAYS = [FIRST + timedelta(days=n) for n in range(4)]  # two of each of two months
LAST = DAYS[-1]


def one_file(feed: str, *days: str | None) -> Deliveries:
    """For each day from the first on a file of these lines; None is a day without a folder."""
    return {
        day: {"a.csv": csv(feed, *lines.splitlines())}
        for day, lines in zip(DAYS, days, strict=False)
        if lines is not None
    }


def tables(sales: Deliveries, *, amount: int = 10_000, **snapshots: Deliveries) -> Tables:
    """The tables of these sales, of which customer, store and seller 1 are known from the start, unless given."""
    usual = {feed: one_file(feed, member(feed)) for feed in DIMENSIONS}
    return oracle.tables({"sales": sales, **usual, **snapshots}, FIRST, LAST, coupon_amount=Decimal(amount))


def brief(rows: list[Row], *names: str) -> list[tuple[Any, ...]]:
    return sorted(tuple(row[name] for name in names) for row in rows)


@pytest.mark.parametrize(
    ("line", "violations"),
    [
        (f"1,1,jam,{FIRST},1,10,2,20", []),
        (f'"1","1",jam,"{FIRST}",1,1.5,2,3.0', []),
        (f"01,1, jam ,{FIRST},1,0010.50,1,10.5", []),
        (f"1,1,jam,{FIRST},1,0,5,0.00", []),
        (f"1,1,jam,{FIRST + timedelta(days=1)},1,1,1,1", []),
        (f"1,1,jam,{FIRST + timedelta(days=2)},1,1,1,1", ["after_delivery"]),
        (f"1,1,jam,{FIRST - timedelta(days=1)},1,1,1,2", ["before_start", "wrong_total_cost"]),
        (f'1,1,jam,{FIRST},"[4, 5, 6]",1,1,1', ["invalid_sales_person_id"]),
        (f"1,1,jam,{FIRST},1,1.005,1,1.005", ["invalid_price", "invalid_total_cost"]),
        (f"1,1,jam,{FIRST},1,1.000,1,1", ["invalid_price"]),
        (f"1,1,jam,{FIRST},1,-1,1,-1", ["invalid_price"]),
        (f"1,1,jam,{FIRST},1,-1,1,1", ["invalid_price", "wrong_total_cost"]),
        (f"1,1,jam,{FIRST},1,1.005,1,5", ["invalid_price"]),
        (f"1,1,jam,{FIRST},1,1,1,-1", ["wrong_total_cost"]),
        (f"1,1,jam,{FIRST},1,1,0,0", ["invalid_quantity"]),
        (f"1,1,jam,{FIRST},1,1,1.0,1", ["invalid_quantity"]),
        (f"1,1,jam,{FIRST},1,0.1,3,0.31", ["wrong_total_cost"]),
        (",,,,,,,", [f"missing_{name}" for name in raw.SALES]),
        (
            "x,1.0, 1,2026-1-1,,10,two,-",
            [
                *("invalid_customer_id", "invalid_store_id", "invalid_sales_date", "missing_sales_person_id"),
                *("invalid_quantity", "invalid_total_cost"),
            ],
        ),
        (f"1,1,jam,{FIRST},1,1,1", ["malformed"]),
        (f"1,1,jam,{FIRST},1,1,1,1,", ["malformed"]),
        (f'1,1,"jam,{FIRST},1,1,1,1', ["malformed"]),
    ],
)
def test_a_line_is_a_sale_or_breaks_rules(line: str, violations: list[str]) -> None:
    (row,) = raw.raw_sales(one_file("sales", line), FIRST)
    assert row["violations"] == violations
    assert row["raw"] == (line if violations else None)


def test_a_file_is_accepted_or_rejected_whole() -> None:
    good = sale(FIRST)
    files = {
        "a.csv": csv("sales", good),
        "b.csv": f"total_cost,city,item_name,price,transactions_date,quantity,customer_id,pay,store_id,"
        f"transactions_person_id\n20,Vellmark,jam,10,{FIRST},2,1,cash,1,1\n10,,jam,10,{FIRST},1,1, ,1,1\n".encode(),
        "c.csv": csv("sales", good),
        "d.csv.gz": gzip.compress(csv("sales", good)),
        "e.csv": csv("sales"),
        "f.csv": csv("sales"),
        "g.csv": f"{SALE.replace('store_id', 'shop').replace('price', 'cost')}\n{good}\n{good}\n".encode(),
        "h.csv": f"{SALE},item_name\n{good},jam\n".encode(),
        "h2.csv": f"{SALE},x,x\n{good},1,2\n".encode(),
        "h3.csv": b"store_id,store_id\n1,2\n",
        "h4.csv": b'store_id,"x\n1,2\n',
        "h5.csv": b"caf\xe9\n1\n",
        "i.csv": b"",
        "j.txt": csv("sales", good),
        "_k.csv": csv("sales", good),
    }
    found = raw.files_table({FIRST: files}, raw.raw_sales({FIRST: files}, FIRST))
    names = ("file_name", "rows", "accepted_rows", "kind", "missing_columns", "extra_columns")
    assert brief(found, *names) == [
        ("a.csv", 1, 1, None, None, None),
        ("b.csv", 2, 2, None, None, "city, pay"),
        ("c.csv", 1, 0, "duplicate", None, None),
        ("d.csv.gz", 1, 0, "duplicate", None, None),
        ("e.csv", 0, 0, None, None, None),
        ("f.csv", 0, 0, None, None, None),
        ("g.csv", 2, 0, "missing_columns", "store_id, price", "shop, cost"),
        ("h.csv", 1, 0, "header", None, None),
        ("h2.csv", 1, 0, "header", None, "x, x"),
        ("h3.csv", 1, 0, "missing_columns", ", ".join(name for name in raw.SALES if name != "store_id"), None),
        ("h4.csv", 1, 0, "header", None, None),
        ("h5.csv", 1, 0, "header", None, None),
        ("i.csv", 0, 0, None, None, None),
        ("j.txt", 0, 0, "suffix", None, None),
    ]
    assert [row["status"] for row in found] == ["E" if row["kind"] else "I" for row in found]
    rows = raw.raw_sales({FIRST: files}, FIRST)
    assert [row["additional_column"] for row in rows] == [None, "Vellmark, cash", " "]


def test_the_earliest_copy_of_a_content_counts_and_one_that_lacks_columns_is_none() -> None:
    twice, lacks = csv("sales", sale(FIRST), sale(FIRST)), b"customer_id\n1\n"
    delivered = {
        DAYS[2]: {"a.csv": twice, "b.csv": lacks},
        DAYS[1]: {"z.csv": twice, "y.csv": twice, "x.csv": lacks},
    }
    found = raw.files_table(delivered, raw.raw_sales(delivered, FIRST))
    assert brief(found, "delivery_day", "file_name", "accepted_rows", "kind") == [
        (DAYS[1], "x.csv", 0, "missing_columns"),
        (DAYS[1], "y.csv", 2, None),
        (DAYS[1], "z.csv", 0, "duplicate"),
        (DAYS[2], "a.csv", 0, "duplicate"),
        (DAYS[2], "b.csv", 0, "missing_columns"),
    ]
    # Sales that look the same are different ones.
    assert len(tables(delivered)["sales"]) == 2


def test_sales_of_nobody_known_are_facts_when_that_comes() -> None:
    sales = one_file("sales", f"{sale(FIRST)}\n{sale(FIRST, 2, 2, 2)}\n{sale(FIRST, 1, 9, 1)}\n{sale(FIRST, 3, 1, 1)}")
    later = one_file("customers", member("customers"), f"{member('customers')}\n{member('customers', 2)}")
    names = ("customer_id", "store_id", "sales_person_id", "reasons")
    assert brief(tables(sales)["unmatched_sales"], *names) == [
        (1, 9, 1, ["unknown_store"]),
        (2, 2, 2, ["unknown_customer", "unknown_store", "unknown_seller"]),
        (3, 1, 1, ["unknown_customer"]),
    ]
    known = tables(sales, customers=later)
    assert brief(known["unmatched_sales"], *names)[1] == (2, 2, 2, ["unknown_store", "unknown_seller"])
    # A rejected row is in no snapshot, one that was deleted is.
    spoilt = member("customers", 3, customer_joining_date="x")
    assert len(tables(sales, customers=one_file("customers", f"{member('customers')}\n{spoilt}"))["sales"]) == 1
    gone = one_file("customers", f"{member('customers')}\n{member('customers', 3)}", member("customers"))
    assert len(tables(sales, customers=gone)["sales"]) == 2
    assert oracle.unknown_products(known["sales"], known["products"]) == 0


def test_a_sale_has_its_customer_as_of_its_day_the_first_one_before_and_the_last_one_after_a_delete() -> None:
    other = member("customers", 2)
    snapshots = one_file(
        "customers",
        other,
        f"{member('customers', address=' Here')}\n{other}",
        f"{member('customers', address='There ')}\n{other}",
        other,
    )
    found = tables(one_file("sales", *(sale(day) for day in DAYS)), customers=snapshots)
    assert brief(found["customer_sales"], "day", "address") == list(
        zip(DAYS, [" Here", " Here", "There ", "There "], strict=True)
    )
    known = {"customers": oracle.by_key(snapshots_oracle.history(followed(found, "customers"), None))}
    assert [oracle.joined(row, known["customers"], "customers")[1] for row in found["sales"]] == [False] * 3 + [True]


def followed(found: Tables, feed: str) -> list[snapshots_oracle.Change]:
    return oracle.followed(found[f"raw_{feed}"], feed).changes


def test_blanks_around_a_text_change_nothing_and_alone_are_nothing() -> None:
    days = (member("customers", first_name=name, last_name=" ") for name in ("Ada", " Ada\t", "Ada ", "A da"))
    found = tables(one_file("sales", sale(FIRST), None, None, sale(LAST)), customers=one_file("customers", *days))
    assert brief(found["customers_changes"], "day", "operation", "first_name", "last_name") == [
        (DAYS[0], "insert", "Ada", None),
        (DAYS[3], "update", "A da", None),
    ]
    assert brief(found["customer_sales"], "day", "full_name") == [(FIRST, "Ada"), (LAST, "A da")]


def test_a_mart_goes_on_to_the_end_of_its_month_and_has_the_newest_name_of_it() -> None:
    sales = one_file("sales", sale(DAYS[0], quantity=3), sale(DAYS[1]), None, f"{sale(LAST)}\n{sale(DAYS[0])}")
    snapshots = one_file("customers", *(member("customers", last_name=name) for name in "ABCD"))
    found = tables(sales, customers=snapshots, amount=40)
    names = ("day", "full_name", "sales_month", "total_sales")
    assert brief(found["customers_data_mart"], *names) == [
        (DAYS[0], "Ada A", "2026-01", Decimal("40.00")),
        (DAYS[1], "Ada B", "2026-01", Decimal("50.00")),
        (DAYS[3], "Ada D", "2026-02", Decimal("10.00")),
    ]
    assert brief(found["coupons"], "day", "total_sales") == [(DAYS[0], Decimal(40)), (DAYS[1], Decimal(50))]


def test_all_that_tie_for_the_first_place_in_a_store_get_their_incentive() -> None:
    team = one_file("sales_team", "\n".join(member("sales_team", key) for key in (1, 2, 3)))
    stores = one_file("stores", "\n".join(member("stores", key) for key in (1, 2)))
    lines = [
        sale(FIRST, store=1, seller=1, price="24.50"),
        sale(FIRST, store=1, seller=2, price="12.25", quantity=2),
        sale(FIRST, store=1, seller=3, price="24.49"),
        sale(FIRST, store=2, seller=3, price="0.50"),
        sale(FIRST, store=2, seller=1, price="0.49"),
    ]
    found = tables(one_file("sales", "\n".join(lines)), sales_team=team, stores=stores)
    first = [row for row in found["sales_team_data_mart"] if row["day"] == FIRST]
    assert brief(first, "store_id", "sales_person_id", "incentive") == [
        *((1, 1, Decimal("0.25")), (1, 2, Decimal("0.25")), (1, 3, Decimal(0))),
        *((2, 1, Decimal(0)), (2, 3, Decimal("0.01"))),
    ]


@settings(max_examples=30, deadline=None)
@given(delivered=deliveries_of_all(DAYS))
def test_no_sale_and_no_money_is_lost_on_the_way(delivered: Feeds) -> None:
    found = oracle.tables(delivered, FIRST, LAST, coupon_amount=Decimal(0))
    good = [row for row in found["raw_sales"] if not row["violations"] and row["day"] <= LAST]
    assert len(found["sales"]) + len(found["unmatched_sales"]) == len(good)
    assert sum(row["accepted_rows"] for row in found["sales_files"]) >= len(good)
    for name in ("customer_sales", "sales_team_sales"):
        assert brief(found[name], "day", "total_cost") == brief(found["sales"], "day", "total_cost")
    for mart in ("customers_data_mart", "sales_team_data_mart"):
        last = [row for row in found[mart] if row["day"] == LAST]
        of_month = [row["total_cost"] for row in found["sales"] if row["day"] >= DAYS[2]]
        assert sum(row["total_sales"] for row in last) == sum(of_month)
    names = ("day", "customer_id", "full_name", "sales_month", "total_sales")
    assert brief(found["coupons"], *names) == brief(found["customers_data_mart"], *names)
