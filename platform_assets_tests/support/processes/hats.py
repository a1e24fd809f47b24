"""A run over days of two assets that tell much of them: `python -m ...processes.hats FIRST LAST [COMMITS]`.

With COMMITS the process kills itself when so many commits have been made since the first day was told as materialised.
"""

import os
import signal
import sys
from collections.abc import Iterator

import dagster as dg
import sqlalchemy as sa

from platform_assets_tests.support.platforms import END, START

DAYS = dg.DailyPartitionsDefinition("2026-01-01")


@dg.asset(
    partitions_def=DAYS,
    code_version="1",
    check_specs=[dg.AssetCheckSpec("fit", asset="hats"), dg.AssetCheckSpec("are_there", asset="hats")],
)
def hats(context: dg.AssetExecutionContext) -> Iterator[dg.AssetCheckResult | dg.MaterializeResult[None]]:
    """Hats of each day, which do not all fit; what else there is of a day is told, too."""
    for number, day in enumerate(context.partition_keys):
        context.add_asset_metadata({"rows": number, "made of": f"felt of {day}"}, partition_key=day)
        context.log_event(dg.AssetObservation("felt", partition=day, tags={"dagster/data_version": f"felt {number}"}))
    context.log.warning("some hats do not fit")
    warning = dg.AssetCheckSeverity.WARN
    yield dg.AssetCheckResult(check_name="fit", passed=False, severity=warning, metadata={"too small": 3})
    yield dg.AssetCheckResult(check_name="are_there", passed=True)
    yield dg.MaterializeResult(metadata={"days": len(context.partition_keys)})


@dg.asset(partitions_def=DAYS, code_version="1", deps=[hats])
def ribbons(context: dg.AssetExecutionContext) -> dg.MaterializeResult[None]:
    """Ribbons of each day's hats."""
    return dg.MaterializeResult(tags={"colour": "red"})


def materialise(instance: dg.DagsterInstance, first: str, last: str) -> dg.ExecuteInProcessResult:
    """One run over a range of days."""
    return dg.materialize([hats, ribbons], instance=instance, tags={START: first, END: last})


def _die_at_commit(number: int) -> None:
    left: list[int] = []

    def executed(connection: sa.Connection, cursor: object, statement: str, values: object, *more: object) -> None:
        if not left and "INSERT INTO event_logs" in statement and "'ASSET_MATERIALIZATION'" in str(values):
            left.append(number)

    def commit(connection: sa.Connection) -> None:
        if left:
            if left[0] == 0:
                os.kill(os.getpid(), signal.SIGKILL)
            left[0] -= 1

    sa.event.listen(sa.Engine, "before_cursor_execute", executed)
    sa.event.listen(sa.Engine, "commit", commit)


if __name__ == "__main__":
    first, last, *commits = sys.argv[1:]
    if commits:
        _die_at_commit(int(commits[0]))
    with dg.DagsterInstance.get() as instance:
        materialise(instance, first, last)
