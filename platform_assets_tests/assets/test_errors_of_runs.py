"""What a failed run says: one sentence, as its failure, and once more as a line of its own."""

import logging
import re
from collections.abc import Callable
from pathlib import Path

import dagster as dg
import pytest
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from platform_assets.lake.engines.engine import Engine
from platform_assets_tests.support.platforms import failure
from platform_assets_tests.support.shop import DAYS, Shop, summed


@pytest.fixture
def shop(engine: Engine, tmp_path: Path) -> Shop:
    """A shop whose visits are published from 1 to 3 January."""
    return Shop(engine, tmp_path)


def lines_said(result: dg.ExecuteInProcessResult, shop: Shop) -> list[str]:
    """The lines that a run has logged as errors, but for Dagster's own."""
    logs = shop.instance.all_logs(result.run_id)
    said = [entry.user_message for entry in logs if entry.level == logging.ERROR and not entry.is_dagster_event]
    return [line for line in said if not line.startswith("Dependencies for step")]


@pytest.mark.parametrize(
    "wrong",
    [
        lambda visits: summed(visits.withColumn("double", F.col("visitors") * 2)).select("day", "page", "visits"),
        lambda visits: summed(visits).join(visits, "visitors"),
        lambda visits: visits.groupBy("visitors").count(),
    ],
    ids=["computed", "joined", "grouped"],
)
def test_a_column_that_there_is_not_is_told_with_the_file_and_those_there_are(
    shop: Shop, wrong: Callable[[DataFrame], DataFrame]
) -> None:
    result = shop.run(shop.definition(wrong), DAYS[0])
    assert not result.success
    said = failure(result)
    assert re.fullmatch(
        r"web/page_visits: \S*assets/test_errors_of_runs\.py:\d+: there is no column visitors; "
        r"visits has: day, page, visits, note\. Did you mean visits\?",
        said,
    )
    assert lines_said(result, shop) == [said]


def test_an_error_in_a_transform_is_told_with_its_own_line(shop: Shop) -> None:
    def page_visits(visits: DataFrame) -> DataFrame:
        limits = {"a": 1}
        return visits.where(F.col("visits") > limits["b"])

    line = page_visits.__code__.co_firstlineno + 2
    result = shop.run(shop.definition(page_visits), DAYS[0])
    assert f"assets/test_errors_of_runs.py:{line}: KeyError: 'b'. web/page_visits was not" in failure(result)


def test_a_range_the_wrong_way_round_has_no_day_and_says_so(shop: Shop) -> None:
    result = shop.run(shop.definition(summed), DAYS[1], DAYS[0])
    said = failure(result)
    assert said == (
        "The range 2026-01-02...2026-01-01 has no days: it is the wrong way round. Write 2026-01-01...2026-01-02."
    )
    assert lines_said(result, shop) == [said]


def test_a_lake_that_cannot_be_written_is_told_with_its_setting(shop: Shop) -> None:
    lake = Path(shop.settings.lake)
    (lake / "web" / "page_visits").write_text("somebody's file")
    said = failure(shop.run(shop.definition(summed), DAYS[0]))
    assert re.match(r"PLATFORM_LAKE: \S+/web/page_visits cannot be written: \S+/web/page_visits: Not a directory", said)
