"""`@table`: what becomes of a run when its transform is right, and in every way that it can be wrong."""

from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path

import pytest
from dagster import AssetRecordsFilter
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from platform_assets.assets.resources import EngineResource
from platform_assets.assets.tables import table
from platform_assets.contracts.compiled import compiled
from platform_assets.contracts.contract import Field, T
from platform_assets.errors import DeclarationError
from platform_assets.lake.audit import Balance
from platform_assets.lake.engines.engine import Engine
from platform_assets.registry import FoundDomain, refuse_clashes
from platform_assets_tests.support.lake.visits import Visits, publish, visits
from platform_assets_tests.support.platforms import checks, failure
from platform_assets_tests.support.shop import DAYS, SOURCE, PageVisits, Shop, busy_pages, summed, web


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


def test_a_transform_without_a_return_fails_with_its_file_and_what_was_published_stays(shop: Shop) -> None:
    def page_visits(visits: DataFrame) -> DataFrame:
        summed(visits)

    assert shop.run(shop.definition(summed), *DAYS[:1]).success
    before = shop.state()
    result = shop.run(shop.definition(page_visits), DAYS[0])
    assert not result.success
    assert "page_visits: it gave NoneType and not a DataFrame: `return` the rows. web/page_visits" in failure(result)
    assert "assets/test_tables.py:" in failure(result)
    assert shop.state() == before


def test_a_parameter_that_is_no_setting_is_an_error_where_it_is_declared(shop: Shop) -> None:
    def page_visits(visits: DataFrame, *, stat: str) -> DataFrame:
        return visits

    said = r"test_tables.py:\d+: page_visits: it asks for the setting stat, and there is none. Did you mean start\?"
    with pytest.raises(DeclarationError, match=said):
        shop.definition(page_visits)


@pytest.mark.parametrize(
    "balance",
    [
        Balance("all_visits", "visitors", "count(*)"),
        Balance("all_visits", "visits", "count(*)", added={"visitors": "count(*)"}),
        Balance("all_visits", "visits", "count(*)", elsewhere={"visitors": "count(*)"}),
    ],
)
def test_a_total_of_something_that_is_no_input_is_an_error_when_definitions_load(balance: Balance) -> None:
    with pytest.raises(ValueError, match="page_visits: the balance all_visits is over visitors, which is no input"):

        @table(PageVisits, domain=web, balances=[balance])
        def page_visits(visits: DataFrame) -> DataFrame:
            return visits


class Weighed(PageVisits):
    """Visits with a weight."""

    weight: T.DoubleType = Field(description="How much they count")


def test_a_floating_point_total_over_an_input_is_an_error_when_definitions_load() -> None:
    @table(Weighed, domain=web)
    def weighed() -> DataFrame:
        raise NotImplementedError

    @table(PageVisits, domain=web, balances=[Balance("all_weight", "weighed", "sum(weight)")])
    def page_visits(weighed: DataFrame) -> DataFrame:
        return weighed

    with pytest.raises(DeclarationError, match=r"test_tables\.py:\d+: page_visits: the balance all_weight has sum"):
        refuse_clashes([FoundDomain(web, "somewhere", (weighed, page_visits))])


@pytest.mark.parametrize(
    "balance",
    [
        Balance("all_visits", "visits", "count(*)", added={"visits": "count(*)"}),
        Balance("all_visits", "visits", "count(*)", left_out={"visits": "count(*)"}),
    ],
)
def test_a_balance_with_a_total_twice_is_an_error_when_definitions_load(balance: Balance) -> None:
    with pytest.raises(DeclarationError, match="page_visits: the balance all_visits has a total twice: visits, visits"):

        @table(PageVisits, domain=web, balances=[balance])
        def page_visits(visits: DataFrame) -> DataFrame:
            return visits


def test_a_transform_is_called_as_it_is_written_without_dagster(engine: Engine) -> None:
    rows = busy_pages(visits(engine, (1, "/a", 1, None), (1, "/b", 2, None))).collect()
    assert [row["page"] for row in rows] == ["/b"]


def so_far(visits: DataFrame, page_visits_before: DataFrame, *, days: Sequence[date]) -> DataFrame:
    """Visits of each page up to each day: those of the day before, and those since."""
    carried = page_visits_before.withColumn("day", F.lit(days[0]))
    since = F.explode(F.sequence("day", F.lit(days[-1])))
    return summed(summed(visits).unionByName(carried).withColumn("day", since))


SO_FAR = [(1, "/a", 1), (2, "/a", 3), (2, "/b", 3), (3, "/a", 7), (3, "/b", 3)]


class Watched:
    """`so_far`, which remembers the days that it was given and the rows of the day before."""

    def __init__(self) -> None:
        self.days: list[int] = []
        self.before: list[tuple[int, str, int]] = []

    def transform(self) -> Callable[..., DataFrame]:
        def page_visits(visits: DataFrame, page_visits_before: DataFrame, *, days: Sequence[date]) -> DataFrame:
            self.days = [day.day for day in days]
            self.before = sorted((row["day"].day, row["page"], row["visits"]) for row in page_visits_before.collect())
            return so_far(visits, page_visits_before, days=days)

        return page_visits


@pytest.mark.parametrize("splits", [[(0, 2)], [(0, 0), (1, 1), (2, 2)], [(0, 1), (2, 2)], [(0, 2), (1, 2), (2, 2)]])
def test_a_table_goes_on_from_the_day_before_however_days_are_split(shop: Shop, splits: list[tuple[int, int]]) -> None:
    for first, last in splits:
        assert shop.run(shop.definition(so_far), DAYS[first], DAYS[last]).success
    assert shop.rows() == SO_FAR


