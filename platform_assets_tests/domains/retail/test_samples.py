"""What the sample deliveries of retail promise; not how the platform reads the feeds."""

from __future__ import annotations

import re
from collections import Counter
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from platform_assets.domains.retail.sample_dimensions import (
    DIMENSION_DIRT_RULES,
    DIMENSIONS,
    has_folder,
    planned_dimension_rows,
)
from platform_assets.domains.retail.samples import (
    DIRT_RULES,
    UNKNOWN,
    WRITERS,
    planned_files,
    planned_rows,
)
from platform_assets.samples import write_samples
from platform_assets_tests.support.deliveries import BOM, DAYS, FIRST_DAY, ROWS, content_of, out_of_time, planned
from platform_assets_tests.support.feed_oracle import Row
from platform_assets_tests.support.landing.parcels import Deliveries
from platform_assets_tests.support.retail import oracle, raw
from platform_assets_tests.support.retail.official import DIMENSIONS as OFFICIAL

Tables = dict[str, list[Row]]
LAST = DAYS[-1]
PLANS = {day: planned_rows(day, first_day=FIRST_DAY, rows=ROWS) for day in DAYS}
FILES = {day: planned_files(day, first_day=FIRST_DAY, rows=ROWS) for day in DAYS}
KINDS = {"lacks columns": "missing_columns", "": None}


def written(landing: Path, *, days: int = len(DAYS), rows: int = ROWS, seed: int = 1) -> dict[str, Deliveries]:
    """Write samples and return the files of each day by feed."""
    delivered: dict[str, Deliveries] = {feed: {} for feed in WRITERS}
    for path in write_samples(WRITERS, landing, first_day=FIRST_DAY, days=days, rows=rows, seed=seed):
        of_feed = delivered[path.parent.parent.name]
        of_feed.setdefault(date.fromisoformat(path.parent.name), {})[path.name] = path.read_bytes()
    return delivered


