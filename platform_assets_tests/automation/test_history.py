"""What was requested is read again from the tags of runs, however many assets it was."""

from __future__ import annotations

from datetime import date

import dagster as dg
import pytest

from platform_assets.automation.history import History, tags
from platform_assets.plan.runs import Run

DAY = date(2026, 1, 1)
# An entry of PostgreSQL's index of tags, with its key.
_MOST_BYTES = 2704


@dg.job
def shop() -> None:
    """A job of nothing."""


@pytest.mark.parametrize("assets", [0, 1, 40, 400])
def test_no_tag_is_longer_than_postgresql_takes_and_all_states_are_read_again(assets: int) -> None:
    keys = tuple(dg.AssetKey(["shop", f"a_table_with_a_long_name_{number:03}"]) for number in range(assets))
    states = {key.to_user_string(): f"{number:016x}" for number, key in enumerate(keys)}
    its = tags(Run(keys, DAY, DAY), "shop", states)
    assert max(len(f"{name}{value}") for name, value in its.items()) < _MOST_BYTES
    with dg.DagsterInstance.ephemeral() as instance:
        instance.create_run_for_job(shop, tags=its, status=dg.DagsterRunStatus.SUCCESS)
        (asked,) = History(instance, "shop").of(DAY, DAY)
    assert (asked.states, asked.run) == (states, Run(keys, DAY, DAY))
