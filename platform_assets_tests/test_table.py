"""`@table`: what becomes of a run when its transform is right, and in every way that it can be wrong."""

from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from dagster import AssetRecordsFilter
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from platform_assets.contracts.compiled import compiled
from platform_assets.contracts.contract import Contract, Field, T
from platform_assets.domain import Domain
from platform_assets.lake.audit import Balance
from platform_assets.lake.engine import Engine, EngineResource
from platform_assets.lake.io_managers import TableIOManager
from platform_assets.lake.tables import Table
from platform_assets.settings import Settings
from platform_assets.table import ENGINE, TABLES_IO, TableDefinition, table
from platform_assets_tests.lake.visits import Visits, files, publish, visits
from platform_assets_tests.platform import END, START, checks, failure

web = Domain("web", owner="team:web")
DAYS = ("2026-01-01", "2026-01-02", "2026-01-03")
SOURCE = [(1, "/a", 1, None), (2, "/a", 2, None), (2, "/b", 3, None), (3, "/a", 4, None)]


class PageVisits(Contract):
    """Visits of pages, summed up."""

    day: T.DateType = Field(description="UTC day of the visits")
    page: T.StringType = Field(description="Page")
    visits: T.LongType = Field(ge=1, description="How often it was visited")

    class Config:
        unique = ["day", "page"]


def summed(visits: DataFrame) -> DataFrame:
    """Visits per day and page."""
    return visits.groupBy("day", "page").agg(F.sum("visits").alias("visits"))


@table(PageVisits, domain=web)
def busy_pages(page_visits: DataFrame) -> DataFrame:
    """Pages visited more than once a day."""
    return page_visits.where("visits > 1")


class Shop:
    """The table `visits`, published; `page_visits` made from it by any transform; `busy_pages` behind that."""

    def __init__(self, engine: Engine, folder: Path) -> None:
        self.settings = Settings(_env_file=None, lake=str(folder / "lake"))
        self.instance = dg.DagsterInstance.ephemeral()
        self.source_key = web.key("visits")
        self.source = web.table("visits", compiled(Visits), self.settings)
        publish(engine, self.source, "before", [1, 2, 3], *SOURCE)

    def definition(self, transform: Callable[..., DataFrame], *balances: Balance) -> TableDefinition:
        """`page_visits`, made by a transform."""
        return TableDefinition(web, "page_visits", compiled(PageVisits), transform, balances)

    def run(self, definition: TableDefinition, first: str, last: str | None = None) -> dg.ExecuteInProcessResult:
        """Materialise the two tables in one run, as a user does."""
        tables: Mapping[dg.AssetKey, Table] = {
            self.source_key: self.source,
            definition.key: definition.table(self.settings),
            busy_pages.key: busy_pages.table(self.settings),
        }
        engine = EngineResource()
        definitions = dg.Definitions(
            assets=[
                dg.AssetSpec(self.source_key, partitions_def=web.days(self.settings)).with_io_manager_key(TABLES_IO),
                definition.asset(self.settings),
                busy_pages.asset(self.settings),
            ],
            resources={ENGINE: engine, TABLES_IO: TableIOManager(tables, engine)},
            executor=dg.in_process_executor,
        )
        return definitions.resolve_implicit_global_asset_job_def().execute_in_process(
            instance=self.instance,
            asset_selection=[definition.key, busy_pages.key],
            tags={START: first, END: last or first},
            raise_on_error=False,
        )

    def state(self) -> list[Any]:
        """All that a reader can see of both tables, and every file in their folders."""
        both = [self.definition(summed).table(self.settings), busy_pages.table(self.settings)]
        return [(one.history(), one.published_rows_by_day(), files(one)) for one in both]

    def recorded(self, check: str) -> list[bool]:
        """The verdicts of a check of `page_visits` in the instance, newest first."""
        key = dg.AssetCheckKey(web.key("page_visits"), check)
        history = self.instance.event_log_storage.get_asset_check_execution_history(key, limit=10)
        evaluations = [record.event.dagster_event.event_specific_data for record in history if record.event]
        return [found.passed for found in evaluations if isinstance(found, dg.AssetCheckEvaluation)]


