"""The state that a plan looks at: what is published and what it was made from, and what lies in landing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta, timezone
from functools import cached_property
from typing import TypeVar

import dagster as dg

from platform_assets.assets.catalog import Catalog
from platform_assets.assets.declared import Declared
from platform_assets.assets.files_tables import FilesTableDefinition
from platform_assets.assets.provenance import as_files
from platform_assets.assets.raw_tables import RawTableDefinition
from platform_assets.lake.tables.made import Known
from platform_assets.landing.deliveries import Delivered

_WORKERS = 16
_DAY = timedelta(days=1)
Source = tuple[dg.AssetKey, str, timedelta, date]
One = TypeVar("One")
Other = TypeVar("Other")


@dataclass(frozen=True)
class State:
    """What there is, read once: the days of each asset with their records, and the deliveries of each feed.

    `keys` are the assets that it is about, each after those that it reads; the others of their domains are there for
    the newest day.
    """

    catalog: Catalog
    keys: Sequence[dg.AssetKey]
    known: Mapping[dg.AssetKey, Known]
    delivered: Mapping[dg.AssetKey, Mapping[date, Delivered]]
    today: date

    @classmethod
    def of(cls, catalog: Catalog, keys: Iterable[dg.AssetKey], today: date | None = None) -> State:
        """The state of some assets and of what they read; raises `PlatformError` when landing or lake is not there."""
        until = today or datetime.now(timezone.utc).date()
        wanted = catalog.with_sources(keys)
        domains = {key.path[0] for key in wanted}
        declared = [catalog[key] for key in catalog.with_sources(k for k in catalog.declared if k.path[0] in domains)]
        raws = [one for one in declared if isinstance(one, RawTableDefinition)]
        known = _side_by_side(lambda one: one.known(catalog.settings), declared)
        delivered = _side_by_side(lambda raw: raw.feed.delivered(catalog.settings.landing, until), raws)
        return cls(
            catalog,
            wanted,
            {one.key: found for one, found in zip(declared, known, strict=True)},
            {raw.key: found for raw, found in zip(raws, delivered, strict=True)},
            until,
        )

    def renewed(self, key: dg.AssetKey) -> State:
        """The same, with the days of one asset and their records read anew."""
        return replace(self, known={**self.known, key: self.catalog[key].known(self.catalog.settings)})

    def days(self, key: dg.AssetKey, until: date | None = None) -> list[date]:
        """The days that an asset should have: from its first to the newest that was delivered or built."""
        first = self.catalog.first_day(key)
        last = min(self.newest.get(key.path[0], first - _DAY), until or self.today)
        return [first + timedelta(days=n) for n in range((last - first).days + 1)]

    @cached_property
    def newest(self) -> Mapping[str, date]:
        """The newest day of each domain, up to today, that was delivered or built there or in domains it reads."""
        found: dict[str, date] = {}
        for key, known in self.known.items():
            raw = self.delivered.get(key, {})
            for day in (day for days in (known.made, raw) for day in days if day <= self.today):
                found[key.path[0]] = max(found.get(key.path[0], day), day)
        for key in self.known:  # each after those that it reads
            for source in self.catalog[key].sources:
                if source.path[0] in found:
                    newest = found[source.path[0]]
                    found[key.path[0]] = max(found.get(key.path[0], newest), newest)
        return found

    @cached_property
    def sources(self) -> Mapping[dg.AssetKey, Sequence[Source]]:
        """What each asset reads: per table its name, how many days before, and the first day that it has."""
        found: dict[dg.AssetKey, list[Source]] = {}
        for key in self.known:
            one = self.catalog[key]
            signature = one.signature
            parameters = [(one.reads(name), timedelta()) for name in signature.same_day]
            parameters += [(one.reads(name), _DAY) for name in signature.before]
            if not signature.frames:
                parameters = [(source, timedelta()) for source in one.sources]
            found[key] = [
                (source, source.to_user_string(), offset, self.catalog.first_day(source))
                for source, offset in parameters
            ]
        return found

    def reads(self, key: dg.AssetKey, day: date) -> list[tuple[dg.AssetKey, str, date]]:
        """The days of tables that a day of an asset is made from, with the names of the tables."""
        return [(of, name, day - offset) for of, name, offset, first in self.sources[key] if day - offset >= first]

    def fingerprint(self, reader: Declared, key: dg.AssetKey, day: date) -> str | None:
        """What the reader would read of a day of a table now."""
        known = self.known[key]
        if isinstance(reader, FilesTableDefinition):
            made = known.made.get(day)
            return as_files(made) if made else None
        return known.fingerprint(day)


def _side_by_side(function: Callable[[One], Other], values: Iterable[One]) -> list[Other]:
    with ThreadPoolExecutor(_WORKERS) as pool:
        return list(pool.map(function, values))
