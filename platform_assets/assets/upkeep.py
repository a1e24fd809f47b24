"""What may be removed of an asset: what failed runs left behind, and what only old versions need."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from platform_assets.assets.declared import Declared, DeclaredTable
from platform_assets.lake.tables.maintenance import (
    Exported,
    RunState,
    Waste,
    leftovers,
    replaced_files,
    replaced_records,
    spools,
)
from platform_assets.settings import Settings


def waste_of(
    one: Declared, settings: Settings, state_of: Callable[[str], RunState], age: timedelta, kept: timedelta | None
) -> list[Waste]:
    """What runs of an asset have left that ended before `age`, and the files of versions replaced before `kept`.

    Without `kept` all versions stay. Raises `Damaged` for a table that cannot be read.
    """
    if isinstance(one, DeclaredTable):
        table = one.table(settings)
        left = leftovers(table, state_of, age)
        old = replaced_files(table, kept, left) if kept is not None else None
        records = replaced_records(table, table.records, kept) if kept is not None else None
        return [*left, *filter(None, [old, records])]
    place = Exported(one.text_key, one.url(settings))
    records = replaced_records(place, one.records(settings), kept) if kept is not None else None
    return [*spools(place, state_of, age), *filter(None, [records])]
