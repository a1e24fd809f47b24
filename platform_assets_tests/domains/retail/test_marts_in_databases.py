"""Both marts in a real PostgreSQL, MariaDB and SQLite: what the tables say of the newest day of each month."""

from __future__ import annotations

import shutil
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from platform_assets.lake.engines.engine import Engine
from platform_assets_tests.support.due import applied, reasons
from platform_assets_tests.support.platforms import Platform
from platform_assets_tests.support.retail.small import deliver_sales, everybody, sale
from platform_assets_tests.support.sql import Base

FIRST, LAST = "2026-01-30", "2026-02-02"
MARTS = ("customers_data_mart", "sales_team_data_mart")
BUILT = '+key:"retail/customers_data_mart" or +key:"retail/sales_team_data_mart"'
IN_DATABASES = 'key:"retail/customers_data_mart_sql" or key:"retail/sales_team_data_mart_sql"'


@pytest.fixture(scope="module")
def whole(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four days of sales, over the end of a month, up to the marts."""
    platform = Platform(tmp_path_factory.mktemp("whole"), retail_start=date(2026, 1, 30))
    everybody(platform, FIRST)
    for day, price in ((FIRST, "10.05"), ("2026-01-31", "0.10"), (LAST, "1234567.89")):
        lines = [sale(day, customer=customer, seller=21 + customer % 2, price=price) for customer in (1, 2, 3)]
        deliver_sales(platform, day, *lines)
    platform.materialise(FIRST, LAST, select=BUILT)
    return platform.root


def platform_of(whole: Path, tmp_path: Path, base: Base | None) -> Platform:
    """The platform as a copy of its own, with a database or without one."""
    if not (tmp_path / "copy").exists():
        shutil.copytree(whole, tmp_path / "copy")
    return Platform(tmp_path / "copy", retail_start=date(2026, 1, 30), retail_sql_url=base.url if base else None)


def of_newest_days(platform: Platform, mart: str) -> list[dict[str, Any]]:
    """The rows of a mart on the newest day of each of its months, without that day."""
    rows = platform.rows(f"retail/{mart}")
    newest: dict[str, date] = {}
    for row in rows:
        newest[row["sales_month"]] = max(row["day"], newest.get(row["sales_month"], row["day"]))
    found = [row for row in rows if row["day"] == newest[row["sales_month"]]]
    return [{name: value for name, value in row.items() if name != "day"} for row in found]


def unlike(platform: Platform, base: Base) -> list[str]:
    """The marts of which the database says something else than the tables."""
    wrong = []
    for mart in MARTS:
        rows = of_newest_days(platform, mart)
        columns = list(rows[0])
        found = [tuple(map(_exact, row)) for row in base.rows(mart, *columns)]
        if found != sorted(tuple(_exact(row[name]) for name in columns) for row in rows):
            wrong.append(mart)
    return wrong


def _exact(value: Any) -> Any:
    return Decimal(str(value)).quantize(Decimal("0.01")) if isinstance(value, (Decimal, float, int)) else value


def test_the_database_has_what_the_marts_say_of_the_newest_day_of_each_month(
    whole: Path, tmp_path: Path, base: Base
) -> None:
    platform = platform_of(whole, tmp_path, base)
    platform.materialise(FIRST, LAST, select=IN_DATABASES)
    assert {row[0] for row in base.rows("customers_data_mart", "sales_month")} == {"2026-01", "2026-02"}
    assert unlike(platform, base) == []
    platform.materialise("2026-01-30", select=IN_DATABASES)
    assert unlike(platform, base) == []


def test_a_sale_that_comes_late_changes_its_month_in_the_database(whole: Path, tmp_path: Path, base_of: Any) -> None:
    base = base_of("sqlite")
    platform = platform_of(whole, tmp_path, base)
    platform.materialise(FIRST, LAST, select=IN_DATABASES)
    deliver_sales(platform, LAST, sale("2026-01-31", customer=2, price="99"), name="late.csv")
    applied(platform, "retail")
    assert unlike(platform, base) == []
    assert reasons(platform, "retail") == {}


def test_without_a_database_nothing_is_written_and_nothing_is_due(whole: Path, tmp_path: Path, base_of: Any) -> None:
    platform = platform_of(whole, tmp_path, None)
    assert platform.materialise(FIRST, LAST, select=IN_DATABASES).success
    assert not {f"{mart}_sql" for mart in MARTS} & reasons(platform, "retail").keys()
    with_one = platform_of(whole, tmp_path, base_of("sqlite"))
    due = reasons(with_one, "retail")
    assert all(due[f"{mart}_sql"] == {day: ["missing"] for day in ("30", "31", "01", "02")} for mart in MARTS)


def test_a_database_that_refuses_rows_says_nothing_of_what_is_in_them(
    whole: Path, tmp_path: Path, base_of: Any, capfd: pytest.CaptureFixture[str]
) -> None:
    base = base_of("postgresql")
    platform = platform_of(whole, tmp_path, base)
    platform.materialise(FIRST, LAST, select=IN_DATABASES)
    base.run("ALTER TABLE customers_data_mart ADD CHECK (full_name = 'Ada')" + " NOT VALID")
    result = platform.materialise(FIRST, LAST, select=IN_DATABASES, check=False)
    assert not result.success
    said = "".join([*map(repr, result.all_events), *capfd.readouterr()])
    assert "did not take the rows (new row for relation (personal))" in said
    assert not [text for text in ("Name1", "Name2", "Elm Street", "555-1", "se%c") if text in said]
