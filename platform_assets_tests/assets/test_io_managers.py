"""The IO managers: what they read, what they record of what they publish, and how their errors end a run."""

import logging
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import dagster as dg
import pytest
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from platform_assets.assets.io_managers import DocumentIOManager, TableIOManager
from platform_assets.assets.resources import EngineResource
from platform_assets.errors import PlatformError
from platform_assets.exports.csv import Csv
from platform_assets.exports.documents import DocumentFolder, StagedDocuments
from platform_assets.exports.sql.periods import month_of
from platform_assets.lake.engines.engine import Engine
from platform_assets.lake.tables.table import Table
from platform_assets_tests.support.lake.visits import january, published, visits, visits_catalog, visits_table
from platform_assets_tests.support.platforms import END, START, failure
from platform_assets_tests.support.settings import settings_for
from platform_assets_tests.support.shop import DAYS, Shop, summed
from platform_assets_tests.support.till import till
from platform_assets_tests.support.till_platform import Till

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

    manager = TableIOManager(visits_catalog(table), EngineResource())
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


def newest(platform: Till, day: date, *spans: tuple[date, date]) -> list[date | None]:
    """Of each span the newest day of both tables of the till, for a run of some day."""
    manager = TableIOManager(platform.catalog, EngineResource())
    keys = [till.key("raw_totals"), till.key("totals")]
    return [found for found, *_ in manager.read_newest(keys, [day], spans, logging.getLogger())]


def test_the_newest_day_is_one_that_all_tables_have_and_none_before_their_first(engine: Engine, tmp_path: Path) -> None:
    one, two = date(2026, 1, 30), date(2026, 2, 1)
    platform = Till(tmp_path)
    for day in (one, two):
        platform.land(str(day), (1, "1.00"))
    platform.materialise(str(one), str(two), select='key:"till/raw_totals" or key:"till/totals"')
    platform.land("2026-02-02", (1, "1.00"))
    platform.materialise("2026-02-02", select='key:"till/raw_totals"')
    months = month_of(one), month_of(two)
    assert newest(platform, two, *months) == [date(2026, 1, 31), two]
    later = Till(tmp_path, till_start=two)
    later.materialise(str(two), "2026-02-02", select='key:"till/raw_totals" or key:"till/totals"')
    assert newest(later, two, *months) == [None, date(2026, 2, 2)]


def test_what_cannot_be_published_fails_the_run_with_its_sentence_alone(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = Shop(engine, tmp_path)

    def refuse(*_: object) -> int:
        raise PlatformError("the lake is full")

    monkeypatch.setattr(Table, "publish", refuse)
    assert failure(shop.run(shop.definition(summed), DAYS[0])) == "the lake is full"


def test_an_input_that_cannot_be_read_fails_the_run_with_its_sentence_alone(engine: Engine, tmp_path: Path) -> None:
    shop = Shop(engine, tmp_path)
    said = failure(shop.run(shop.definition(summed), "2026-01-05"))
    assert said.startswith("web/visits has no data yet for 2026-01-05")


def test_documents_that_cannot_be_published_fail_the_run_with_their_sentence(tmp_path: Path) -> None:
    url = tmp_path / "exports" / "pages"
    url.mkdir(parents=True)
    (url / "2026-01-01").write_text("a file in the way")
    file = tmp_path / "pages.csv"
    file.write_text("page\n")
    folder = DocumentFolder(str(url), Csv("pages.csv", ("page",)), settings_for(exports=str(tmp_path / "exports")))
    staged = StagedDocuments(folder, {january(1): {"pages.csv": file}}, 0)
    with pytest.raises(dg.Failure) as told:
        DocumentIOManager().handle_output(dg.build_output_context(), staged)
    assert str(told.value.description).startswith(f"PLATFORM_EXPORTS={tmp_path}/exports: the documents cannot be writ")
    assert not told.value.allow_retries


def test_a_document_cannot_be_read_by_another_asset() -> None:
    context = dg.build_input_context(asset_key=dg.AssetKey(["shop", "pages_csv"]))
    with pytest.raises(dg.Failure, match="shop/pages_csv is a document: depend on its table instead"):
        DocumentIOManager().load_input(context)
