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
