"""The catalog: everything that is declared, with the settings that it is built by, and how one reads another."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from graphlib import CycleError, TopologicalSorter

import dagster as dg

from platform_assets.assets.declared import Declared, DeclaredTable
from platform_assets.assets.readings import Kind, Reading
from platform_assets.errors import DeclarationError
from platform_assets.lake.tables.table import Table
from platform_assets.settings import Settings


@dataclass(frozen=True)
class Recipe:
    """What an asset is made by: fingerprints of its code and its contract, and the settings in effect as JSON."""

    code: str
    contract: str
    settings: Mapping[str, str]

    @cached_property
    def settings_text(self) -> str:
        """The settings, as records hold them."""
        return json.dumps(self.settings, sort_keys=True)


class Catalog:
    """The assets of some domains, each after those that it reads, with some settings."""

    def __init__(self, settings: Settings, declared: Iterable[Declared]) -> None:
        self.settings = settings
        self.declared = {one.key: one for one in in_order(declared)}
        self._recipes: dict[dg.AssetKey, Recipe] = {}
        self._readings: dict[dg.AssetKey, Sequence[Reading]] = {}

    def __getitem__(self, key: dg.AssetKey) -> Declared:
        return self.declared[key]

    @cached_property
    def tables(self) -> Mapping[dg.AssetKey, Table]:
        """The tables in the lake."""
        return {key: one.table(self.settings) for key, one in self.declared.items() if isinstance(one, DeclaredTable)}

    def first_day(self, key: dg.AssetKey) -> date:
        """The first day of an asset's domain."""
        return self.declared[key].domain.first_day(self.settings)

    def recipe(self, key: dg.AssetKey) -> Recipe:
        """What an asset is made by: its own settings, and those of everything that it is made from."""
        if key not in self._recipes:
            one = self.declared[key]
            effective = dict(one.own_settings(self.settings))
            for source in one.sources:
                if source != key:
                    effective |= self.recipe(source).settings
            self._recipes[key] = Recipe(one.code, one.contract_print, effective)
        return self._recipes[key]

    def readings(self, key: dg.AssetKey) -> Sequence[Reading]:
        """What an asset reads, parameter by parameter."""
        if key not in self._readings:
            one = self.declared[key]
            signature = one.signature
            kinds = dict[str, Kind]()
            for name in signature.same_day:
                kinds[name] = self._kind(one, one.reads(name))
            kinds.update((name, "day before") for name in signature.before)
            kinds.update((name, "days before") for name in signature.so_far)
            read: list[tuple[str, dg.AssetKey, Kind]] = [(name, one.reads(name), kind) for name, kind in kinds.items()]
            read = read or [("", source, "day") for source in one.sources]
            self._readings[key] = [
                Reading(name, of, of.to_user_string(), self.first_day(of), kind) for name, of, kind in read
            ]
        return self._readings[key]

    def _kind(self, reader: Declared, key: dg.AssetKey) -> Kind:
        """How a table is read by its name alone."""
        source = self.declared.get(key)
        if source is None or source.has_days:
            return "day" if reader.has_days else "all days"
        is_of_versions = isinstance(source, DeclaredTable) and source.contract.versions
        return "versions" if is_of_versions and reader.has_days else "whole table"

    def with_sources(self, keys: Iterable[dg.AssetKey]) -> list[dg.AssetKey]:
        """Some assets and all that they are made from, each after those that it reads."""
        wanted: set[dg.AssetKey] = set()
        waiting = list(keys)
        while waiting:
            key = waiting.pop()
            if key not in wanted:
                wanted.add(key)
                waiting += self.declared[key].sources
        return [key for key in self.declared if key in wanted]

    def readers(self, key: dg.AssetKey) -> list[Declared]:
        """What reads a table."""
        return [one for one in self.declared.values() if key in one.sources and one.key != key]


def in_order(declared: Iterable[Declared]) -> list[Declared]:
    """Each after those that it reads, and else by key."""
    by_key = {one.text_key: one for one in declared}
    reads = {key: [source.to_user_string() for source in one.sources] for key, one in by_key.items()}
    sorter = TopologicalSorter(
        {key: [source for source in sources if source in by_key and source != key] for key, sources in reads.items()}
    )
    try:
        sorter.prepare()
    except CycleError as error:
        raise DeclarationError(f"Tables read each other in a circle: {' -> '.join(error.args[1])}") from None
    order: list[str] = []
    while sorter.is_active():
        ready = sorted(sorter.get_ready())
        order += ready
        sorter.done(*ready)
    return [by_key[key] for key in order]