@pytest.fixture
def shop(engine: Engine, tmp_path: Path) -> Shop:
    """A shop whose visits are published from 1 to 3 January."""
    return Shop(engine, tmp_path)


def test_a_range_is_one_run_with_the_rows_of_every_day_recorded(shop: Shop) -> None:
    result = shop.run(shop.definition(summed), DAYS[0], DAYS[-1])
    assert result.success
    assert all(check.passed for check in checks(result, "web/page_visits").values())
    assert len(shop.definition(summed).table(shop.settings).history()) == 2
    wanted = AssetRecordsFilter(web.key("page_visits"))
    records = shop.instance.fetch_materializations(wanted, limit=10).records
    metadata = {record.partition_key: record.asset_materialization.metadata for record in records}
    assert {day: found["dagster/partition_row_count"].value for day, found in metadata.items()} == {
        "2026-01-01": 1,
        "2026-01-02": 2,
        "2026-01-03": 1,
    }
    assert {found["dagster/row_count"].value for found in metadata.values()} == {4}
    assert {found["version"].value for found in metadata.values()} == {1}


def test_only_the_days_of_the_run_are_read_and_replaced(shop: Shop) -> None:
    assert shop.run(shop.definition(summed), DAYS[0], DAYS[-1]).success
    tenfold = shop.definition(lambda visits: summed(visits).withColumn("visits", F.col("visits") * 10))
    assert shop.run(tenfold, DAYS[1]).success
    rows = tenfold.table(shop.settings).read(EngineResource().engine, date(2026, 1, 1), date(2026, 1, 3))[0].collect()
    assert sorted((row["day"].day, row["page"], row["visits"]) for row in rows) == [
        (1, "/a", 1),
        (2, "/a", 20),
        (2, "/b", 30),
        (3, "/a", 4),
    ]


def without_column(visits: DataFrame) -> DataFrame:
    return summed(visits).drop("visits")


def with_extra_column(visits: DataFrame) -> DataFrame:
    return summed(visits).withColumn("colour", F.lit("red"))


def with_wrong_type(visits: DataFrame) -> DataFrame:
    return summed(visits).withColumn("visits", F.col("visits").cast("string"))


def with_repeated_keys(visits: DataFrame) -> DataFrame:
    return summed(visits).union(summed(visits))


def with_nulls(visits: DataFrame) -> DataFrame:
    return summed(visits).withColumn("page", F.lit(None).cast("string"))


def with_bad_values(visits: DataFrame) -> DataFrame:
    return summed(visits).withColumn("visits", F.lit(0).cast("bigint"))


def with_other_days(visits: DataFrame) -> DataFrame:
    return summed(visits).withColumn("day", F.date_add("day", 1))


BAD = [
    (without_column, "contract_columns", "visits is missing"),
    (with_extra_column, "contract_columns", "colour is not in the contract"),
    (with_wrong_type, "contract_columns", "visits has type string, the contract says bigint"),
    (with_repeated_keys, "unique_key", "2 of 4 rows repeat a key: no two rows have the same day, page"),
    (with_nulls, "page_not_null", "2 of 2 rows break: `page` is never NULL"),
    (with_bad_values, "visits_greater_than_or_equal_to", "2 of 2 rows break: `visits`"),
    (with_other_days, "rows_in_window", "2 of 2 rows lie outside the run's days, in 2026-01-03"),
]


