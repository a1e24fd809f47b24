"""The IO manager of tables: what it reads, and what it records of what it publishes."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import dagster as dg
import pytest
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from platform_assets.assets.io_managers import TableIOManager
from platform_assets.assets.resources import EngineResource
from platform_assets.lake.engines.engine import Engine
from platform_assets.lake.tables.table import Table
from platform_assets_tests.support.lake.visits import january, published, visits, visits_table
from platform_assets_tests.support.platforms import END, START

KEY = dg.AssetKey(["shop", "visits"])
DAY_BEFORE = dg.TimeWindowPartitionMapping(start_offset=-1, end_offset=-1, allow_nonexistent_upstream_partitions=True)


def running_total(table: Table, engine: Engine) -> dg.Definitions:
    """A table that adds one visit a day to its own day before."""

    @dg.asset(
        key=KEY,
        partitions_def=dg.DailyPartitionsDefinition("2026-01-01"),
        backfill_policy=dg.BackfillPolicy.single_run(),
        ins={"before": dg.AssetIn(KEY, partition_mapping=DAY_BEFORE)},
        io_manager_key="tables",
    )
    def total(context: dg.AssetExecutionContext, before: DataFrame) -> Iterator[dg.Output[object]]:
        day = date.fromisoformat(context.partition_key)
        so_far = before.agg(F.coalesce(F.sum("visits"), F.lit(0))).first()
        rows = visits(engine, (day.day, "/all", so_far[0] + 1 if so_far else 1, None))
        yield dg.Output(table.stage(engine, rows, context.run.run_id, [day]))

    manager = TableIOManager({KEY: table}, EngineResource(), {"shop": january(1)})
    return dg.Definitions(assets=[total], resources={"tables": manager}, executor=dg.in_process_executor)


@pytest.mark.filterwarnings("ignore::dagster.BetaWarning")
def test_a_table_that_continues_its_day_before_starts_with_nothing_on_the_first_day(
    engine: Engine, tmp_path: Path
) -> None:
    table = visits_table(tmp_path)
    job = running_total(table, engine).resolve_implicit_global_asset_job_def()
    with dg.DagsterInstance.ephemeral() as instance:
        for day in ("2026-01-01", "2026-01-02", "2026-01-02", "2026-01-03"):
            assert job.execute_in_process(instance=instance, tags={START: day, END: day}).success
        event = instance.get_latest_materialization_event(KEY)
    assert published(table) == [(1, "/all", 1, None), (2, "/all", 2, None), (3, "/all", 3, None)]
    assert event is not None
    assert event.asset_materialization is not None
    found = event.asset_materialization.metadata
    assert found["dagster/uri"].value == table.url
    assert found["dagster/table_name"].value == "shop.visits"
    assert found["dagster/row_count"].value == 3
    assert (found["version"].value, found["rows_of_run"].value) == (4, 1)
    assert found["bytes_of_run"].value == sum(
        path.stat().st_size for path in Path(table.url, "runs", event.run_id).rglob("*.parquet")
    )
