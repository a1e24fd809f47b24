"""What the state of a day is made of: whatever may change what a run makes of it, and nothing else."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date, datetime, timezone
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from platform_assets.assets.catalog import Catalog
from platform_assets.automation import states
from platform_assets.automation.states import States, run_key
from platform_assets.lake.tables.days import WHOLE
from platform_assets.lake.tables.made import Known, Made
from platform_assets.landing.deliveries import Delivered
from platform_assets.landing.first_look import LandedFile
from platform_assets.plan.due import LANDING, Reason, due_of
from platform_assets.plan.runs import Run
from platform_assets.plan.state import State
from platform_assets.registry import FoundDomain
from platform_assets_tests.support import shelf
from platform_assets_tests.support.kiosk import FOUND, hours, kiosk_at, raw_sold, so_far
from platform_assets_tests.support.platforms import Platform

ONE, TWO, THREE = (date(2026, 1, day) for day in (1, 2, 3))
SEEN = datetime(2026, 1, 9, tzinfo=timezone.utc)
FILE = LandedFile(ONE, "a.csv", "", 10, SEEN)
Edit = Callable[[State], State]


def made(day: date, attempt: str = "run/1", fingerprint: str = "1.a.b", at: int = 0) -> Made:
    """The record of a day."""
    return Made(day, attempt, 1, fingerprint, at=at)


def known(key: dg.AssetKey, *days: Made) -> Edit:
    """That days of a table are built."""
    return lambda state: replace(state, known={**state.known, key: Known({one.day: one for one in days})})


def landed(day: date, *files: LandedFile, problem: str = "") -> Edit:
    """That files are there on a day."""
    there = {day: Delivered(files, problem)}
    return lambda state: replace(
        state, delivered={**state.delivered, raw_sold.key: {**state.delivered[raw_sold.key], **there}}
    )


def state_of(platform: Platform, *edits: Edit) -> State:
    """What there is on a platform, and then what a test says."""
    state = State.of(platform.catalog, platform.catalog.declared, today=THREE)
    for edit in edits:
        state = edit(state)
    return state


def text(root: Path, run: Run, built: Run | None = None, *edits: Edit, **settings: Any) -> str:
    """The state that a run of one table of the kiosk starts from."""
    return _only(state_of(_kiosk(root, **settings), *edits), run, built, FOUND)


def _kiosk(root: Path, **settings: Any) -> Platform:
    platform = kiosk_at(root, **settings)
    (root / "landing" / "sold").mkdir(exist_ok=True)
    return platform


def _only(state: State, run: Run, built: Run | None, *domains: FoundDomain) -> str:
    (found,) = States(due_of(state), domains).of(run, built).values()
    return found


def run(key: dg.AssetKey, first: date = ONE, last: date | None = None) -> Run:
    """A run of one table."""
    return Run((key,), first, last or first)


OTHERS: Mapping[str, tuple[Run, tuple[Edit, ...], tuple[Edit, ...]]] = {
    "what was published of the day": (
        run(hours.key),
        (known(hours.key, made(ONE)),),
        (known(hours.key, made(ONE, "other/1")),),
    ),
    "who has published a day without a record": (
        run(hours.key),
        (lambda state: replace(state, known={**state.known, hours.key: Known({ONE: None}, attempts={ONE: "a/1"})}),),
        (lambda state: replace(state, known={**state.known, hours.key: Known({ONE: None}, attempts={ONE: "b/1"})}),),
    ),
    "what is read": (
        run(so_far.key),
        (known(hours.key, made(ONE)),),
        (known(hours.key, made(ONE, fingerprint="2.a.b")),),
    ),
    "the table's own day before": (
        run(so_far.key, TWO),
        (known(so_far.key, made(ONE)),),
        (known(so_far.key, made(ONE, fingerprint="2.a.b")),),
    ),
    "a file's name": (run(raw_sold.key), (landed(ONE, FILE),), (landed(ONE, replace(FILE, name="b.csv")),)),
    "a file's size": (run(raw_sold.key), (landed(ONE, FILE),), (landed(ONE, replace(FILE, size=11)),)),
    "a file's time": (
        run(raw_sold.key),
        (landed(ONE, FILE),),
        (landed(ONE, replace(FILE, modified=SEEN.replace(hour=1))),),
    ),
    "a file's content in a store": (
        run(raw_sold.key),
        (landed(ONE, replace(FILE, tag="x")),),
        (landed(ONE, replace(FILE, tag="y")),),
    ),
    "that a folder cannot be read": (run(raw_sold.key), (landed(ONE),), (landed(ONE, problem="no permission"),)),
    "a later day of the run": (
        run(raw_sold.key, ONE, TWO),
        (landed(TWO, replace(FILE, day=TWO)),),
        (landed(TWO, replace(FILE, day=TWO, size=11)),),
    ),
}


@pytest.mark.parametrize("name", OTHERS)
def test_a_state_is_another_when_what_a_run_starts_from_is(tmp_path: Path, name: str) -> None:
    its, before, after = OTHERS[name]
    assert text(tmp_path, its, None, *before) == text(tmp_path, its, None, *before)
    assert text(tmp_path, its, None, *before) != text(tmp_path, its, None, *after)


def test_what_others_read_and_what_was_built_of_other_days_is_not_in_a_state(tmp_path: Path) -> None:
    its, there = run(hours.key), (known(hours.key, made(ONE), made(TWO)), landed(TWO, FILE))
    other = (known(hours.key, made(ONE), made(TWO, "other/1")), known(so_far.key, made(ONE)), landed(TWO))
    assert text(tmp_path, its, None, *there) == text(tmp_path, its, None, *other)


def test_a_content_that_is_a_copy_now_or_not_any_more_is_another_state(tmp_path: Path) -> None:
    due, found = due_of(state_of(_kiosk(tmp_path), known(raw_sold.key, made(ONE)))), set()
    for said in ("its content was delivered before, as x", "its content was not delivered before"):
        days = {**due.days, raw_sold.key: {ONE: [Reason(LANDING, "a.csv", said)]}}
        found.add(*States(replace(due, days=days), (FOUND,)).of(run(raw_sold.key)).values())
    assert len(found) == 2


@pytest.mark.parametrize(("of", "is_same"), [(ONE, True), (TWO, False)])
def test_what_the_run_itself_makes_of_inputs_is_not_in_a_state(tmp_path: Path, of: date, is_same: bool) -> None:
    built = Run((hours.key, so_far.key), of, of)
    there, other = known(hours.key, made(ONE)), known(hours.key, made(ONE, fingerprint="2.a.b"))
    assert (text(tmp_path, run(so_far.key), built, there) == text(tmp_path, run(so_far.key), built, other)) is is_same


def test_the_deliveries_that_a_run_reads_first_are_in_the_state_of_all_that_it_makes_of_them(tmp_path: Path) -> None:
    built, its = Run((raw_sold.key, hours.key, so_far.key), ONE, TWO), run(so_far.key)
    there, other, later = (landed(day, replace(FILE, size=size)) for day, size in ((TWO, 1), (TWO, 2), (THREE, 3)))
    assert text(tmp_path, its, built, there) != text(tmp_path, its, built, other)
    assert text(tmp_path, its, built, there) == text(tmp_path, its, built, there, later)
    assert text(tmp_path, its, its, there) == text(tmp_path, its, its, other)


def test_a_table_without_days_is_no_part_of_what_reads_it_in_the_same_run(tmp_path: Path) -> None:
    platform = shelf.shelf_at(tmp_path)
    for feed in ("items", "shelf_sales"):
        (tmp_path / "landing" / feed).mkdir()
    prices = [known(shelf.price_list.key, made(WHOLE, fingerprint=f"{n}.a.b")) for n in (1, 2)]
    its = run(shelf.sales.key)

    def states_in(built: Run) -> set[str]:
        return {_only(state_of(platform, one), its, built, shelf.FOUND) for one in prices}

    assert len(states_in(Run((shelf.price_list.key, shelf.sales.key), ONE, ONE))) == 1
    assert len(states_in(its)) == 2


def test_the_state_of_a_table_without_days_is_the_same_in_runs_of_whatever_days(tmp_path: Path) -> None:
    platform = shelf.shelf_at(tmp_path)
    for feed in ("items", "shelf_sales"):
        (tmp_path / "landing" / feed).mkdir()
    state, key = state_of(platform), shelf.totals.key
    assert _only(state, run(key), None, shelf.FOUND) == _only(state, run(key, WHOLE), None, shelf.FOUND)


def test_another_transform_contract_setting_or_version_is_another_state(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found, recipe = [text(tmp_path, run(hours.key))], Catalog.recipe
    for other in ({"code": "other"}, {"contract": "other"}, {"settings": {"PLATFORM_KIOSK_LEAST": "7"}}):
        with monkeypatch.context() as patch:
            patch.setattr(Catalog, "recipe", lambda its, key, other=other: replace(recipe(its, key), **other))
            found.append(text(tmp_path, run(hours.key)))
    monkeypatch.setattr(states, "platform_version", lambda: "999")
    found.append(text(tmp_path, run(hours.key)))
    assert len(set(found)) == 5


def test_settings_of_when_something_is_run_and_who_is_told_are_in_no_state(tmp_path: Path) -> None:
    said = text(tmp_path, run(hours.key))
    for name, value in {
        **{"automation": True, "daily_at": "05:00", "catch_up_days": 3, "landing_settle_seconds": 1},
        **{"landing_every_seconds": 7, "maintain_at": "03:00", "keep_logs_days": 9, "keep_versions_days": 9},
        **{"rebuild_on_change": True, "expected_by": {"sold": "06:00"}, "notify": ("json://localhost",)},
        **{"ui_url": "http://ui", "debug": True, "show_pii": True},
    }.items():
        assert text(tmp_path, run(hours.key), **{name: value}) == said, name
    assert text(tmp_path, run(hours.key), reject_share=0.5) != said
    assert text(tmp_path, run(so_far.key), kiosk_least=2) != text(tmp_path, run(so_far.key))


@pytest.mark.parametrize(
    ("keys", "inputs", "is_made_since"),
    [
        ((hours, so_far), known(hours.key, made(ONE, at=5_000_001)), True),
        ((hours, so_far), known(hours.key, made(ONE, at=5_000_000)), False),
        ((hours, so_far), known(hours.key, made(THREE, at=9_000_000)), False),
        ((so_far,), known(hours.key, made(ONE, at=9_000_000)), False),
        ((hours, so_far), known(so_far.key, made(ONE, at=9_000_000)), False),
    ],
)
def test_what_others_have_built_since_a_run_ended_of_what_it_made_is_seen(
    tmp_path: Path, keys: tuple[Any, ...], inputs: Edit, is_made_since: bool
) -> None:
    found = States(due_of(state_of(_kiosk(tmp_path), inputs)), (FOUND,))
    asked = Run(tuple(one.key for one in keys), ONE, TWO)
    assert found.made_since(so_far.key, asked, 5.0) is is_made_since


def test_no_two_requests_of_other_days_states_or_runs_before_share_a_key() -> None:
    keys = [
        run_key({"a": "1"}, ONE, TWO, ()),
        run_key({"a": "2"}, ONE, TWO, ()),
        run_key({"b": "1"}, ONE, TWO, ()),
        run_key({"a": "1"}, ONE, ONE, ()),
        run_key({"a": "1"}, TWO, TWO, ()),
        run_key({"a": "1"}, ONE, TWO, ["x"]),
        run_key({"a": "1"}, ONE, TWO, ["x", "y"]),
    ]
    assert len(set(keys)) == len(keys)
    assert run_key({"a": "1", "b": "2"}, ONE, TWO, ["y", "x"]) == run_key({"b": "2", "a": "1"}, ONE, TWO, ["x", "y"])
