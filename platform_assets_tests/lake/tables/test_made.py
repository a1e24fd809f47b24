"""Records of what days were made from: found by the files that a version reads, whoever wrote others."""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date
from pathlib import Path

import pyarrow as pa
import pytest
from deltalake import DeltaTable, write_deltalake
from deltalake.exceptions import CommitFailedError
from deltalake.table import TableOptimizer

from platform_assets.lake.engines.engine import Engine
from platform_assets.lake.tables.days import WHOLE
from platform_assets.lake.tables.log import Damaged, since_checkpoint
from platform_assets.lake.tables.made import FileRead, Known, Made, Records
from platform_assets.lake.tables.staging import Staged
from platform_assets.lake.tables.table import Table
from platform_assets_tests.support.lake.visits import january, stage, visits_table


def made(staged: Staged, *days: int, **given: str) -> Staged:
    """A staged publication with records of days of January."""
    attempt = f"{staged.run_id}/{staged.attempt}"
    prints = [Made(day=january(day), attempt=attempt, rows=1, **{"fingerprint": "1.1.1"} | given) for day in days]  # type: ignore[arg-type]
    return replace(staged, made=tuple(prints))


def publish(engine: Engine, table: Table, run: str, *days: int, **given: str) -> None:
    """Publish a row for each of some days, with records."""
    staged = stage(engine, table, run, days, *[(day, "/a", 1, None) for day in days])
    table.publish(made(staged, *days, **given))


@pytest.fixture
def table(place: str) -> Table:
    """An empty table, on disk and on S3."""
    return visits_table(place)


def runs(table: Table) -> dict[int, str | None]:
    """Per day of January the run that is known to have made it, None where none is."""
    return {day.day: one.run_id if one else None for day, one in table.known().made.items()}


def test_each_day_is_known_by_the_publication_that_it_is_of(engine: Engine, table: Table) -> None:
    assert runs(table) == {}
    publish(engine, table, "run-1", 1, 2, settings='{"PLATFORM_SHOP_X": "1"}', inputs='{"shop/a": {"2026-01-01": "x"}}')
    publish(engine, table, "run-2", 2)
    assert runs(table) == {1: "run-1", 2: "run-2"}
    first = table.known().made[january(1)]
    assert first
    assert first.effective == {"PLATFORM_SHOP_X": "1"}
    assert first.read == {"shop/a": {"2026-01-01": "x"}}


def test_a_restored_version_finds_its_own_records(engine: Engine, table: Table) -> None:
    publish(engine, table, "run-1", 1)
    publish(engine, table, "run-2", 1, 2)
    table.restore(1)
    assert runs(table) == {1: "run-1"}


def test_a_record_of_a_run_that_was_killed_before_its_commit_is_of_no_consequence(engine: Engine, table: Table) -> None:
    publish(engine, table, "run-1", 1)
    staged = made(stage(engine, table, "run-2", [1], (1, "/b", 1, None)), 1)
    table.records.append(staged.made)
    assert runs(table) == {1: "run-1"}


def test_days_that_were_published_without_a_record_are_unknown(engine: Engine, table: Table) -> None:
    publish(engine, table, "run-1", 1)
    table.publish(stage(engine, table, "run-2", [2], (2, "/b", 1, None)))
    known = table.known()
    assert runs(table) == {1: "run-1", 2: None}
    assert known.unknown == [january(2)]
    assert known.fingerprint(january(2)) is None


def test_runs_that_make_the_first_records_at_once_both_do(tmp_path: Path) -> None:
    records = Records(str(tmp_path / "t"))
    many = [Made(day=january(1), attempt=f"run/{n}", rows=n, fingerprint="1.1.1") for n in range(16)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda one: records.append([one]), many))
    assert {attempt for attempt, _ in records.read()} == {one.attempt for one in many}


def test_many_records_are_read_from_few_files_and_none_is_lost(tmp_path: Path) -> None:
    records = Records(str(tmp_path / "t"))
    for n in range(120):
        records.append([Made(day=date(2026, 1, 1), attempt=f"run/{n}", rows=n, fingerprint="1.1.1")])
        assert since_checkpoint(records.url, DeltaTable(records.url).version()) <= 10
    assert len(DeltaTable(records.url).file_uris()) <= 20
    assert len(records.read()) == 120


@pytest.mark.parametrize("order", [(1, 2, 3), (3, 2, 1), (2, 3, 1)])
def test_of_several_records_of_a_day_by_one_attempt_the_newest_counts(
    engine: Engine, tmp_path: Path, order: tuple[int, ...]
) -> None:
    table = visits_table(tmp_path)
    staged = stage(engine, table, "run-1", [1], (1, "/a", 1, None))
    table.publish(staged)
    attempt = f"{staged.run_id}/{staged.attempt}"
    for at in order:
        table.records.append([Made(day=january(1), attempt=attempt, rows=1, fingerprint=f"{at}.1.1", at=at)])
    assert table.known().fingerprint(january(1)) == "3.1.1"


@pytest.mark.parametrize("order", [(1, 2, 3), (3, 2, 1), (2, 3, 1)])
def test_of_a_day_that_others_have_written_anew_the_newest_record_of_before_is_known_whoever_made_it(
    engine: Engine, tmp_path: Path, order: tuple[int, ...]
) -> None:
    table = visits_table(tmp_path)
    for at in order:
        one = Made(day=january(1), attempt=f"run-{at % 2}/a", rows=1, fingerprint=f"{at}.1.1", at=at)
        table.records.append([one, replace(one, day=january(2), at=10 + at, fingerprint="2.2.2")])
    table.publish(stage(engine, table, "run-9", [1], (1, "/a", 1, None)))
    known = table.known()
    assert known.made == {january(1): None}
    assert {day: made.fingerprint for day, made in known.replaced.items()} == {january(1): "3.1.1"}


