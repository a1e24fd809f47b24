"""What becomes of requests that were refused, by runs that are only recorded: when they come again, and how often."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import date, datetime, timezone
from pathlib import Path

import pytest
from pyspark.sql import DataFrame

from platform_assets import Contract, Field, T, table
from platform_assets.automation import history
from platform_assets.automation.history import History
from platform_assets.automation.requests import Answer, Desk
from platform_assets.errors import PlatformError, TemporaryError
from platform_assets.lake.tables.made import Known
from platform_assets.plan.state import State
from platform_assets.registry import FoundDomain
from platform_assets_tests.support import shelf
from platform_assets_tests.support.automation import AT_ONCE, Daemon, told
from platform_assets_tests.support.kiosk import kiosk_at, sold
from platform_assets_tests.support.platforms import Platform
from platform_assets_tests.support.stand_ins import died, ended, stopped, succeeded

DAYS = [f"2026-01-{day:02}" for day in range(1, 4)]
BAD, AWAY = PlatformError("of the data"), TemporaryError("the store does not answer")
KIOSK = ("hours", "raw_sold", "so_far", "sold_files")
SHELF = ("new_items", "price_list", "raw_items", "raw_sales", "sales", "totals")


class Seen(Contract, whole=True):
    """Which items were ever on the shelf."""

    item_id: T.LongType = Field(description="Which item")


@table(Seen, domain=shelf.shelf)
def seen(raw_items: DataFrame) -> DataFrame:
    """All items of all snapshots."""
    return raw_items.select("item_id").distinct()


def kiosk_of(root: Path, days: int) -> Daemon:
    """A kiosk that was delivered to on its first days, and of which nothing is built."""
    daemon = Daemon(kiosk_at(root, **AT_ONCE))
    for day in DAYS[:days]:
        daemon.platform.deliver("sold", day, "a.csv", sold(day, 10))
    return daemon


@pytest.fixture
def shelves(tmp_path: Path) -> Daemon:
    """Shelves, with tables that have no days, which were delivered to on two days, and of which nothing is built."""
    daemon = Daemon(shelf.shelf_at(tmp_path, **AT_ONCE), "shelf", (shelf.FOUND,))
    for day in (1, 2):
        shelf.snapshot(daemon.platform, day, i1=10)
        shelf.sold(daemon.platform, day, 1)
    return daemon


def desk(daemon: Daemon, last: int, built: Iterable[int]) -> Desk:
    """Where runs are requested on the night after a day of January, when others are built, nobody knows from what."""
    over, platform = date(2026, 1, last), daemon.platform
    keys = [key for key in platform.catalog.declared if key.path[0] == daemon.domain]
    state = State.of(platform.catalog, keys, through=over)
    days = Known({date(2026, 1, day): None for day in built})
    known = {key: days if platform.catalog[key].has_days else its for key, its in state.known.items()}
    found = History(platform.instance, daemon.domain)
    now = datetime.now(timezone.utc)
    return Desk(replace(state, known=known), daemon.domains, daemon.domain, found, over, now, until=over)


def in_one_go(daemon: Daemon, last: int) -> Answer:
    """What the schedule would request on the night after a day of January."""
    over = date(2026, 1, last)
    return daemon.desk(over=over, until=over).answer(in_one_go=True)


def seconds(daemon: Daemon, at: float) -> Answer:
    """What is requested so many seconds after 1970."""
    return daemon.answer(datetime.fromtimestamp(at, tz=timezone.utc))


def test_the_waits_of_what_may_pass_grow_up_to_six_hours_and_it_is_never_given_up(tmp_path: Path) -> None:
    daemon, at, waits = kiosk_of(tmp_path, 1), 1_800_000_000.0, []
    for times in range(22):
        (request,) = daemon.requests(seconds(daemon, at))
        run_id = died(daemon.platform.instance, request, at)
        daemon.platform.instance.add_run_tags(run_id, {"said later": "of a run that has ended"})
        wait = min(60 * 2**times, 6 * 60 * 60)
        waits.append(wait)
        answer = seconds(daemon, at + wait - 1)
        assert not answer.requests
        again = datetime.fromtimestamp(at + wait, tz=timezone.utc)
        assert answer.waits[0].why.endswith(f" has died. It is tried again after {again:%H:%M:%S} UTC")
        at += wait
    assert waits[-1] == 6 * 60 * 60


@pytest.mark.parametrize("days", [1, 2])
def test_a_run_that_somebody_has_stopped_is_not_requested_again_however_long_it_is_ago(
    tmp_path: Path, days: int
) -> None:
    daemon, at = kiosk_of(tmp_path, days), 1_800_000_000.0
    (request,) = daemon.requests(seconds(daemon, at))
    stopped(daemon.platform.instance, request, at)
    answer = seconds(daemon, at + 1_000_000)
    assert not answer.requests
    assert answer.waits[0].why.endswith(" was stopped by somebody: `platform-assets apply` builds it")


def test_what_may_pass_is_requested_by_another_key_each_time_however_often_it_was_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(history, "_MOST", 2)
    daemon, keys = kiosk_of(tmp_path, 1), set()
    for times in range(5):
        at = 1_800_000_000.0 + times * 100_000
        (request,) = daemon.requests(seconds(daemon, at))
        keys.add(request.run_key)
        died(daemon.platform.instance, request, at)
    assert len(keys) == 5


def test_until_its_run_has_ended_a_request_has_the_key_that_it_had(tmp_path: Path) -> None:
    daemon = kiosk_of(tmp_path, 2)
    (first,), (second,) = daemon.answer().requests, daemon.answer().requests
    assert first == second
    daemon.platform.deliver("sold", DAYS[1], "b.csv", sold(DAYS[1], 10))
    (other,) = daemon.answer().requests
    assert (other.run, other.key != first.key) == (first.run, True)


def test_what_is_due_again_whenever_it_was_built_is_built_twenty_times(tmp_path: Path) -> None:
    daemon, at = kiosk_of(tmp_path, 1), 1_800_000_000.0
    for times in range(20):
        (request,) = daemon.requests(seconds(daemon, at))
        succeeded(daemon.platform.instance, request, at + times)
    answer = seconds(daemon, at + 1_000_000)
    assert not answer.requests
    assert answer.waits[0].why == "it was built 20 times, and was due each time again: see `platform-assets why`"


def test_runs_of_another_domain_and_runs_that_nobody_requested_tell_nothing(tmp_path: Path) -> None:
    daemon = kiosk_of(tmp_path, 1)
    (request,) = daemon.requests(daemon.answer())
    instance = daemon.platform.instance
    ended(instance, request.with_replaced_attrs(tags={**request.tags, "platform/domain": "shop"}), raw_sold=BAD)
    by_hand = {name: value for name, value in request.tags.items() if name != "platform/states"}
    ended(instance, request.with_replaced_attrs(tags=by_hand), raw_sold=BAD)
    assert told(daemon.answer().requests) == [("1", "raw_sold")]
    ended(instance, request, raw_sold=BAD)
    assert told(daemon.answer().requests) == []


def test_of_a_run_of_some_tables_only_those_that_failed_are_cut(tmp_path: Path) -> None:
    daemon = kiosk_of(tmp_path, 3)
    (request,) = daemon.requests(in_one_go(daemon, 3))
    ended(daemon.platform.instance, request, hours=BAD)
    # What continues from the first half has to wait until that is built.
    assert told(in_one_go(daemon, 3).requests) == [("1-2", *KIOSK)]


def test_a_day_that_is_refused_alone_is_left_out_of_a_range_of_other_tables(tmp_path: Path) -> None:
    daemon = kiosk_of(tmp_path, 1)
    (request,) = daemon.requests(in_one_go(daemon, 1))
    ended(daemon.platform.instance, request, hours=BAD)
    answer = in_one_go(daemon, 1)
    assert told(answer.requests) == [("1", "raw_sold", "sold_files")]
    assert [(wait.key.path[-1], wait.why) for wait in answer.waits if not wait.follows] == [("hours", "of the data")]


def test_a_table_that_failed_in_the_run_of_its_delivery_is_tried_again_with_the_corrected_one(tmp_path: Path) -> None:
    daemon = kiosk_of(tmp_path, 1)
    (request,) = daemon.requests(in_one_go(daemon, 1))
    ended(daemon.platform.instance, request, hours=BAD)
    daemon.platform.deliver("sold", DAYS[0], "a.csv", sold(DAYS[0], 10, count=2))
    assert told(in_one_go(daemon, 1).requests) == [("1", *KIOSK)]


def test_a_table_without_days_goes_with_the_last_range_of_days_or_alone(tmp_path: Path) -> None:
    found = FoundDomain(shelf.shelf, __name__, (shelf.raw_items, seen))
    daemon = Daemon(Platform(tmp_path, domains=[found], **AT_ONCE), "shelf", (found,))
    for day in range(1, 7):
        shelf.snapshot(daemon.platform, day, i1=10)

    def requested(*built: int) -> list[tuple[str, ...]]:
        return told(desk(daemon, 6, built).answer(in_one_go=True).requests)

    assert requested() == [("1-6", "raw_items", "seen")]
    assert requested(3, 4, 5) == [("1-2", "raw_items"), ("6", "raw_items", "seen")]
    assert requested(1, 2, 3, 4, 5, 6) == [("all", "seen")]


def test_a_table_without_days_that_was_refused_holds_back_nothing_but_what_reads_it(shelves: Daemon) -> None:
    (request,) = shelves.requests(in_one_go(shelves, 2))
    ended(shelves.platform.instance, request, price_list=BAD)
    answer = in_one_go(shelves, 2)
    assert told(answer.requests) == [("1-2", "new_items", "raw_items", "raw_sales")]
    assert [(wait.key.path[-1], wait.why) for wait in answer.waits if not wait.follows] == [
        ("price_list", "of the data")
    ]


def test_a_table_without_days_that_may_pass_is_tried_again_when_it_is_time(shelves: Daemon) -> None:
    (request,) = shelves.requests(in_one_go(shelves, 2))
    ended(shelves.platform.instance, request, price_list=AWAY)
    answer = in_one_go(shelves, 2)
    assert told(answer.requests) == [("1-2", "new_items", "raw_items", "raw_sales")]
    later = datetime.fromtimestamp(datetime.now(timezone.utc).timestamp() + 100, tz=timezone.utc)
    over = date(2026, 1, 2)
    assert told(shelves.desk(later, over, over).answer(in_one_go=True).requests) == [("1-2", *SHELF)]
