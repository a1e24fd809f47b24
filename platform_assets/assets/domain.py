"""A domain: a group of tables that share their days, their settings, their owner and their place in the lake."""

from __future__ import annotations

import inspect
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
# The library's options that say which variable a setting is read from.
_READING = (
    *("env_prefix", "env_file", "env_file_encoding", "env_ignore_empty", "env_nested_delimiter", "case_sensitive"),
    "extra",
)


@dataclass(frozen=True)
class Domain:
    """A group of tables, declared in the `domain.py` of its folder, which has the same name.

    `name` is the asset group, the first part of asset keys, and stands in the variables of the domain's settings.
    `owner` is `team:<name>` or an e-mail address. `settings` is the domain's own class of settings.

    Raises `DeclarationError` for a name or an owner that cannot be all of this, for a setting that no transform can
    ask for, and for settings that are not read from the variables of their names.
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
        if not (isinstance(self.settings, type) and issubclass(self.settings, DomainSettings)):
            raise DeclarationError(
                f"The domain {self.name} has settings={self.settings!r}: give the class itself, derived from "
                "DomainSettings."
            )
        if DAYS in self.settings.model_fields:
            raise DeclarationError(
                f"The domain {self.name} has a setting {DAYS!r}, which in a transform means the days of the run: "
                "name it otherwise."
            )
        try:
            dg.AssetSpec(self.name, owners=[self.owner])
        except dg.DagsterInvalidDefinitionError as error:
            raise DeclarationError(f"The domain {self.name} cannot have the owner {self.owner!r}: {error}") from error
        self._refuse_other_variables()

    def _refuse_other_variables(self) -> None:
        """Raise `DeclarationError` unless each setting is read from the variable that is told of it."""
        kind = self.settings
        other = [name for name in _READING if kind.model_config.get(name) != DomainSettings.model_config.get(name)]
        other += [name for name, field in kind.model_fields.items() if field.alias or field.validation_alias]
        if other:
            raise DeclarationError(
                f"{kind.__name__} says for itself which variables are read ({', '.join(other)}): leave that out, each "
                f"setting of the domain {self.name} is read from {self.prefix}<NAME>."
            )

    def refuse_silent_settings(self) -> None:
        """Raise `DeclarationError` for a setting without a docstring, unless there is no source to read it in."""
        kind = self.settings
        try:
            file, line = inspect.getsourcefile(kind), inspect.getsourcelines(kind)[1]
        except (OSError, TypeError):
            return
        silent = [name for name, field in kind.model_fields.items() if not field.description]
        if silent:
            raise DeclarationError(
                f"{file}:{line}: nothing says what the setting {' and '.join(silent)} of {kind.__name__} means: write "
                "a docstring in the line after it, which `platform-assets settings` will show."
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
        """One partition a day, UTC, from the first day on until today, whose delivery may still grow."""
        return dg.DailyPartitionsDefinition(start_date=self.first_day(settings).isoformat(), end_offset=1)

    def key(self, name: str) -> dg.AssetKey:
        """The asset key of one of the domain's tables."""
        return dg.AssetKey([self.name, name])

    def table(self, name: str, contract: CompiledContract, settings: Settings) -> Table:
        """The table in the lake."""
        url = storage.join(storage.absolute(settings.lake), self.name, name)
        return Table(self.name, name, contract, url, settings.keep_versions_days, self.first_day(settings))
