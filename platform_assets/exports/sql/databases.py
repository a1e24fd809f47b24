"""What the platform asks of a database: to look at a table, to create it, to take rows, to replace some by them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from platform_assets.contracts.compiled import ColumnSpec
from platform_assets.exports.sql.addresses import Address
from platform_assets.exports.sql.rows import Rows
from platform_assets.exports.sql.shapes import Shape, SqlType

if TYPE_CHECKING:
    from sqlalchemy import Table
    from sqlalchemy.schema import ExecutableDDLElement

STAGED = "platform_assets_staged"
"""The temporary table that rows wait in, seen by the connection alone that has made it."""
LOCK_SECONDS = 60
"""For so long others may hold the lock of a table."""
CONNECT_SECONDS = 10


class Connection(ABC):
    """A connection to one database; errors are those of its driver."""

    quotes = '"'
    options: dict[str, Any] = {}
    """What `Table` of SQLAlchemy is told beyond columns."""

    def __init__(self, address: Address) -> None:
        self.address = address

    @abstractmethod
    def execute(self, sql: str) -> None:
        """Carry out a statement."""

    @abstractmethod
    def query(self, sql: str) -> Sequence[tuple[Any, ...]]:
        """The rows of a query."""

    @abstractmethod
    def type_of(self, column: ColumnSpec, is_looked_up: bool) -> SqlType:
        """The type that a column has here; texts by which rows are looked up may have another."""

    @abstractmethod
    def shape(self, table: str) -> Shape | None:
        """A table as it is, None where there is none."""

    @abstractmethod
    def insert(self, rows: Rows) -> None:
        """Append rows to the temporary table; raises `PlatformError` for values that it would not hold as they are."""

    @abstractmethod
    def stage_like(self, table: str) -> None:
        """Make the temporary table anew, empty, with the columns of another."""

    @abstractmethod
    def begin(self, table: str) -> None:
        """Begin a transaction in which nobody else changes a table; others may read it."""

    @abstractmethod
    def commit(self) -> None:
        """Make what the transaction has done what readers see."""

    @abstractmethod
    def rollback(self) -> None:
        """Undo what the transaction has done."""

    @abstractmethod
    def close(self) -> None:
        """Give the connection back."""

    @abstractmethod
    def ddl(self, element: ExecutableDDLElement) -> str:
        """What SQLAlchemy would have the database create, as SQL."""

    def create(self, table: Table) -> None:
        """Create a table and its indexes."""
        from sqlalchemy.schema import CreateIndex, CreateTable

        self.execute(self.ddl(CreateTable(table)))
        for index in table.indexes:
            self.execute(self.ddl(CreateIndex(index)))

    def quoted(self, name: str) -> str:
        """A name as SQL."""
        return f"{self.quotes}{name}{self.quotes}"

    def count(self, table: str, where: str = "") -> int:
        """How many rows a table has."""
        ((count,),) = self.query(f"SELECT count(*) FROM {self.quoted(table)}{where}")
        return int(count)

    @contextmanager
    def transaction(self, table: str) -> Iterator[None]:
        """What is done within is done as a whole or not at all; others who change the table are waited for."""
        try:
            self.begin(table)
            yield
            self.commit()
        except BaseException:
            with suppress(Exception):  # what has failed first is what to tell
                self.rollback()
            raise
