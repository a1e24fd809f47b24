"""A table of a database, for tests: what is written into it, by which contract, and what anybody finds there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.dataset as ds
import sqlalchemy as sa

from platform_assets.contracts.compiled import compiled
from platform_assets.contracts.contract import Contract
from platform_assets.exports.sql.addresses import Address
from platform_assets.exports.sql.contracts import written
from platform_assets.exports.sql.loading import SqlTarget, StagedPeriods
from platform_assets.exports.sql.periods import Monthly, Period
from platform_assets.exports.sql.rows import Rows
from platform_assets.lake.tables.made import Made, Records
from platform_assets_tests.support.services.mariadb import MariaDB
from platform_assets_tests.support.services.postgres import Postgres
from platform_assets_tests.support.till import Totals

# With all that a URL has its own meaning of, and what a pattern has.
PASSWORD = "se%c:r/et@1?#pw"
VARIABLE = "PLATFORM_TILL_SQL_URL"
JANUARY = "2026-01"


MONTHLY = Monthly("month")
Row = tuple[int, str | None, str]


def total(number: int, name: str | None = "Ada", amount: str = "1.00") -> Row:
    """A row of `Totals`: customer, name, total."""
    return number, name, amount


@dataclass(frozen=True)
class Base:
    """A database for a test; `engine` reaches it in another way than the platform does."""

    kind: str
    url: str
    engine: sa.Engine

    @classmethod
    def of(cls, kind: str, folder: Path, server: Postgres | MariaDB | None) -> Base:
        """That of a server, or a file below a folder."""
        if server is None:
            return cls(kind, f"sqlite:///{folder}/base.db", sa.create_engine(f"sqlite:///{folder}/base.db"))
        url = sa.URL.create(kind, server.user, PASSWORD, "127.0.0.1", server.port, server.database)
        driver = {"postgresql": "postgresql+psycopg2", "mysql": "mysql+pymysql"}[kind]
        engine = sa.create_engine(url.set(drivername=driver), poolclass=sa.NullPool)
        return cls(kind, url.render_as_string(hide_password=False), engine)

    @property
    def address(self) -> Address:
        """The database, as the platform knows it."""
        return Address.of(VARIABLE, self.url)

    def clear(self) -> None:
        """Drop every table."""
        with self.engine.begin() as connection:
            for name in sa.inspect(connection).get_table_names():
                connection.exec_driver_sql(f"DROP TABLE {self.quoted(name)}")
        self.engine.dispose()

    def quoted(self, name: str) -> str:
        """A name as SQL."""
        return self.engine.dialect.identifier_preparer.quote_identifier(name)

    def run(self, *statements: str) -> None:
        """Carry out statements of somebody else."""
        with self.engine.begin() as connection:
            for statement in statements:
                connection.exec_driver_sql(statement)

    def rows(self, table: str = "totals", *columns: str) -> list[tuple[Any, ...]]:
        """The rows of a table, in order."""
        names = ", ".join(map(self.quoted, columns)) or "*"
        with self.engine.connect() as connection:
            return sorted(map(tuple, connection.exec_driver_sql(f"SELECT {names} FROM {self.quoted(table)}")))

    def totals(self) -> dict[str, list[Row]]:
        """The rows of `totals`: per month customers, names, totals."""
        found: dict[str, list[Row]] = {}
        for month, number, name, amount in self.rows("totals", "month", "customer_id", "name", "total"):
            found.setdefault(month, []).append((number, name, f"{Decimal(str(amount)):.2f}"))
        return found


@dataclass(frozen=True)
class Written:
    """A table of a database that tests write to as runs do."""

    base: Base
    folder: Path
    contract: type[Contract] = Totals
    period: Period = MONTHLY
    name: str = "totals"

    @property
    def target(self) -> SqlTarget:
        """The table, as the platform knows it."""
        records = Records(str(self.folder / "lake" / "till" / f"{self.name}_sql"))
        contract = written(compiled(self.contract), self.period)
        return SqlTarget(f"till/{self.name}_sql", self.name, contract, self.period, self.base.address, records)

    def staged(
        self, periods: Mapping[str, Sequence[Row] | pa.Table], sources: Sequence[Any] = (), day: int = 1
    ) -> StagedPeriods:
        """What a run is about to write: per period the rows."""
        target = self.target
        tables = {
            period: rows if isinstance(rows, pa.Table) else totals(period, rows) for period, rows in periods.items()
        }
        return StagedPeriods(
            target,
            {
                period: Rows(target.contract, ds.dataset(table) if len(table) else None, len(table))
                for period, table in tables.items()
            },
            dict.fromkeys(periods, sources),
            {period: [made(period, day)] for period in periods},
        )

    def write(self, periods: Mapping[str, Sequence[Row] | pa.Table], sources: Sequence[Any] = ()) -> dict[str, int]:
        """Write periods, and return how many rows the database has of each."""
        staged = self.staged(periods, sources)
        staged.publish()
        return staged.written


def made(period: str, day: int = 1) -> Made:
    """A record of a day of a month, or of a day."""
    return Made(date.fromisoformat(f"{period[:7]}-{day:02}"), "run/0", 0, "0.0.0")


def totals(month: str, rows: Sequence[Row]) -> pa.Table:
    """Rows of `Totals` without their day."""
    columns = {
        "month": pa.array([month] * len(rows), pa.string()),
        "customer_id": pa.array([number for number, _, _ in rows], pa.int64()),
        "name": pa.array([name for _, name, _ in rows], pa.string()),
        "total": pa.array([Decimal(amount) for _, _, amount in rows], pa.decimal128(18, 2)),
    }
    return pa.table(columns)


def known(written: Written) -> list[date]:
    """The days of which it is known what they were made from."""
    return sorted(written.target.known().made)
