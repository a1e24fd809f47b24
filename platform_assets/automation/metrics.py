"""What Prometheus reads of each table: from the lake's logs, the plan and the instance; no row is read."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timezone

import dagster as dg
from prometheus_client import CollectorRegistry, Gauge, generate_latest

from platform_assets.assets.catalog import Catalog
from platform_assets.errors import PlatformError
from platform_assets.lake.tables.contents import Contents, contents_of
from platform_assets.lake.tables.days import WHOLE
from platform_assets.lake.tables.table import Table
from platform_assets.plan.due import MISSING, Due, due

_WORKERS = 16
ROWS, REJECTED, SIZE = "platform_rows", "platform_rejected_rows", "platform_size_bytes"
NEWEST = "platform_newest_day_timestamp_seconds"
DUE, MISSING_DAYS, FAILED = "platform_due_days", "platform_missing_days", "platform_failed_days"
_SAID = {
    ROWS: "Rows that are published.",
    REJECTED: "Rows that are published as rejected, of raw tables.",
    SIZE: "Bytes of the files that are published.",
    NEWEST: "When the newest published day began, in seconds since 1970.",
    DUE: "Days that are not what their files, inputs and settings make them now; 1 for a table without days.",
    MISSING_DAYS: "Days among the due ones that were never published.",
    FAILED: "Days whose last run has failed; 1 for a table without days.",
}
Values = dict[str, dict[dg.AssetKey, float]]


def gathered(catalog: Catalog, instance: dg.DagsterInstance | None) -> tuple[Values, list[str]]:
    """The values of each metric by table, and what is wrong where some of them cannot be had.

    Without an instance nothing is known of runs that have failed.
    """
    values: Values = {name: {} for name in _SAID}
    problems: list[str] = []
    with ThreadPoolExecutor(_WORKERS) as pool:
        looked = list(pool.map(_contents, catalog.tables.values()))
    for key, its in zip(catalog.tables, looked, strict=True):
        if isinstance(its, str):
            problems.append(its)
        elif its is not None:
            _add_contents(values, key, its)
    try:
        _add_due(values, due(catalog, catalog.declared))
    except PlatformError as error:
        problems += [said for said in [str(error)] if said not in problems]
    if instance:
        values[FAILED] = _failed(catalog, instance)
    return values, problems


def exposition(values: Values) -> str:
    """Values as Prometheus reads them; a metric of which nothing is known is left out."""
    registry = CollectorRegistry()
    for name, its in ((name, its) for name, its in values.items() if its):
        gauge = Gauge(name, _SAID[name], ["domain", "table"], registry=registry)
        for key, value in its.items():
            gauge.labels(*key.path).set(value)
    return generate_latest(registry).decode()


def _contents(table: Table) -> Contents | str | None:
    """What a table holds; None when it was never published, a sentence when it cannot be read."""
    try:
        delta = table.delta()
        return contents_of(table, delta) if delta is not None else None
    except PlatformError as error:
        return str(error)


def _add_contents(values: Values, key: dg.AssetKey, its: Contents) -> None:
    values[ROWS][key] = its.rows
    values[SIZE][key] = its.size
    if its.rejected is not None:
        values[REJECTED][key] = its.rejected
    newest = max(its.rows_by_day, default=str(WHOLE))
    if newest != str(WHOLE):
        values[NEWEST][key] = datetime.fromisoformat(newest).replace(tzinfo=timezone.utc).timestamp()


def _add_due(values: Values, found: Due) -> None:
    for key, days in found.days.items():
        values[DUE][key] = len(days)
        values[MISSING_DAYS][key] = sum(any(one.kind == MISSING for one in why) for why in days.values())


def _failed(catalog: Catalog, instance: dg.DagsterInstance) -> dict[dg.AssetKey, float]:
    """How many days of each asset the instance knows for failed."""
    days = {one.domain.name: one.domain.days(catalog.settings) for one in catalog.declared.values()}
    names = {domain: its.get_partition_keys() for domain, its in days.items()}  # of ten years, they take a while
    found: dict[dg.AssetKey, float] = {}
    for key, one in catalog.declared.items():
        if not one.has_days:
            found[key] = _has_failed(key, instance)
            continue
        statuses = instance.get_status_by_partition(key, names[key.path[0]], days[key.path[0]]) or {}
        found[key] = sum(status is not None and status.value == "FAILED" for status in statuses.values())
    return found


def _has_failed(key: dg.AssetKey, instance: dg.DagsterInstance) -> bool:
    """Whether the last run that was to build an asset without days has failed before it did."""
    for record in instance.get_asset_records([key]):
        newest, run_id = record.asset_entry.last_materialization_record, record.asset_entry.last_run_id
        run = instance.get_run_by_id(run_id) if run_id and not (newest and newest.run_id == run_id) else None
        return run is not None and run.status == dg.DagsterRunStatus.FAILURE
    return False