@pytest.mark.parametrize(("transform", "check", "said"), BAD, ids=[transform.__name__ for transform, _, _ in BAD])
def test_a_run_whose_rows_break_the_contract_publishes_nothing_and_says_why(
    shop: Shop, transform: Callable[..., DataFrame], check: str, said: str
) -> None:
    assert shop.run(shop.definition(summed), DAYS[0], DAYS[-1]).success
    before = shop.state()
    result = shop.run(shop.definition(transform), DAYS[1])
    assert not result.success
    message = failure(result)
    assert message.startswith("web/page_visits was not published, what was there before still is.")
    assert f"  - {check}: {said}" in message
    assert shop.state() == before
    assert shop.recorded(check) == [False, True]
    assert not result.get_step_success_events()
    assert [event.step_key for event in result.get_step_failure_events()] == ["web__page_visits"]


def that_raises(visits: DataFrame) -> DataFrame:
    raise LookupError("the list of pages is empty")


def that_asks_for_an_unknown_column(visits: DataFrame) -> DataFrame:
    return visits.groupBy("day", "site").count()


def that_fails_on_a_row(visits: DataFrame) -> DataFrame:
    wrong = F.raise_error(F.concat(F.lit("no such page: "), "page"))
    return summed(visits).withColumn("page", F.when(F.col("page") == "/b", wrong).otherwise(F.col("page")))


@pytest.mark.parametrize(
    ("transform", "said"),
    [
        (that_raises, "the list of pages is empty"),
        (that_asks_for_an_unknown_column, "site"),
        (that_fails_on_a_row, "no such page: /b"),
    ],
)
def test_a_run_whose_transform_fails_publishes_nothing_and_leaves_nothing(
    shop: Shop, transform: Callable[..., DataFrame], said: str
) -> None:
    assert shop.run(shop.definition(summed), DAYS[0], DAYS[-1]).success
    before = shop.state()
    result = shop.run(shop.definition(transform), DAYS[1])
    assert not result.success
    assert said in failure(result)
    assert shop.state() == before
    assert shop.run(shop.definition(summed), DAYS[1]).success


def test_totals_are_checked_against_the_inputs_of_the_runs_days(shop: Shop) -> None:
    balance = Balance("all_visits", "visits", "sum(visits)", "sum(visits)", {"singles": "count_if(visits = 1)"})
    without_singles = shop.definition(lambda visits: summed(visits).where("visits > 1"), balance)
    result = shop.run(without_singles, DAYS[0], DAYS[1])
    assert result.success
    assert checks(result, "web/page_visits")["all_visits"].description == "visits 6 = 5 + 1 singles"
    lost = shop.definition(lambda visits: summed(visits).where("visits > 2"), balance)
    assert "all_visits: visits 5 ≠ 3 + 0 singles" in failure(shop.run(lost, DAYS[1]))


def test_a_table_without_an_input_that_was_published_says_what_to_do(shop: Shop, tmp_path: Path) -> None:
    shop.source = web.table("never_published", compiled(Visits), shop.settings)
    result = shop.run(shop.definition(summed), DAYS[0])
    assert f"web/never_published has no data yet for {DAYS[0]}: materialise it first" in failure(result)
    assert shop.state() == [([], {}, []), ([], {}, [])]


def test_a_parameter_that_is_no_setting_is_an_error_when_definitions_load(shop: Shop) -> None:
    def page_visits(visits: DataFrame, *, web_hots: str) -> DataFrame:
        return visits

    with pytest.raises(ValueError, match="page_visits asks for web_hots: there is no such setting"):
        shop.definition(page_visits).asset(shop.settings)


def test_a_total_of_something_that_is_no_input_is_an_error_when_definitions_load() -> None:
    with pytest.raises(ValueError, match="page_visits: the balance all_visits is over visitors, which is no input"):

        @table(PageVisits, domain=web, balances=[Balance("all_visits", "visitors", "count(*)")])
        def page_visits(visits: DataFrame) -> DataFrame:
            return visits


def test_a_transform_is_called_as_it_is_written_without_dagster(engine: Engine) -> None:
    rows = busy_pages(visits(engine, (1, "/a", 1, None), (1, "/b", 2, None))).collect()
    assert [row["page"] for row in rows] == ["/b"]
