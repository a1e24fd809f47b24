"""A domain: a group of tables that share their days, their owner and their place in the lake."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import dagster as dg

from platform_assets.contracts.compiled import CompiledContract
from platform_assets.lake import storage
from platform_assets.lake.tables.table import Table
from platform_assets.settings import Settings


@dataclass(frozen=True)
class Domain:
    """`name` is the asset group, the first part of asset keys, and names the setting of the first day."""

    name: str
    owner: str

    def first_day(self, settings: Settings) -> date:
        """First day of the domain (UTC), from `PLATFORM_<NAME>_START`."""
        first: date = getattr(settings, f"{self.name}_start")
        return first

    def days(self, settings: Settings) -> dg.DailyPartitionsDefinition:
        """One partition a day, UTC, from the first day on."""
        return dg.DailyPartitionsDefinition(start_date=self.first_day(settings).isoformat())

    def key(self, name: str) -> dg.AssetKey:
        """The asset key of one of the domain's tables."""
        return dg.AssetKey([self.name, name])

    def table(self, name: str, contract: CompiledContract, settings: Settings) -> Table:
        """The table in the lake."""
        return Table(self.name, name, contract, storage.join(storage.absolute(settings.lake), self.name, name))
