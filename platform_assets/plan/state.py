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
from platform_assets.assets.readings import Reading, Span
from platform_assets.lake.tables.days import WHOLE
from platform_assets.lake.tables.made import Known
from platform_assets.landing.copies import Place, contents_read, first_of_each
from platform_assets.landing.deliveries import Delivered
from platform_assets.plan.matching import Matching

_WORKERS = 16
_DAY = timedelta(days=1)
One = TypeVar("One")
Other = TypeVar("Other")


@dataclass(frozen=True)
class State:
    """What there is, read once: the days of each asset with their records, and the deliveries of each feed.

    `keys` are the assets that it is about, each after those that it reads; the others of their domains are there for
    the newest day. A domain that was delivered to or built not long ago has the days up to `through`, too, if given.
    """

    catalog: Catalog
    keys: Sequence[dg.AssetKey]
    known: Mapping[dg.AssetKey, Known]
    delivered: Mapping[dg.AssetKey, Mapping[date, Delivered]]
    today: date
    through: date | None = None

    @classmethod
    def of(
        cls, catalog: Catalog, keys: Iterable[dg.AssetKey], today: date | None = None, through: date | None = None
    ) -> State:
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
            through,
        )

    def renewed(self, key: dg.AssetKey) -> State:
        """The same, with the days of one asset and their records read anew."""
        return replace(self, known={**self.known, key: self.catalog[key].known(self.catalog.settings)})

    def days(self, key: dg.AssetKey, until: date | None = None) -> list[date]:
        """The days that an asset should have: from its first to the newest that was delivered or built."""
        if self.catalog[key].left_out(self.catalog.settings):
            return []
        if not self.catalog[key].has_days:
            return [WHOLE] if key.path[0] in self.newest else []
        first = self.catalog.first_day(key)
        last = min(self.newest.get(key.path[0], first - _DAY), until or self.today)
        return [first + timedelta(days=n) for n in range((last - first).days + 1)]

    @cached_property
    def newest(self) -> Mapping[str, date]:
        """The newest day of each domain, up to today, that was delivered or built there or in domains it reads."""
        found: dict[str, date] = {}
        for key, known in self.known.items():
            raw = self.delivered.get(key, {})
            for day in (day for days in (known.made, raw) for day in days if WHOLE < day <= self.today):
                found[key.path[0]] = max(found.get(key.path[0], day), day)
        longest = self.catalog.settings.catch_up_days * _DAY
        for domain, day in found.items():
            # A domain that nobody has fed for so long is left alone.
            if self.through and day < self.through <= day + longest:
                found[domain] = self.through
        for key in self.known:  # each after those that it reads
            for source in self.catalog[key].sources:
                if source.path[0] in found:
                    newest = found[source.path[0]]
                    found[key.path[0]] = max(found.get(key.path[0], newest), newest)
        return found

    @cached_property
    def matching(self) -> Matching:
        """What has come to histories that rows wait for."""
        return Matching(self.catalog, self.known)

    @cached_property
    def first_of_each(self) -> Mapping[dg.AssetKey, Mapping[str, Place]]:
        """Of raw tables whose feeds count a content once, where each content that was read was delivered first."""
        return {
            key: first_of_each(contents_read({day: made.files_read for day, made in known.made.items() if made}))
            for key, known in self.known.items()
            if isinstance(one := self.catalog[key], RawTableDefinition) and one.feed.once
        }

    def reads(self, key: dg.AssetKey, day: date) -> list[tuple[Reading, Span]]:
        """The days of tables that a day of an asset is made from."""
        return [(one, span) for one in self.catalog.readings(key) if (span := one.span(day)) is not None]

    def fingerprint(self, reader: Declared, reading: Reading, span: Span, read: str | None = None) -> str | None:
        """What the reader would read of some days of a table now, to be compared with what it has `read` of them."""
        known = self.known[reading.key]
        if isinstance(reader, FilesTableDefinition):
            made = known.made.get(span.first)
            return as_files(made) if made else None
        if reading.kind == "versions":
            return known.as_of(span.first, date.fromisoformat(read.split()[-1]) if read else None)
        if reading.kind in ("days before", "all days"):
            return known.total(max(span.first, reading.first_day), span.last)
        return known.fingerprint(span.first)


def through(now: datetime, daily_at: str) -> date:
    """The last day that is over: the one before, once it is so late."""
    hour, minute = map(int, daily_at.split(":"))
    return (now - timedelta(hours=hour, minutes=minute)).date() - _DAY


def _side_by_side(function: Callable[[One], Other], values: Iterable[One]) -> list[Other]:
    with ThreadPoolExecutor(_WORKERS) as pool:
        return list(pool.map(function, values))