def test_a_run_is_given_its_days_and_of_the_days_before_only_the_last(shop: Shop) -> None:
    seen = Watched()
    definition = shop.definition(seen.transform())
    assert shop.run(definition, DAYS[0], DAYS[-1]).success
    assert (seen.days, seen.before) == ([1, 2, 3], [])
    assert shop.run(definition, DAYS[2]).success
    assert (seen.days, seen.before) == ([3], [(2, "/a", 3), (2, "/b", 3)])
    assert shop.run(definition, DAYS[1], DAYS[2]).success
    assert (seen.days, seen.before) == ([2, 3], [(1, "/a", 1)])


def test_a_run_whose_day_before_was_never_published_says_which_and_publishes_nothing(shop: Shop) -> None:
    result = shop.run(shop.definition(so_far), DAYS[1], DAYS[2])
    assert f"web/page_visits was never materialised for {DAYS[0]}, from which this run would go on" in failure(result)
    assert "from the first day of the domain (PLATFORM_WEB_START) on" in failure(result)
    assert shop.state() == [([], {}, []), ([], {}, [])]
    assert shop.run(shop.definition(so_far), DAYS[0]).success
    before = shop.state()
    result = shop.run(shop.definition(so_far), DAYS[2])
    assert f"web/page_visits was never materialised for {DAYS[1]}" in failure(result)
    assert shop.state() == before
    assert not result.get_step_success_events()


def test_a_day_published_without_rows_is_a_day_to_go_on_from(shop: Shop) -> None:
    none = shop.definition(lambda visits: summed(visits).where("false"))
    assert shop.run(none, DAYS[0], DAYS[1]).success
    page_visits, *_ = shop.state()
    assert page_visits[1] == {DAYS[0]: 0, DAYS[1]: 0}
    assert len(page_visits[2]) == 2
    assert shop.run(shop.definition(so_far), DAYS[2]).success
    assert shop.rows() == [(3, "/a", 4)]


def test_one_table_may_be_read_for_the_days_of_the_run_and_for_the_day_before(shop: Shop, engine: Engine) -> None:
    seen: list[list[int]] = []

    def page_visits(visits: DataFrame, visits_before: DataFrame) -> DataFrame:
        seen[:] = [sorted({row["day"].day for row in rows.collect()}) for rows in (visits, visits_before)]
        return summed(visits)

    definition = shop.definition(page_visits)
    for first, last, expected in (
        (0, 0, [[1], []]),
        (0, 2, [[1, 2, 3], []]),
        (2, 2, [[3], [2]]),
        (1, 2, [[2, 3], [1]]),
    ):
        assert shop.run(definition, DAYS[first], DAYS[last]).success
        assert seen == expected
    assert shop.rows() == [(day, page, number) for day, page, number, _ in SOURCE]

    before = shop.state()
    shop.source = web.table("late_visits", compiled(Visits), shop.settings)
    publish(engine, shop.source, "before", [2, 3], *SOURCE[1:])
    assert f"web/late_visits was never materialised for {DAYS[0]}" in failure(shop.run(definition, DAYS[1]))
    assert shop.state() == before


LAST = "sum(CASE WHEN day = DATE '{last}' THEN visits END)"
GOES_ON = Balance("all_so_far", "visits", "sum(visits)", LAST, added={"page_visits_before": "sum(visits)"})


def test_totals_are_checked_against_the_day_before_and_on_the_last_day(shop: Shop) -> None:
    result = shop.run(shop.definition(so_far, GOES_ON), DAYS[0], DAYS[1])
    assert checks(result, "web/page_visits")["all_so_far"].description == "visits 6 + page_visits_before 0 = 6"
    result = shop.run(shop.definition(so_far, GOES_ON), DAYS[2])
    assert checks(result, "web/page_visits")["all_so_far"].description == "visits 4 + page_visits_before 6 = 10"

    def forgetful(visits: DataFrame, page_visits_before: DataFrame, *, days: Sequence[date]) -> DataFrame:
        return so_far(visits, page_visits_before.where("page = '/b'"), days=days)

    before = shop.state()
    result = shop.run(shop.definition(forgetful, GOES_ON), DAYS[1], DAYS[2])
    assert "  - all_so_far: visits 9 + page_visits_before 1 ≠ 9" in failure(result)
    assert shop.state() == before
    assert shop.recorded("all_so_far") == [False, True, True]


def only_before(visits_before: DataFrame) -> DataFrame:
    return summed(visits_before).withColumn("day", F.date_add("day", 1))


def both(visits: DataFrame, visits_before: DataFrame) -> DataFrame:
    return summed(visits)


@pytest.mark.parametrize(
    ("transform", "second_day"),
    [
        (summed, {("visits", DAYS[1])}),
        # Of another table the same day: a backfill told of the day before would go one day too far.
        (only_before, {("visits", DAYS[1])}),
        (both, {("visits", DAYS[1])}),
        (so_far, {("visits", DAYS[1]), ("page_visits", DAYS[0])}),
    ],
)
def test_dagster_is_told_which_days_a_day_is_made_of(
    shop: Shop, transform: Callable[..., DataFrame], second_day: set[tuple[str, str]]
) -> None:
    definition = shop.definition(transform)
    graph = shop.definitions(definition).resolve_asset_graph()

    def parents(day: str) -> set[tuple[str, str]]:
        found = graph.get_parents_partitions(definition.key, day)
        assert not found.required_but_nonexistent_parents_partitions
        return {(parent.asset_key.path[-1], str(parent.partition_key)) for parent in found.parent_partitions}

    assert parents(DAYS[1]) == second_day
    # Before the first day there is no day to be made of.
    assert parents(DAYS[0]) == {("visits", DAYS[0])} & {(name, DAYS[0]) for name, day in second_day if day == DAYS[1]}
