"""How the rows of a run become a published table: staged, judged, and handed to the IO manager or refused."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import date
from typing import Any

import dagster as dg
from pyspark.sql import DataFrame

from platform_assets.assets.checks import check_result
from platform_assets.assets.declared import Event, run_days
from platform_assets.assets.provenance import Provenance, shown
from platform_assets.contracts.compiled import CompiledContract
from platform_assets.lake.audit import COLUMNS, Finding, audit_columns, refuse
from platform_assets.lake.engines.engine import Engine
from platform_assets.lake.fingerprints import Fingerprints, fingerprints
from platform_assets.lake.tables.days import WHOLE
from platform_assets.lake.tables.made import Made
from platform_assets.lake.tables.reads import Source, refuse_changed
from platform_assets.lake.tables.staging import Staged
from platform_assets.lake.tables.table import Table

DUE_ONLY = "platform/due_only"
"""The tag of runs that leave days as they are which come out as they were, made from the same."""


def materialise(
    context: dg.AssetExecutionContext,
    table: Table,
    engine: Engine,
    rows: DataFrame | None,
    judge: Callable[[Staged, Fingerprints], Sequence[Finding]],
    sources: Sequence[Source],
    made_from: Provenance,
    files: Mapping[date, str] | None = None,
) -> Iterator[Event]:
    """Stage the rows of the run's days, judge them, and hand them to the IO manager or refuse them.

    `sources` is what the rows were made from: it must be the same still when they are published. `made_from` says what
    is to be remembered of it, with the `files` that a raw table has read.
    Raises `PlatformError`, not to be tried again, when a rule is broken; nothing is left behind then.
    """
    key = context.asset_key
    days = run_days(context)
    if rows is not None:
        columns = audit_columns(table.contract, rows)
        yield check_result(key, columns)
        if refused := refuse([columns], table.key):
            raise refused
    else:
        yield check_result(key, Finding(COLUMNS, True, "no rows"))
    staged = table.stage(engine, rows, context.run.run_id, days, sources)
    try:
        prints = fingerprints(engine, staged.read(engine), staged.table.contract)
        findings = judge(staged, prints)
        if refused := refuse(findings, table.key):
            refuse_changed(sources, table.key)  # what is wrong with rows that are out of date is of no use
        for finding in findings:
            yield check_result(key, finding)
            if finding.warning and not finding.passed:
                context.log.warning("%s: %s: %s", table.key, finding.check, finding.summary)
        if refused:
            raise refused
        by_day = {day: staged.rows_by_day.get(day.isoformat(), 0) for day in days}
        made = made_from.records(f"{staged.run_id}/{staged.attempt}", prints, files=files, rows=by_day)
        staged = replace(staged, made=made)
        if context.run.tags.get(DUE_ONLY):
            known = table.known().made
            alike = [record.day for record in made if record.is_like(known.get(record.day))]
            staged = staged.without(alike if len(alike) < len(days) else alike[1:])
    except BaseException:
        with suppress(Exception):  # what has failed first is what to tell
            staged.discard()
        raise
    for record in staged.made:
        context.add_asset_metadata(_shown(record), key, None if record.day == WHOLE else record.day.isoformat())
    if staged.table.contract.patterns:
        # Of the last day alone, which pages show: of each, thousands of columns would fill the event log.
        schema = {"dagster/column_schema": column_schema(staged.table.contract)}
        context.add_asset_metadata(schema, key, days[-1].isoformat())
    yield dg.Output(staged)


def _shown(made: Made) -> dict[str, Any]:
    """What Dagster shows of a day: its rows, and what it was made from."""
    return {
        "dagster/row_count" if made.day == WHOLE else "dagster/partition_row_count": made.rows,
        "fingerprint": made.fingerprint,
        "code": made.code,
        "settings": {name: shown(value) for name, value in made.effective.items()},
        "inputs": {f"{table} {day}": read for table, days in made.read.items() for day, read in days.items()},
    }


def column_schema(contract: CompiledContract) -> dg.TableSchema:
    """The columns as the UI shows them."""
    patterns = [
        dg.TableColumn(
            pattern.regex,
            pattern.dtype.simpleString(),
            description=f"{pattern.description}. All columns with such names, as they come",
            constraints=dg.TableColumnConstraints(nullable=True, other=[rule.description for rule in pattern.rules]),
        )
        for pattern in ([] if contract.matched else contract.patterns)
    ]
    return dg.TableSchema(
        columns=[
            dg.TableColumn(
                column.name,
                column.dtype.simpleString(),
                description=column.description,
                constraints=dg.TableColumnConstraints(
                    nullable=column.nullable,
                    unique=contract.key == (column.name,),
                    other=[rule.description for rule in column.rules if rule.kind == "value"],
                ),
            )
            for column in contract.columns
        ]
        + patterns
    )