def test_records_are_no_part_of_the_table(engine: Engine, table: Table, tmp_path: Path) -> None:
    publish(engine, table, "run-1", 1)
    delta = table.delta()
    assert delta
    assert delta.vacuum(retention_hours=0, enforce_retention_duration=False, full=True, dry_run=True) == []
    assert sorted(row["page"] for row in delta.to_pyarrow_table().to_pylist()) == ["/a"]


@pytest.mark.parametrize("changed", ["fingerprint", "code", "contract", "settings", "inputs", "files", "events"])
def test_a_day_that_was_made_from_something_else_is_told_from_the_one_before(changed: str) -> None:
    one = Made(day=january(1), attempt="a/1", rows=1, fingerprint="1.1.1")
    other = {
        "settings": '{"A": "1"}',
        "inputs": '{"t": {"2026-01-01": "x"}}',
        "files": '[["a.csv", "l", 1, "", "", "hash", 1, 0, "I", null]]',
        "events": '{"2026-01-01": ["1.1.1", "1.1.1"]}',
    }
    assert one.is_like(replace(one, attempt="b/2", rows=1))
    assert not one.is_like(replace(one, **{changed: other.get(changed, "2.2.2")}))
    assert not one.is_like(None)


RECORDS: dict[str, tuple[Callable[[Path], object], str]] = {
    "newest commit cut": (lambda f: _cut(f, "*1.json", 200), r"00001\.json is no JSON \("),
    "newest commit empty": (lambda f: _cut(f, "*1.json", 0), r"00001\.json is empty"),
    "first commit empty": (lambda f: _cut(f, "*0.json", 0), r"00000\.json is empty"),
    "a file gone": (lambda f: next(f.glob("*.parquet")).unlink(), r"\.parquet is not there"),
}


def _cut(folder: Path, pattern: str, end: int) -> None:
    path = next((folder / "_delta_log").glob(pattern))
    path.write_bytes(path.read_bytes()[:end])


@pytest.mark.parametrize("how", RECORDS)
def test_records_that_are_damaged_are_told_with_the_file_and_the_way_out(
    engine: Engine, tmp_path: Path, how: str
) -> None:
    table = visits_table(tmp_path)
    publish(engine, table, "run-1", 1)
    publish(engine, table, "run-2", 2)
    do, what = RECORDS[how]
    do(Path(table.records.url))
    told = rf"^What shop/visits was made from cannot be read: \S+{what}.* or move {table.url}/_made away: .* --adopt`"
    with pytest.raises(Damaged, match=told):
        table.known()


def test_records_are_there_before_the_commit_that_they_speak_of(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = visits_table(tmp_path)
    staged = made(stage(engine, table, "run-1", [1], (1, "/a", 1, None)), 1)

    def commit(_: Table, publishing: Staged) -> int:
        assert set(table.records.read()) == {(one.attempt, one.day) for one in publishing.made}
        return 7

    monkeypatch.setattr(Table, "_commit", commit)
    assert table.publish(staged) == 7


def test_records_that_others_write_together_meanwhile_are_let_be(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object, **__: object) -> None:
        raise CommitFailedError("others came first")

    monkeypatch.setattr(TableOptimizer, "compact", refused)
    records = Records(str(tmp_path / "visits"))
    for n in range(55):
        records.append([Made(day=january(1), attempt=f"run-{n}/a", rows=0, fingerprint="0.0.0")])
    assert len(records.read()) == 55


def test_a_day_to_whose_files_something_else_has_added_is_unknown_until_it_is_recorded(
    engine: Engine, tmp_path: Path
) -> None:
    table = visits_table(tmp_path)
    publish(engine, table, "run-1", 1, 2)
    row = {"day": [january(1)], "page": ["/z"], "visits": [1], "note": [None]}
    write_deltalake(table.url, pa.table(row, pa.schema(table.contract.delta_schema.to_arrow())), mode="append")
    assert runs(table) == {1: None, 2: "run-1"}
    attempt = table.known().attempts[january(1)]
    table.records.append([Made(day=january(1), attempt=attempt, rows=2, fingerprint="2.1.1")])
    assert table.known().fingerprint(january(1)) == "2.1.1"


def test_first_versions_that_begin_after_a_day_are_known_and_later_ones_of_known_keys_are_none() -> None:
    one, none = "1.a.b", "0.0.0"
    events = {"2026-01-02": [one, none, one], "2026-01-04": [one, one, none]}
    known = Known({WHOLE: Made(WHOLE, "run/0", 2, one, events=json.dumps(events))})
    assert [day for day in (1, 2, 3, 4, 5) if known.begins_after(january(day))] == [1]
    assert not Known({WHOLE: None}).begins_after(january(1))


def test_a_file_that_has_no_more_to_say_is_recorded_as_ever() -> None:
    file = FileRead("a.csv", "/a.csv", 9, "", "", "hash", 2, 1, "I", None)
    assert file.told == tuple(file)[:10]
    assert FileRead(*file.told) == file
    copy = file._replace(status="E", reason="a copy", content="hash", copy_of="2026-01-01/a.csv")
    assert FileRead(*copy.told) == copy
