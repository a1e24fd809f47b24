"""Which results no race can take, and why: by a few rows that a reader can check by eye."""

from __future__ import annotations

from datetime import date

from platform_assets.domains.racing.rejected_results import with_reasons
from platform_assets.lake.engines.engine import Engine

ONE, TWO = date(2026, 1, 1), date(2026, 1, 2)
RESULTS = "day date, result_id bigint, race_id bigint, position int"


def reasons(engine: Engine, races: list[tuple[date, int]], results: list[tuple[date, int, int, int | None]]) -> object:
    """The reason of each result, by day and identity."""
    frame = engine.session.createDataFrame
    found = with_reasons(frame(results, RESULTS), frame(races, "day date, race_id bigint"))
    assert found.columns == ["day", "race_id", "result_id", "position", "reason"]
    return {(row["day"], row["result_id"]): row["reason"] for row in found.collect()}


def test_both_winners_of_a_race_are_rejected_and_the_others_of_it_are_not(engine: Engine) -> None:
    results = [(ONE, 11, 1, 1), (ONE, 12, 1, 1), (ONE, 13, 1, 2), (ONE, 14, 1, None), (ONE, 21, 2, 1)]
    assert reasons(engine, [(ONE, 1), (ONE, 2)], results) == {
        (ONE, 11): "two_winners",
        (ONE, 12): "two_winners",
        (ONE, 13): None,
        (ONE, 14): None,
        (ONE, 21): None,
    }


def test_of_winners_without_a_race_it_is_said_that_there_is_none(engine: Engine) -> None:
    results = [(ONE, 11, 1, 1), (ONE, 12, 1, 1), (TWO, 11, 1, 1), (TWO, 12, 1, 2)]
    assert reasons(engine, [(TWO, 1)], results) == {
        (ONE, 11): "no_race",
        (ONE, 12): "no_race",
        (TWO, 11): None,
        (TWO, 12): None,
    }
