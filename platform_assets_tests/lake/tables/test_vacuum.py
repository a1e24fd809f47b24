"""What is removed of tables without days, and what never is of any: what others keep there, or publish meanwhile."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from uuid import NAMESPACE_URL, uuid5

import pytest
from deltalake import DeltaTable

from platform_assets.contracts.contract import Contract, Field, T
from platform_assets.lake.engines.engine import Engine
from platform_assets.lake.tables import maintenance
from platform_assets.lake.tables.days import WHOLE
from platform_assets.lake.tables.maintenance import NotRestorable, Waste
from platform_assets.lake.tables.published import open_delta
from platform_assets.lake.tables.staging import Staged
from platform_assets.lake.tables.table import Table
from platform_assets_tests.support.lake.ages import age
from platform_assets_tests.support.lake.visits import publish, published, stage, visits_table

NOTHING = timedelta(0)


class Pages(Contract, whole=True):
    """All pages."""

    page: T.StringType = Field(description="Page")


def run(name: str) -> str:
    """The id of a run, as Dagster gives them."""
    return str(uuid5(NAMESPACE_URL, name))


def leftovers(table: Table) -> list[Waste]:
    """Find and remove what runs left a day ago."""
    found = maintenance.leftovers(table, lambda _: "unknown", timedelta(days=1))
    for waste in found:
        maintenance.remove(waste)
    return found


def vacuum(table: Table, older_than: timedelta) -> Waste | None:
    """Find and remove replaced files."""
    waste = maintenance.replaced_files(table, older_than, ())
    if waste:
        maintenance.remove(waste)
    return waste


def test_of_a_table_without_days_old_versions_and_leftovers_go_too(engine: Engine, tmp_path: Path) -> None:
    table = visits_table(tmp_path, Pages)
    kept, gone = ("a",), ("b", "c")

    def staged(name: str, *pages: str) -> Staged:
        return table.stage(
            engine, engine.session.createDataFrame([(page,) for page in pages], "page string"), run(name), [WHOLE]
        )

    def pages(version: int | None = None) -> list[str]:
        return sorted(open_delta(table.url, version).to_pyarrow_table()["page"].to_pylist())

    table.publish(staged("run-1", *gone))
    age(table, days=10)
    table.publish(staged("run-2", *kept))
    assert vacuum(table, timedelta(days=9)) is None
    assert pages(1) == [*gone]
    age(table, days=9, minutes=1)
    staged("killed", *gone)
    age(table, days=2)
    waste = vacuum(table, timedelta(days=9))
    assert waste
    assert (waste.files, [left.run_id for left in leftovers(table)]) == (1, [run("killed")])
    assert pages() == [*kept]
    assert len(list(Path(table.url, "runs").rglob("*.parquet"))) == 1
    with pytest.raises(NotRestorable):
        maintenance.restoration(table, 1)


def test_vacuum_leaves_files_of_others_wherever_they_lie(engine: Engine, tmp_path: Path) -> None:
    table = visits_table(tmp_path)
    publish(engine, table, run("run-1"), [1], (1, "/a", 1, None))
    publish(engine, table, run("run-2"), [1], (1, "/b", 2, None))
    places = (
        "mine.parquet",
        "day=2026-01-01/part-00000-x.parquet",
        f"runs/{run('run-1')}/mine.parquet",
        "runs/a/b.txt",
    )
    theirs = [Path(table.url, *place.split("/")) for place in places]
    for file in theirs:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(b"the only copy")
    age(table, days=9)
    waste = vacuum(table, NOTHING)
    assert waste
    assert waste.files == 1
    assert [file.read_bytes() for file in theirs] == [b"the only copy"] * 4


def test_of_a_run_that_published_twice_no_version_loses_a_row(engine: Engine, tmp_path: Path) -> None:
    table = visits_table(tmp_path)
    for number, name in enumerate(("run-1", "run-1", "run-2"), 1):
        publish(engine, table, run(name), [1], (1, "/a", number, None))
    age(table, days=2)
    assert leftovers(table) == []
    assert [published(table, version) for version in (1, 2, 3)] == [[(1, "/a", n, None)] for n in (1, 2, 3)]


def test_what_is_published_while_leftovers_are_looked_for_is_none(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = visits_table(tmp_path)
    publish(engine, table, run("run-1"), [1], (1, "/a", 1, None))
    stage(engine, table, run("run-2"), [2], (2, "/killed", 2, None))
    waiting = [stage(engine, table, run("run-2"), [2], (2, "/b", 2, None))]
    age(table, days=2)
    look = Table.delta

    def delta(looked_at: Table, version: int | None = None) -> DeltaTable | None:
        found = look(looked_at, version)
        if waiting:
            table.publish(waiting.pop())
        return found

    monkeypatch.setattr(Table, "delta", delta)
    (waste,) = leftovers(table)
    assert (waste.run_id, waste.kept) == (run("run-2"), "")
    assert published(table) == [(1, "/a", 1, None), (2, "/b", 2, None)]
