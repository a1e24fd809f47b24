"""Adoption: days of which there is no record are taken as made from what is there now; nothing runs."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date

import dagster as dg
from pyspark.sql import functions as F

from platform_assets.assets.catalog import Catalog
from platform_assets.assets.declared import Declared, DeclaredTable
from platform_assets.assets.documents import DocumentDefinition
from platform_assets.assets.provenance import platform_version
from platform_assets.assets.raw_tables import RawTableDefinition
from platform_assets.assets.readings import Span
from platform_assets.assets.sql_tables import SqlTableDefinition
from platform_assets.contracts.contract import GOOD_ROW
from platform_assets.lake.engines.engine import Engine
from platform_assets.lake.fingerprints import NOTHING, Fingerprint, Fingerprints, fingerprints
from platform_assets.lake.tables.made import FileRead, Known, Made, events_text
from platform_assets.landing.copies import contents_read
from platform_assets.landing.counts import FileCount, files_read
from platform_assets.plan.state import State

_ADOPTED = "adopted"


def unrecorded(known: Known) -> list[date]:
    """The published days of which nobody knows what they were made from, wholly or in part."""
    return [
        day
        for day, made in known.made.items()
        if made is None or any(found is None for days in made.read.values() for found in days.values())
    ]


def adopt(
    catalog: Catalog, keys: Iterable[dg.AssetKey], engine: Callable[[], Engine]
) -> Iterator[tuple[dg.AssetKey, Sequence[date]]]:
    """Record of each such day that it was made from what is there now; gives the days, asset by asset.

    The rows of tables are read for it, by the engine.
    """
    state = State.of(catalog, keys)
    for key in state.keys:
        if not unrecorded(state.known[key]):
            continue
        state = state.renewed(key)  # rows were read since then, which takes time
        one, known = catalog[key], state.known[key]
        if not (days := unrecorded(known)):
            continue
        records = _made_of(state, one, days, engine)
        for made in known.made.values():
            if made and made.day in days:  # its code and settings are known
                records[made.day] = replace(made, inputs=records[made.day].inputs, at=records[made.day].at)
        one.records(catalog.settings).append(list(records.values()))
        state = state.renewed(key)  # what reads it is recorded with its fingerprints
        yield key, days


def _made_of(state: State, one: Declared, days: Sequence[date], engine: Callable[[], Engine]) -> dict[date, Made]:
    if isinstance(one, DocumentDefinition):
        states = one.folder(state.catalog.settings).states(days)
        return {day: replace(_record(state, one, day, Fingerprints(), days), state=states[day]) for day in days}
    if isinstance(one, SqlTableDefinition):  # of what a database has, the records alone tell
        return {day: _record(state, one, day, Fingerprints(), days) for day in days}
    if isinstance(one, DeclaredTable):
        return _of_table(state, one, days, engine())
    raise TypeError(one)


def _of_table(state: State, one: DeclaredTable, days: Sequence[date], engine: Engine) -> dict[date, Made]:
    table, known = state.catalog.tables[one.key], state.known[one.key]
    delta = table.delta()
    assert delta is not None, f"{table.key} was published"
    rows = table.rows(engine, delta)
    if column := table.contract.partition_column:
        rows = rows.where(F.col(column).isin(list(days)))
    prints = fingerprints(engine, rows, table.contract)
    found = {
        day: replace(_record(state, one, day, prints, days), attempt=known.attempts[day], rows=prints.of(day).rows)
        for day in days
    }
    if isinstance(one, RawTableDefinition):
        counts = rows.groupBy("delivery_day", "source_file").agg(
            F.count(F.lit(1)).alias("rows"), F.count_if(~F.expr(GOOD_ROW)).alias("rejected")
        )
        counted = {(row[0], row[1]): (row[2], row[3]) for row in counts.collect()}
        read = _files_read(state, one, days, counted)
        for day in days:
            files = json.dumps([file.told for file in read.get(day, [])])
            found[day] = replace(found[day], events=events_text(prints, day), files=files)
    return found


def _files_read(
    state: State, one: RawTableDefinition, days: Sequence[date], counted: Mapping[tuple[date, str], tuple[int, int]]
) -> Mapping[date, Sequence[FileRead]]:
    """What lies in landing for some days, as if that had been read."""
    made = {day: record.files_read for day, record in state.known[one.key].made.items() if record and day not in days}
    settings, first_day = state.catalog.settings, state.catalog.first_day(one.key)
    there = one.feed.landed(settings.landing, sorted(days), one.sourced, first_day, contents_read(made))
    every = (*there.files, *there.without_rows, *there.rejected)
    counts = [FileCount(file, *counted.get((file.day, file.name), (0, 0))) for file in every]
    return files_read(counts, by_content=one.feed.once)


def _own(known: Known, prints: Fingerprints, days: Collection[date], span: Span) -> str:
    """What an asset's own days come to, of some of which nobody knew what they are before this moment."""
    total = NOTHING
    for day, made in known.made.items():
        if span.has(day):
            total = total + (Fingerprint.of(made.fingerprint) if made and day not in days else prints.of(day))
    return str(total)


def _record(state: State, one: Declared, day: date, prints: Fingerprints, days: Collection[date]) -> Made:
    recipe = state.catalog.recipe(one.key)
    inputs: dict[str, dict[str, str | None]] = {}
    for reading, span in state.reads(one.key, day):
        if reading.key == one.key:
            read: str | None = _own(state.known[one.key], prints, days, span)
        else:
            read = state.fingerprint(one, reading, span)
        inputs.setdefault(reading.name, {})[str(span)] = read
    return Made(
        day=day,
        attempt=_ADOPTED,
        rows=0,
        fingerprint=str(prints.of(day)),
        code=recipe.code,
        contract=recipe.contract,
        platform=platform_version(),
        settings=recipe.settings_text,
        inputs=json.dumps(inputs),
    )
