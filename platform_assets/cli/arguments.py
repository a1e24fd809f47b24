"""What several commands take: a table's name, days, a limit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from difflib import get_close_matches
from typing import TYPE_CHECKING, Annotated

import typer

from platform_assets.cli.terminal import WRONG_USE, Problem

if TYPE_CHECKING:
    import dagster as dg
    from deltalake import DeltaTable

    from platform_assets.assets.catalog import Catalog
    from platform_assets.lake.tables.table import Table
    from platform_assets.registry import TableKind

_ISO = ["%Y-%m-%d"]
TableName = Annotated[
    str,
    typer.Argument(metavar="TABLE", help="Such as web/user_web_hits; the bare name is enough where only one has it."),
]
OneDay = Annotated[
    datetime | None,
    typer.Option("--day", formats=_ISO, metavar="DAY", help="One day, YYYY-MM-DD; of raw tables the delivery day."),
]
FirstDay = Annotated[
    datetime | None,
    typer.Option("--from", formats=_ISO, metavar="DAY", help="First day; the table's first if not given."),
]
LastDay = Annotated[
    datetime | None, typer.Option("--to", formats=_ISO, metavar="DAY", help="Last day; the table's last if not given.")
]
Limit = Annotated[int, typer.Option("--limit", min=1, help="How many at most.")]


@dataclass(frozen=True)
class Days:
    """A span of days, both ends included; None is an open end."""

    first: date | None
    last: date | None

    @classmethod
    def of(cls, day: str) -> Days:
        """A single day (ISO text)."""
        return cls(date.fromisoformat(day), date.fromisoformat(day))

    def __str__(self) -> str:
        if self.first == self.last:
            return f"on {self.first}" if self.first else "on any day"
        ends = (f"from {self.first}" if self.first else "", f"to {self.last}" if self.last else "")
        return " ".join(end for end in ends if end)

    def among(self, days: dict[str, int]) -> dict[str, int]:
        """Those of the days (ISO text) that lie in the span."""
        first, last = str(self.first or date.min), str(self.last or date.max)
        return {day: rows for day, rows in days.items() if first <= day <= last}


def chosen_days(day: datetime | None, first: datetime | None, last: datetime | None) -> Days | None:
    """The days that the options name, None for none; raises `Problem` when they contradict each other."""
    if day is None and first is None and last is None:
        return None
    if day is not None:
        if first or last:
            raise Problem("Give either --day or --from and --to, not both.", WRONG_USE)
        return Days(day.date(), day.date())
    if first and last and first > last:
        raise Problem(f"--from {first.date()} is later than --to {last.date()}.", WRONG_USE)
    return Days(first.date() if first else None, last.date() if last else None)


def all_tables() -> list[TableKind]:
    """The tables of every domain."""
    from platform_assets.registry import found

    return [table for domain in found() for table in domain.tables]


def find_definition(name: str) -> TableKind:
    """The table of that name; raises `Problem`, with the closest names, when there is none or more than one."""
    tables = {definition.text_key: definition for definition in all_tables()}
    wanted = name.strip("/").replace(".", "/")
    found = [key for key in tables if wanted == key or wanted == key.rpartition("/")[2]]
    if len(found) == 1:
        return tables[found[0]]
    if found:
        raise Problem(f"{name} may be {' or '.join(found)}: say which.", WRONG_USE)
    bare = {key.rpartition("/")[2]: key for key in tables}
    close = [bare.get(match, match) for match in get_close_matches(wanted, [*tables, *bare], n=4, cutoff=0.75)]
    close += [key for key in tables if wanted and wanted in key]
    hint = f"Did you mean {' or '.join(list(dict.fromkeys(close))[:5])}?" if close else "`tables` lists all."
    raise Problem(f"There is no table {name}. {hint}", WRONG_USE)


def find_keys(catalog: Catalog, names: Sequence[str]) -> list[dg.AssetKey]:
    """The tables and documents of some names, or of the domains of these names; all when there are none.

    Raises `Problem`, with the closest names, for a name that nothing has.
    """
    if not names:
        return list(catalog.declared)
    found: list[dg.AssetKey] = []
    for name in names:
        wanted = name.strip("/").replace(".", "/")
        its = [key for key in catalog.declared if wanted in (key.path[0], key.to_user_string(), key.path[1])]
        whole = [key for key in its if wanted in (key.path[0], key.to_user_string())]
        if not its:
            known = [text for key in catalog.declared for text in (key.to_user_string(), key.path[0])]
            close = get_close_matches(wanted, dict.fromkeys(known), n=4, cutoff=0.6)
            hint = f"Did you mean {' or '.join(close)}?" if close else "`tables` lists the tables."
            raise Problem(f"There is no table, document or domain {name}. {hint}", WRONG_USE)
        if not whole and len(its) > 1:
            raise Problem(f"{name} may be {' or '.join(key.to_user_string() for key in its)}: say which.", WRONG_USE)
        found += whole or its
    return list(dict.fromkeys(found))


def find_table(name: str) -> Table:
    """The table of that name in the lake."""
    return in_lake(find_definition(name))


def in_lake(definition: TableKind) -> Table:
    """A table in the lake; raises `PlatformError` when the lake cannot be reached."""
    from platform_assets.lake.storage import check
    from platform_assets.settings import current

    check({"PLATFORM_LAKE": current().lake})
    return definition.table(current())


def built(table: Table) -> DeltaTable:
    """The published table; raises `Problem` when nothing was published yet."""
    delta = table.delta()
    if delta is None:
        raise Problem(
            f"{table.key} has not been built yet, there is nothing at {table.url}. Build its domain with: dagster "
            f"asset materialize -m platform_assets.definitions --select 'group:{table.domain}' --partition <YYYY-MM-DD>"
        )
    return delta
