"""Packages of domains that a test writes, as an author of domains would install them."""

from __future__ import annotations

from importlib import invalidate_caches
from importlib.metadata import EntryPoint
from itertools import count
from pathlib import Path

from platform_assets.registry import GROUP

_NUMBERS = count()
DOMAIN = "from platform_assets import Domain, DomainSettings\n\n\nclass {0}Settings(DomainSettings):\n    {1}\n\n\n"
RAW = '''
from platform_assets import CSV, Feed, RawContract, T, raw_table, source
from {package}.{domain}.domain import {domain}


class Raw(RawContract):
    """Rows."""

    sold_at: T.TimestampType = source("sold_at", description="When")


@raw_table(Raw, Feed("{feed}", (CSV,)), domain={domain}, event_time="sold_at")
def {table}({parameters}):
    """All of them."""
    return {{"sold_at": None}}
'''
TABLE = '''
from platform_assets import Contract, Field, T, table
from {package}.{domain}.domain import {domain}


class Days(Contract):
    """Days."""

    day: T.DateType = Field(description="Day")


@table(Days, domain={domain}{more})
def {table}({parameters}):
    """All of them."""
    return raw
'''
DOCUMENT = '''
from platform_assets import Csv, document
from {package}.{domain}.domain import {domain}


@document(Csv("report.csv", ("sold_at",)), domain={domain})
def {table}({parameters}):
    """All of them."""
    return raw
'''


class Packages:
    """Packages of domains, written for a test, and named by entry points that only the test sees."""

    def __init__(self, folder: Path, entries: list[EntryPoint]) -> None:
        self.folder = folder
        self.entries = entries

    def add(self, *domains: str, setting: str = "pass", installed: bool = True) -> str:
        """A package with these domains, each with a setting or none; its name."""
        if setting != "pass":
            setting += '\n    """What may be set."""'
        package = f"package_{next(_NUMBERS)}"
        (self.folder / package).mkdir()
        (self.folder / package / "__init__.py").touch()
        for name in domains:
            domain = DOMAIN.format(name.title(), setting)
            domain += f"{name} = Domain({name!r}, owner='team:{name}', settings={name.title()}Settings)\n"
            self.write(package, name, "__init__", "")
            self.write(package, name, "domain", domain)
        if installed:
            self.entries.append(EntryPoint(package, package, GROUP))
        invalidate_caches()
        return package

    def write(self, package: str, domain: str, module: str, text: str) -> None:
        """A module of a domain."""
        path = self.folder / package / domain / f"{module}.py"
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def raw(self, package: str, domain: str, feed: str, table: str = "raw", parameters: str = "") -> None:
        """A raw table."""
        words = {"package": package, "domain": domain, "feed": feed, "table": table, "parameters": parameters}
        self.write(package, domain, table, RAW.format(**words))

    def table(self, package: str, domain: str, table: str, parameters: str, more: str = "") -> None:
        """A table."""
        words = {"package": package, "domain": domain, "table": table, "parameters": parameters, "more": more}
        self.write(package, domain, table, TABLE.format(**words))

    def document(self, package: str, domain: str, table: str, parameters: str) -> None:
        """A document."""
        words = {"package": package, "domain": domain, "table": table, "parameters": parameters}
        self.write(package, domain, table, DOCUMENT.format(**words))

    def move(self, package: str, module: str, to: str) -> None:
        """Put a module elsewhere in its package."""
        (self.folder / package / module).rename(self.folder / package / to)
