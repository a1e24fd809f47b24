"""What is said of a run whose transform goes wrong: the table, the line of the author's file, the columns there are."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from pathlib import Path

import dagster as dg
import pytest
from pyspark.errors.exceptions.connect import SparkConnectGrpcException
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from platform_assets.assets.explanations import explaining
from platform_assets.errors import PlatformError
from platform_assets.lake.engines.engine import Engine
from platform_assets.lake.storage.refusals import StoreError
from platform_assets_tests.support.platforms import Platform, failure
from platform_assets_tests.support.shop import DAYS, Shop, summed

EVENT = {
    "event_id": "1",
    "user": {"id": 1},
    "action": "view",
    "url": "https://a.org/",
    "timestamp": "01/01/2026 10:00:00",
}
FILE = r"\S*test_explanations\.py"


@pytest.fixture
def shop(engine: Engine, tmp_path: Path) -> Shop:
    """A shop whose visits are published from 1 to 3 January."""
    return Shop(engine, tmp_path)


def selects(visits: DataFrame) -> DataFrame:
    return visits.select("day", "page", "vists")


def sums(visits: DataFrame) -> DataFrame:
    return visits.groupBy("day", "page").agg(F.sum("vists").alias("visits"))


def filters(visits: DataFrame) -> DataFrame:
    few = visits.where("vists > 1")
    return summed(few)


def asks_an_alias(visits: DataFrame) -> DataFrame:
    return summed(visits).alias("own").select("own.day", "own.page", F.col("own.vists").alias("visits"))


def takes(visits: DataFrame) -> DataFrame:
    return summed(visits).withColumn("visits", visits["vists"])


def line_of(transform: Callable[..., DataFrame]) -> int:
    """The line with the column that there is not."""
    lines, first = inspect.getsourcelines(transform)
    return next(first + n for n, line in enumerate(lines) if "vists" in line)


@pytest.mark.parametrize("transform", [selects, sums, filters, asks_an_alias, takes])
def test_a_column_that_there_is_not_is_told_with_its_line_and_the_columns_there_are(
    shop: Shop, transform: Callable[..., DataFrame]
) -> None:
    result = shop.run(shop.definition(transform), DAYS[0])
    assert re.fullmatch(
        rf"web/page_visits: {FILE}:{line_of(transform)}: there is no column vists; visits has: day, page, visits, .*\. "
        r"Did you mean visits\?",
        failure(result),
    )


def divides(visits: DataFrame) -> DataFrame:
    return visits.limit(1 // 0)


def joins(visits: DataFrame) -> DataFrame:
    return visits.join("no frame")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("transform", "said"),
    [(divides, "ZeroDivisionError: integer division or modulo by zero"), (joins, r"\w+: .*")],
)
def test_an_exception_in_a_transform_is_told_with_the_last_line_of_the_authors_own_file(
    shop: Shop, transform: Callable[..., DataFrame], said: str
) -> None:
    line = inspect.getsourcelines(transform)[1] + 1
    result = shop.run(shop.definition(transform), DAYS[0])
    told = failure(result)
    assert re.fullmatch(rf"web/page_visits: {FILE}:{line}: {said}\. web/page_visits was not published, .*", told)


def fails_late(visits: DataFrame) -> DataFrame:
    return summed(visits).withColumn("visits", F.raise_error(F.lit("the till is empty")).cast("bigint"))


def test_what_fails_while_rows_are_written_is_told_in_a_line_that_is_the_whole_error(shop: Shop) -> None:
    assert shop.run(shop.definition(summed), DAYS[0], DAYS[-1]).success
    before = shop.state()
    result = shop.run(shop.definition(fails_late), DAYS[0])
    told = failure(result)
    assert re.match(r"web/page_visits: .*the till is empty", told)
    assert "\n" not in told
    (failed,) = (event.step_failure_data for event in result.all_events if event.is_step_failure)
    assert failed.error
    assert failed.error.cause is None
    assert failed.error.context is None
    assert failed.error.message.strip().endswith(told)
    assert shop.state() == before


@pytest.mark.parametrize("error", [PlatformError("closed on Sundays"), dg.Failure("closed on Sundays")])
def test_what_an_author_raises_on_purpose_stays_as_it_is(shop: Shop, error: Exception) -> None:
    def closed(visits: DataFrame) -> DataFrame:
        raise error

    assert failure(shop.run(shop.definition(closed), DAYS[0])) == "closed on Sundays"


@pytest.mark.parametrize(
    "error",
    [
        StoreError("the bucket lake answered SlowDown"),
        OSError("Generic S3 error: 503 Service Unavailable"),
        SparkConnectGrpcException("status = StatusCode.UNAVAILABLE"),
    ],
)
def test_what_a_store_or_a_server_did_not_do_is_not_blamed_on_the_author(error: Exception) -> None:
    with pytest.raises(type(error)) as told, explaining("web/page_visits", summed, {}):
        raise error
    assert told.value is error


def test_a_range_that_is_the_wrong_way_round_is_told(shop: Shop) -> None:
    result = shop.run(shop.definition(summed), DAYS[2], DAYS[0])
    assert failure(result) == (
        "The range 2026-01-03...2026-01-01 has no days: it is the wrong way round. Write 2026-01-01...2026-01-03."
    )


@pytest.mark.parametrize(
    ("place", "asset", "said"),
    [
        (
            "lake",
            "web/raw_events",
            r"PLATFORM_LAKE: \S+/file/lake/\S+ cannot be written: \S+/file: Not a directory\. web",
        ),
        (
            "exports",
            "web/user_web_hits_csv",
            r"PLATFORM_EXPORTS=\S+/file/exports: the documents cannot be written to \S+: ",
        ),
    ],
)
def test_a_place_that_cannot_be_written_is_told_with_its_variable_and_nothing_of_an_engine(
    engine: Engine, tmp_path: Path, place: str, asset: str, said: str
) -> None:
    (tmp_path / "file").touch()
    platform = Platform(tmp_path, **{place: str(tmp_path / "file" / place)})
    platform.deliver("web_events", "2026-01-01", "a.jsonl", [EVENT])
    select = f'key:"{asset}" or key:"web/raw_events" or key:"web/user_web_hits"'
    told = failure(platform.materialise("2026-01-01", select=select, check=False))
    assert re.match(said, told)
    assert "\n" not in told
