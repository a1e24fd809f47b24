"""A domain: a group of tables that share their days, their settings, their owner and their place in the lake."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

import dagster as dg

from platform_assets.assets.signature import DAYS
from platform_assets.contracts.compiled import CompiledContract
from platform_assets.errors import DeclarationError
from platform_assets.lake import storage
from platform_assets.lake.tables.table import Table
from platform_assets.settings import DomainSettings, Settings, prefix_of

LANDING = "landing"
"""The asset group of what is delivered, and the first part of its keys; no domain has this name."""
_NAME = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")


@dataclass(frozen=True)
class Domain:
    """A group of tables, declared in the `domain.py` of its folder, which has the same name.

    `name` is the asset group, the first part of asset keys, and stands in the variables of the domain's settings.
    `owner` is `team:<name>` or an e-mail address. `settings` is the domain's own class of settings.

    Raises `DeclarationError` for a name that cannot be all of this, and for a setting that no transform can ask for.
    """

    name: str
    owner: str
    settings: type[DomainSettings] = DomainSettings

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name) or self.name == LANDING:
            raise DeclarationError(
                f"A domain cannot be named {self.name!r}: take lower-case letters, digits and single underscores "
                f"between them, and not {LANDING!r}."
            )
        if DAYS in self.settings.model_fields:
            raise DeclarationError(
                f"The domain {self.name} has a setting {DAYS!r}, which in a transform means the days of the run: "
                "name it otherwise."
            )

    @property
    def prefix(self) -> str:
        """How the variables of the domain's settings begin: `PLATFORM_<NAME>_`."""
        return prefix_of(self.name)

    def values(self, settings: Settings) -> DomainSettings:
        """The domain's settings; raises `WrongSettings` for a variable with a value that its setting does not take."""
        return settings.of(self.name, self.settings)

    def first_day(self, settings: Settings) -> date:
        """First day of the domain (UTC), from `PLATFORM_<NAME>_START`."""
        return self.values(settings).start

    def days(self, settings: Settings) -> dg.DailyPartitionsDefinition:
        """One partition a day, UTC, from the first day on."""
        return dg.DailyPartitionsDefinition(start_date=self.first_day(settings).isoformat())

    def key(self, name: str) -> dg.AssetKey:
        """The asset key of one of the domain's tables."""
        return dg.AssetKey([self.name, name])

    def table(self, name: str, contract: CompiledContract, settings: Settings) -> Table:
        """The table in the lake."""
        return Table(self.name, name, contract, storage.join(storage.absolute(settings.lake), self.name, name))
