"""A platform of the domain `till` alone, and the file of SQLite that its totals are written to."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from platform_assets.registry import FoundDomain
from platform_assets_tests.support.platforms import Platform
from platform_assets_tests.support.till import days_sql, raw_totals, till, totals, totals_sql

FOUND = FoundDomain(till, "till", (raw_totals, totals, totals_sql, days_sql))


class Till(Platform):
    """A platform of that domain alone, and the SQLite file that its totals are written to."""

    def __init__(self, root: Path, *, shown: bool = True, **settings: Any) -> None:
        self.file = root / "base.db"
        url = {"till_sql_url": f"sqlite:///{self.file}"} if shown else {}
        super().__init__(root, **{"domains": [FOUND], "till_start": date(2026, 1, 30), **url, **settings})

    def land(self, day: str, *rows: tuple[int, str], month: str = "") -> None:
        """Deliver the totals of a day: customer and total."""
        lines = "".join(f"{day}T10:00:00Z,{month or day[:7]},{who},{amount}\n" for who, amount in rows)
        self.deliver("totals", day, "totals.csv", f"at,month,customer,total\n{lines}")

    def found(self, name: str = "totals", *columns: str) -> list[tuple[Any, ...]]:
        """The rows of a table of the file, without names, in order."""
        wanted = ", ".join(columns or (("month" if name == "totals" else "day"), "customer_id", "total"))
        with sa.create_engine(f"sqlite:///{self.file}").connect() as connection:
            return sorted(map(tuple, connection.exec_driver_sql(f"SELECT {wanted} FROM {name}")))
