"""Runs at once, servers that die, and rows that are out of date: what was there stays, or all of the new is there."""

from __future__ import annotations

import multiprocessing as mp
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError

from platform_assets.errors import Outdated, PlatformError, TemporaryError
from platform_assets.exports.sql import mysql, postgresql, sqlite
from platform_assets.exports.sql.connections import connected
from platform_assets_tests.support.sql import JANUARY, Base, Written, known, made, total

FEBRUARY = "2026-02"


@dataclass
class Meanwhile:
    """Something that was read: what is asked of it last, just before the commit."""

    happens: Callable[[], Any]
    said: str = ""

    def changed(self) -> str:
        self.happens()
        return self.said


@pytest.fixture
def table(base: Base, tmp_path: Path) -> Written:
    """The table `totals` with a row of January."""
    written = Written(base, tmp_path)
    written.write({JANUARY: [total(1)]})
    return written


def test_what_was_read_and_has_changed_meanwhile_is_not_written(table: Written) -> None:
    old = Meanwhile(lambda: None, "till/totals has changed since this run has read it.")
    with pytest.raises(Outdated, match="till/totals has changed") as refused:
        table.write({JANUARY: [total(2)]}, [old])
    assert "till/totals_sql of 2026-01 was not written, what was there before still is" in str(refused.value)
    assert table.base.totals() == {JANUARY: [total(1)]}


def test_of_several_months_those_before_the_one_that_fails_are_written_and_known(table: Written) -> None:
    staged = table.staged({FEBRUARY: [total(2)], JANUARY: [total(3)]})
    staged.sources[JANUARY] = [Meanwhile(lambda: None, "It has changed.")]  # type: ignore[index]
    with pytest.raises(Outdated, match=r"Written before it: 2026-02\."):
        staged.publish()
    assert table.base.totals() == {JANUARY: [total(1)], FEBRUARY: [total(2)]}
    assert known(table) == [made(FEBRUARY).day], "of January nobody knows any more, and it is due"


def test_runs_at_once_wait_for_each_other_and_one_of_them_is_last(table: Written) -> None:
    months = [[total(run), total(run + 100)] for run in range(1, 6)]
    with ThreadPoolExecutor(5) as pool:
        done = list(pool.map(lambda rows: table.write({JANUARY: rows}), months))
    assert done == [{JANUARY: 2}] * 5
    assert table.base.totals()[JANUARY] in months


def test_processes_at_once_wait_for_each_other_too(base_of: Callable[[str], Base], tmp_path: Path) -> None:
    new = mp.get_context("spawn")
    together = new.Barrier(2)
    processes = [new.Process(target=_write_often, args=(tmp_path, run, together)) for run in range(2)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(100)
    assert [process.exitcode for process in processes] == [0, 0]
    (rows,) = base_of("sqlite").totals().values()
    assert rows in [[total(run), total(run + 100)] for run in range(2)]


def _write_often(folder: Path, run: int, together: Any) -> None:
    table = Written(Base.of("sqlite", folder, None), folder)
    together.wait(60)
    for _ in range(10):
        assert table.write({JANUARY: [total(run), total(run + 100)]}) == {JANUARY: 2}


def test_tables_that_are_not_there_yet_are_made_once_by_runs_at_once(table: Written) -> None:
    table.base.clear()
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda month: table.write({f"2026-0{month}": [total(month)]}), range(1, 5)))
    assert table.base.totals() == {f"2026-0{month}": [total(month)] for month in range(1, 5)}


def test_a_lock_that_others_hold_for_too_long_is_told(table: Written, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (mysql, postgresql, sqlite):
        monkeypatch.setattr(module, "LOCK_SECONDS", 1)
    with (
        connected(table.base.address) as other,
        other.transaction("totals"),
        pytest.raises(TemporaryError, match="run it again after"),
    ):
        table.write({JANUARY: [total(2)]})
    assert table.base.totals() == {JANUARY: [total(1)]}
    table.write({JANUARY: [total(2)]})
    assert table.base.totals() == {JANUARY: [total(2)]}


@pytest.mark.parametrize("kind", ["postgresql", "maria"])
def test_a_server_that_is_killed_in_the_middle_has_what_was_there_before(
    request: pytest.FixtureRequest, base_of: Callable[[str], Base], tmp_path: Path, kind: str
) -> None:
    server = request.getfixturevalue(kind)
    table = Written(base_of("mysql" if kind == "maria" else kind), tmp_path)
    table.write({JANUARY: [total(1)]})
    try:
        with pytest.raises(
            TemporaryError, match=r"did not answer, or went away \(.*\)\. Start it, and then this again"
        ):
            table.write({JANUARY: [total(2)]}, [Meanwhile(server.kill)])
        with pytest.raises(TemporaryError, match="did not answer"):
            table.write({JANUARY: [total(2)]})
    finally:
        server.start()
    assert table.base.totals() == {JANUARY: [total(1)]}
    assert known(table) == []
    table.write({JANUARY: [total(2)]})
    assert table.base.totals() == {JANUARY: [total(2)]}
    assert known(table) == [made(JANUARY).day]


def test_readers_see_what_was_there_before_as_long_as_a_run_writes(table: Written) -> None:
    seen = []
    with ThreadPoolExecutor(1) as pool:
        table.write({JANUARY: [total(2)]}, [Meanwhile(lambda: seen.append(pool.submit(table.base.totals).result(10)))])
    assert seen == [{JANUARY: [total(1)]}]
    assert table.base.totals() == {JANUARY: [total(2)]}


def test_what_was_read_is_looked_at_again_when_nobody_else_can_write_any_more(
    base_of: Callable[[str], Base], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = Written(base_of("sqlite"), tmp_path)
    table.write({JANUARY: [total(1)]})
    tried = []

    def others_write() -> None:
        monkeypatch.setattr(sqlite, "LOCK_SECONDS", 0)
        with connected(table.base.address) as other, pytest.raises(OperationalError, match="database is locked"):
            other.begin("totals")
        tried.append(True)

    table.write({JANUARY: [total(2)]}, [Meanwhile(others_write)])
    assert tried


def test_a_statement_may_take_longer_than_the_server_may_to_let_in(
    base_of: Callable[[str], Base], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mysql, "CONNECT_SECONDS", 1)
    with connected(base_of("mysql").address) as connection:
        assert connection.query("SELECT SLEEP(1.2)") == [(0,)]


def test_rows_that_the_database_loses_are_missed(base_of: Callable[[str], Base], tmp_path: Path) -> None:
    table = Written(base_of("sqlite"), tmp_path)
    table.write({JANUARY: [total(1)]})
    table.base.run(
        "CREATE TRIGGER lost AFTER INSERT ON totals WHEN NEW.customer_id = 2 BEGIN DELETE FROM totals "
        "WHERE customer_id = 2; END"
    )
    with pytest.raises(PlatformError, match="2 rows were given, and the database has 1 of them written"):
        table.write({JANUARY: [total(2), total(3)]})
    assert table.base.totals() == {JANUARY: [total(1)]}


def test_records_of_another_database_do_not_count(base_of: Callable[[str], Base], tmp_path: Path) -> None:
    one, other = (Written(base_of(kind), tmp_path) for kind in ("sqlite", "postgresql"))
    one.write({JANUARY: [total(1)]})
    assert (known(one), known(other)) == ([made(JANUARY).day], [])
    other.write({FEBRUARY: [total(1)]})
    assert (known(one), known(other)) == ([made(JANUARY).day], [made(FEBRUARY).day])
