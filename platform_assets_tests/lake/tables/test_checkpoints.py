"""When a table's log is summed up in a checkpoint, and that nothing is lost by it."""

from __future__ import annotations

from pathlib import Path

import pytest
from deltalake import DeltaTable

from platform_assets.lake.engines.engine import Engine
from platform_assets.lake.tables import maintenance
from platform_assets.lake.tables.log import since_checkpoint
from platform_assets.lake.tables.maintenance import sum_up
from platform_assets_tests.support.lake.visits import publish, published, visits_table


def test_a_log_is_summed_up_as_soon_as_enough_commits_came_since_the_last_checkpoint(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(maintenance, "_WORTH_A_CHECKPOINT", 3)
    table = visits_table(tmp_path)
    assert not sum_up(table)
    done = []
    for day in range(1, 8):
        assert publish(engine, table, f"run-{day}", [day], (day, "/a", day, None)) == day
        done += [day] if sum_up(table) else []
        assert not sum_up(table)
    assert done == [2, 5]  # the first version is the empty table's
    assert sorted(path.name for path in Path(table.url, "_delta_log").glob("*.checkpoint.parquet")) == [
        f"{version:020}.checkpoint.parquet" for version in done
    ]
    assert DeltaTable(table.url).version() == 7
    assert published(table) == [(day, "/a", day, None) for day in range(1, 8)]
    assert [since_checkpoint(table.url, version) for version in range(8)] == [1, 2, 0, 1, 2, 0, 1, 2]


def test_whoever_opens_a_table_reads_no_more_than_ten_commits_whatever_version_it_was_made_by(
    engine: Engine, tmp_path: Path
) -> None:
    table = visits_table(tmp_path)
    publish(engine, table, "run-1", [1], (1, "/a", 1, None))
    DeltaTable(table.url).alter.set_table_properties({"delta.checkpointInterval": "100"})
    for day in range(2, 26):
        version = publish(engine, table, f"run-{day}", [day], (day, "/a", day, None))
        assert since_checkpoint(table.url, version) <= 10
    assert published(table) == [(day, "/a", day, None) for day in range(1, 26)]
