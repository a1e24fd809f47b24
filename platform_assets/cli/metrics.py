"""The command metrics: what a monitoring asks for, over all tables."""

from __future__ import annotations

import os
from contextlib import nullcontext

from platform_assets.cli.terminal import end_with, remark, say


def metrics() -> None:
    """Rows, bytes, newest, due and failed days, for Prometheus.

    In the text format, without reading a row. Exit code 1 when some of it cannot be had.
    """
    import dagster as dg

    from platform_assets.automation.metrics import exposition, gathered
    from platform_assets.lake.storage import check
    from platform_assets.registry import catalog_of, found
    from platform_assets.settings import current

    catalog = catalog_of(found(), current())
    check({"PLATFORM_LAKE": current().lake})
    is_known = bool(os.environ.get("DAGSTER_HOME"))
    if not is_known:
        remark("DAGSTER_HOME is not set: platform_failed_days is left out.")
    with dg.DagsterInstance.get() if is_known else nullcontext() as instance:
        values, problems = gathered(catalog, instance)
    say(exposition(values).rstrip())
    end_with(problems)
