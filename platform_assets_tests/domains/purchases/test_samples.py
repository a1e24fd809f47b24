"""What the sample deliveries of `purchases` promise; not how the platform reads the feed."""

from __future__ import annotations

import re
from collections import Counter
from datetime import date, timedelta
from pathlib import Path

import pytest

from platform_assets.domains.purchases.samples import DIRT_RULES, WRITERS, planned_rows
from platform_assets.samples import write_samples
from platform_assets_tests.support.deliveries import BOM, DAYS, FIRST_DAY, ROWS, content_of
from platform_assets_tests.support.landing.parcels import Deliveries
from platform_assets_tests.support.purchases import oracle

WITHOUT_FOLDER, KEYS_UNKNOWN = DAYS[3], DAYS[5]
DELIVERED = [day for day in DAYS if day != WITHOUT_FOLDER]
PLANS = {day: planned_rows(day, first_day=FIRST_DAY, rows=ROWS) for day in DAYS}


def written(landing: Path, *, days: int = len(DAYS), rows: int = ROWS, seed: int = 1) -> Deliveries:
    """Write samples and return the files of each day."""
    delivered: Deliveries = {}
    for path in write_samples(WRITERS, landing, first_day=FIRST_DAY, days=days, rows=rows, seed=seed):
        delivered.setdefault(date.fromisoformat(path.parent.name), {})[path.name] = path.read_bytes()
    return delivered


@pytest.fixture(scope="module")
def landing(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a week of deliveries."""
    folder = tmp_path_factory.mktemp("landing")
    written(folder)
    return folder / "purchases"


@pytest.fixture(scope="module")
def delivered(tmp_path_factory: pytest.TempPathFactory) -> Deliveries:
    """A week of deliveries."""
    return written(tmp_path_factory.mktemp("landing"))


def test_every_kind_of_dirt_comes_within_a_week() -> None:
    assert {kind for plan in PLANS.values() for kind in plan} == set(DIRT_RULES)


def test_one_day_of_a_week_has_no_folder(delivered: Deliveries) -> None:
    assert sorted(delivered) == DELIVERED
    assert PLANS[WITHOUT_FOLDER].total() == 0


@pytest.mark.parametrize("day", DELIVERED, ids=str)
def test_the_rows_of_a_delivery_break_the_rules_that_are_planned(day: date, delivered: Deliveries) -> None:
    rows = oracle.raw_rows({day: delivered[day]})
    assert len(rows) == ROWS
    planned: Counter[str] = Counter()
    for kind, count in PLANS[day].items():
        # What is repeated is rejected as well.
        planned[DIRT_RULES[kind]] += count * (2 if kind == "again" else 1)
    assert Counter(rule for row in rows for rule in row["violations"]) == planned
    assert all(len(row["violations"]) < 2 for row in rows)
    assert planned.total() <= 0.022 * ROWS


def test_rows_without_a_known_key_come_on_one_day(delivered: Deliveries) -> None:
    found = oracle.snapshots(delivered)
    assert [day for day in DELIVERED if not found[day].deletes] == [KEYS_UNKNOWN]
    assert oracle.waits_from(delivered) is None


def test_rows_come_change_go_and_return(delivered: Deliveries) -> None:
    changed = oracle.changes(delivered, DAYS)
    operations = {day: Counter(row["operation"] for row in changed if row["day"] == day) for day in DAYS}
    assert operations[DAYS[0]] == {"insert": ROWS - PLANS[DAYS[0]].total() - 1}
    for day in DELIVERED[1:]:
        assert operations[day]["update"] >= 5, day
        assert operations[day]["insert"] >= 3, day
        assert operations[day]["delete"] >= 3 or day == KEYS_UNKNOWN
    assert operations[WITHOUT_FOLDER].total() == operations[KEYS_UNKNOWN]["delete"] == 0
    # What has been held back goes on the day after.
    assert operations[DAYS[6]]["delete"] > 10
    returned = [row for row in changed if row["operation"] == "insert" and row["version"] > 1]
    assert len(returned) > 5
    assert {row["version"] for row in changed} >= {1, 2, 3, 4}


def test_versions_are_true_from_their_own_date_or_from_the_day_of_their_snapshot(delivered: Deliveries) -> None:
    later = [row for row in oracle.history(oracle.changes(delivered, DAYS)) if row["version"] > 1]
    own = [row for row in later if row["valid_from"] == row["date"] < row["recorded_from"]]
    snapshots = [row for row in later if row["date"] < row["valid_from"] == row["recorded_from"]]
    assert len(own) > 5
    assert len(snapshots) > 5


def test_files_have_a_header_and_those_of_the_web_a_byte_order_mark_only_crlf_and_no_last_line_end(
    landing: Path,
) -> None:
    header = b"PurchaseID,product,user,date"
    for path in landing.rglob("*"):
        if path.is_file():
            web = path.name == "purchases-web.csv"
            content = content_of(path)
            assert content.startswith(BOM * web + header + (b"\r\n" if web else b"\n"))
            assert content.count(b"\r\n") == (content.count(b"\n") if web else 0)
            assert content.endswith(b"\n") is not web
    plain = b"\n".join(content_of(path) for path in landing.rglob("*.csv"))
    for pattern in (rb'(?m)^"\d+","\d+","\d+","[\d-]+"\r?$', rb'(?m)^\d+,\d+,\d+,"[\d-]+"', rb'(?m)^"\d+",\d+'):
        assert re.search(pattern, plain), pattern


@pytest.mark.parametrize(("days", "rows", "seed"), [(30, 60, 2), (10, 1000, 3), (12, 1, 4), (20, 9, 5), (8, 200, 6)])
def test_no_delivery_of_any_length_is_refused(tmp_path: Path, days: int, rows: int, seed: int) -> None:
    every = [FIRST_DAY + timedelta(days=number) for number in range(days)]
    delivered = written(tmp_path, days=days, rows=rows, seed=seed)
    assert oracle.waits_from(delivered) is None
    assert len(delivered) == days - (days + 3) // 7
    raw = oracle.raw_rows(delivered)
    for day in every:
        rejected = sum(1 for row in raw if row["delivery_day"] == day and row["violations"])
        assert rejected < 10 or rejected <= 0.1 * rows
    assert oracle.history(oracle.changes(delivered, every))
