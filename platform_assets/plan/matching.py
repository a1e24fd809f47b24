"""The days of tables whose rows wait for a row of a history, when that has come since they were built."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from datetime import date
from functools import lru_cache

import dagster as dg

from platform_assets.assets.catalog import Catalog
from platform_assets.assets.readings import Reading, Span
from platform_assets.assets.tables import TableDefinition
from platform_assets.exports.formats import identifier
from platform_assets.lake.sorting import sorter
from platform_assets.lake.tables.made import Known, Made


class Matching:
    """What has come to histories, asked of the lake once for all days that were built when the same was known."""

    def __init__(self, catalog: Catalog, known: Mapping[dg.AssetKey, Known]) -> None:
        self._catalog = catalog
        self._known = known
        self._found = lru_cache(maxsize=None)(self._days)

    def has_come(self, one: TableDefinition, reading: Reading, span: Span, day: date, made: Made) -> bool:
        """Whether rows of a day wait for something that has come to a history since the day was built."""
        read = made.read.get(reading.name, {}).get(str(span))
        if reading.parameter not in one.matched_by or not made.rows or read is None:
            return False
        since = date.fromisoformat(read.split()[-1])
        return self._known[reading.key].begins_after(since) and day in self._found(one.key, reading.key, since)

    def _days(self, key: dg.AssetKey, history: dg.AssetKey, since: date) -> frozenset[date]:
        """The days of a table with rows whose key has its first version in a history after a day."""
        waiting, came = (self._catalog.tables[one].delta() for one in (key, history))
        contract = self._catalog.tables[history].contract
        versions = contract.versions
        if waiting is None or came is None or versions is None:
            return frozenset()
        columns = ", ".join(map(identifier, contract.row_key))
        settings = self._catalog.settings
        with (
            tempfile.TemporaryDirectory(prefix="platform_assets_", dir=settings.engine_temp) as room,
            sorter(settings, room) as connection,
        ):
            connection.register("waiting", waiting.to_pyarrow_dataset())
            connection.register("came", came.to_pyarrow_dataset())
            found = connection.execute(
                f"SELECT DISTINCT day FROM waiting SEMI JOIN (SELECT {columns} FROM came "
                f"WHERE {identifier(versions.number)} = 1 AND {identifier(versions.valid_from)} > ?) USING ({columns})",
                [since],
            )
            return frozenset(day for (day,) in found.fetchall())