@pytest.fixture(scope="module")
def landing(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a week of deliveries."""
    folder = tmp_path_factory.mktemp("landing")
    written(folder)
    return folder


@pytest.fixture(scope="module")
def delivered(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Deliveries]:
    """A week of deliveries."""
    return written(tmp_path_factory.mktemp("landing"))


@pytest.fixture(scope="module")
def tables(delivered: dict[str, Deliveries]) -> Tables:
    """The tables that the week gives."""
    return oracle.tables(delivered, FIRST_DAY, LAST)


def test_every_kind_of_dirt_and_every_tale_comes_within_a_week() -> None:
    kinds = {kind for plan in PLANS.values() for kind in plan}
    assert kinds == {*DIRT_RULES, *UNKNOWN, "late", "very_late", "twice"}
    columns = {rule.partition("_")[2] for rule in DIRT_RULES.values()}
    assert columns >= set(raw.SALES) - {"product_name"}


@pytest.mark.parametrize("day", DAYS, ids=str)
def test_the_sales_of_a_delivery_break_the_rules_that_are_planned(day: date, tables: Tables) -> None:
    own = [row for row in tables["raw_sales"] if row["delivery_day"] == day]
    found = Counter(tuple(row["violations"]) for row in own if row["violations"])
    assert found == planned(PLANS[day], DIRT_RULES)
    assert found.total() == 0.02 * ROWS


@pytest.mark.parametrize("day", DAYS, ids=str)
def test_the_files_of_a_delivery_are_accepted_or_rejected_as_planned(day: date, tables: Tables) -> None:
    found = {row["file_name"]: row for row in tables["sales_files"] if row["delivery_day"] == day}
    assert found.keys() == FILES[day].keys()
    for name, file in FILES[day].items():
        row = found[name]
        assert row["kind"] == KINDS.get(file.reason, file.reason)
        assert row["missing_columns"] == (", ".join(file.missing_columns) or None)
        assert row["extra_columns"] == (", ".join(file.extra_columns) or None)
        assert file.rows in (row["rows"], -1)
    assert sum(row["rows"] for row in found.values()) == ROWS


def test_files_are_rejected_for_every_reason_within_a_week_and_one_has_a_header_alone() -> None:
    files = [file for day in DAYS for file in FILES[day].values()]
    assert Counter(file.reason for file in files if file.reason) == {"lacks columns": 2, "duplicate": 3, "suffix": 4}
    assert {file.missing_columns for file in files} == {(), ("store_id",), ("store_id", "price")}
    assert [file for file in files if file.rows == 0 and not file.reason]


def test_a_copy_is_that_of_an_earlier_delivery_or_of_a_name_that_sorts_first(tables: Tables) -> None:
    first = {row["sha256"]: row for row in reversed(tables["sales_files"])}
    copies = [(row, first[row["sha256"]]) for row in tables["sales_files"] if row["kind"] == "duplicate"]
    assert [(one["delivery_day"] - other["delivery_day"]).days for one, other in copies] == [1, 0, 1]
    for one, other in copies:
        places = [(row["delivery_day"], row["file_name"]) for row in (other, one)]
        assert places == sorted(places)
        assert places[0] != places[1]


def test_sales_of_nobody_known_are_as_many_as_planned_and_others_become_known(
    tables: Tables, delivered: dict[str, Deliveries]
) -> None:
    reasons = Counter(tuple(row["reasons"]) for row in tables["unmatched_sales"])
    every: Counter[str] = sum(PLANS.values(), Counter())
    alone = ("unknown_customer", "unknown_store", "unknown_seller")
    assert reasons == {**{(kind,): every[kind] for kind in alone}, alone: every["unknown_everything"]}
    unknown = oracle.unknown_products(tables["sales"], tables["products"])
    assert unknown == every["unknown_product"] > 0
    first_days = oracle.tables(delivered, FIRST_DAY, DAYS[1])
    earlier = [row for row in tables["sales"] if row["day"] <= DAYS[1]]
    assert len(first_days["sales"]) < len(earlier) - every["very_late"]
    reasons_then = Counter(tuple(row["reasons"]) for row in first_days["unmatched_sales"])
    assert all(reasons_then[kind,] > PLANS[DAYS[0]][kind] + PLANS[DAYS[1]][kind] for kind in alone)


def test_sales_come_late_and_twice_and_none_before_it_is_made(tables: Tables) -> None:
    good = [row for row in tables["raw_sales"] if not row["violations"]]
    late = Counter((row["delivery_day"] - row["day"]).days for row in good)
    assert min(late) == 0
    assert max(late) > 4
    assert all(out_of_time(row["day"], row["delivery_day"]) == set() for row in good)
    same = Counter(tuple(row[name] for name in oracle.FACT[:-1]) for row in good)
    assert sum(1 for count in same.values() if count > 1) >= 0.8 * sum(plan["twice"] for plan in PLANS.values())


def test_amounts_have_two_decimals_at_most_and_are_exact(landing: Path, tables: Tables) -> None:
    assert all(row["price"] * row["quantity"] == row["total_cost"] for row in tables["sales"])
    cells = content_of(landing / "sales" / str(FIRST_DAY) / "sales-shops.csv").decode().splitlines()[1:]
    prices = [line.rsplit(",", 3)[1] for line in cells if line]
    for form in (r"[0-9]+", r"[0-9]+\.[0-9]", r"[0-9]+\.[0-9]{2}"):
        assert [price for price in prices if re.fullmatch(form, price)]


def test_what_a_month_comes_to(tables: Tables) -> None:
    last = [row for row in tables["sales_team_data_mart"] if row["day"] == LAST]
    winners = [row for row in last if row["incentive"]]
    assert {row["store_id"] for row in winners} == {row["store_id"] for row in last}
    stores: dict[int, set[int]] = {}
    for row in last:
        stores.setdefault(row["sales_person_id"], set()).add(row["store_id"])
    assert Counter(len(own) for own in stores.values())[2] >= 2
    customers = [row for row in tables["customers_data_mart"] if row["day"] == LAST]
    of_coupons = [row for row in tables["coupons"] if row["day"] == LAST]
    assert 0 < len(of_coupons) < 0.5 * len(customers)
    assert [row for row in customers if row["full_name"] is None or " " not in row["full_name"]]
    assert [row for row in tables["sales"] if row["additional_column"]]


@pytest.mark.parametrize("feed", DIMENSIONS)
def test_the_rows_of_a_snapshot_break_the_rules_that_are_planned(feed: str, tmp_path: Path) -> None:
    rows = 100_000
    seen = set()
    for day in DAYS:
        plan = planned_dimension_rows(feed, day, first_day=FIRST_DAY, rows=rows)
        folder = tmp_path / str(day)
        paths = WRITERS[feed](folder, day, first_day=FIRST_DAY, rows=rows, seed=1)
        assert bool(paths) == has_folder(feed, day, first_day=FIRST_DAY) == folder.exists()
        found = raw.raw_dimension({day: {path.name: path.read_bytes() for path in paths}}, feed)
        expected: Counter[str] = Counter()
        for kind, count in plan.items():
            # What is repeated is rejected as well.
            expected[DIMENSION_DIRT_RULES[feed][kind]] += count * (2 if kind == "again" else 1)
        assert Counter(rule for row in found for rule in row["violations"]) == expected
        seen |= set(plan)
    assert seen == set(DIMENSION_DIRT_RULES[feed]) or feed in ("stores", "sales_team", "products")


def test_each_dimension_has_days_without_a_folder() -> None:
    without = {feed: [day for day in DAYS if not has_folder(feed, day, first_day=FIRST_DAY)] for feed in DIMENSIONS}
    assert without == {
        "customers": [DAYS[4]],
        "products": [DAYS[3], DAYS[6]],
        "stores": [DAYS[4]],
        "sales_team": [DAYS[3]],
    }


def test_customers_move_call_go_and_return(tables: Tables) -> None:
    changes = tables["customers_changes"]
    operations = Counter(row["operation"] for row in changes)
    assert min(operations["update"], operations["delete"]) > 5
    assert [row for row in changes if row["operation"] == "insert" and row["version"] > 1]
    versions: dict[int, list[Row]] = {}
    for row in tables["customers"]:
        versions.setdefault(row["customer_id"], []).append(row)
    for name in ("address", "phone_number"):
        assert [own for own in versions.values() if len({row[name] for row in own}) > 1], name


def test_blanks_around_a_name_change_nothing(delivered: dict[str, Deliveries], tables: Tables) -> None:
    for feed in DIMENSIONS:
        content = b"".join(files[f"{feed}.csv"] for files in delivered[feed].values())
        assert re.search(rb",\"? [^,]+\t\"?,", content), feed
    texts = [row["last_name"] for row in tables["customers"] if row["last_name"]]
    assert all(text == text.strip(" \t") for text in texts)
    names: dict[int, set[str]] = {}
    for row in tables["customers"]:
        names.setdefault(row["customer_id"], set()).add(row["last_name"])
    assert {len(own) for own in names.values()} == {1}


def test_a_product_keeps_its_price_before_the_current_one(tables: Tables) -> None:
    changed = [row for row in tables["products"] if row["version"] > 1 and row["updated_date"]]
    assert changed
    before = {(row["product_id"], row["version"]): row for row in tables["products"]}
    for row in changed:
        assert row["current_price"] - row["old_price"] == Decimal("0.25")
        assert row["old_price"] >= before[row["product_id"], row["version"] - 1]["current_price"]


def test_snapshots_have_the_headers_of_the_official_ones(landing: Path, official: Path) -> None:
    for feed, file in OFFICIAL.items():
        header = (official / "retail" / "dimensions" / f"{file}.csv").read_bytes().splitlines()[0]
        for path in (landing / feed).glob("*/*"):
            assert content_of(path).removeprefix(BOM).splitlines()[0] == header


def test_no_row_is_an_official_one(tables: Tables, official: Path) -> None:
    for feed, file in OFFICIAL.items():
        content = (official / "retail" / "dimensions" / f"{file}.csv").read_bytes()
        theirs = raw.raw_dimension({FIRST_DAY: {f"{file}.csv": content}}, feed)
        key, *others = raw.DIMENSIONS[feed]
        for name in {key, *others} & {key, "first_name", "last_name", "name", "store_manager_name", "address"}:
            ours = {row[name] for row in tables[f"raw_{feed}"] if row[name] is not None}
            assert ours & {row[name] for row in theirs} == set(), name


@pytest.mark.parametrize(("days", "rows", "seed"), [(40, 60, 2), (10, 1000, 3), (12, 1, 4), (20, 9, 5), (15, 200, 6)])
def test_no_delivery_of_any_length_is_refused(tmp_path: Path, days: int, rows: int, seed: int) -> None:
    delivered = written(tmp_path, days=days, rows=rows, seed=seed)
    last = FIRST_DAY + timedelta(days=days - 1)
    sales = raw.raw_sales(delivered["sales"], FIRST_DAY)
    for feed in DIMENSIONS:
        found = raw.raw_dimension(delivered[feed], feed)
        good = Counter(row["delivery_day"] for row in found if not row["violations"])
        rejected = Counter(row["delivery_day"] for row in found if row["violations"])
        assert set(good) == set(delivered[feed])
        assert all(count < 10 or count <= 0.1 * (count + good[day]) for day, count in rejected.items())
        for living, deleted in oracle.followed(found, feed).deletions.values():
            assert deleted < 10 or deleted <= 0.5 * living
    rejected = Counter(row["delivery_day"] for row in sales if row["violations"])
    every = Counter(row["delivery_day"] for row in sales)
    assert all(count < 10 or count <= 0.1 * every[day] for day, count in rejected.items())
    assert oracle.tables(delivered, FIRST_DAY, last)["sales"]
