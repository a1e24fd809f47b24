"""What the databases that SQLAlchemy connects to have in common; rows go in by many at a time, as Python's values."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc
import pyspark.sql.types as T
import sqlalchemy as sa

from platform_assets.contracts.compiled import ColumnSpec
from platform_assets.errors import PlatformError
from platform_assets.exports.sql.addresses import Address
from platform_assets.exports.sql.databases import STAGED, Connection
from platform_assets.exports.sql.rows import Rows

if TYPE_CHECKING:
    from sqlalchemy.schema import ExecutableDDLElement


class BySqlAlchemy(Connection):
    """A connection in which transactions begin and end where the platform says so."""

    driver: str
    mark: str
    """What stands for a value in a statement."""
    plain: Mapping[type[T.DataType], Callable[[Any], Any]] = {}

    def __init__(self, address: Address, url: sa.URL, words: Mapping[str, Any]) -> None:
        super().__init__(address)
        self._engine = sa.create_engine(
            url.set(drivername=self.driver), poolclass=sa.NullPool, hide_parameters=True, connect_args=dict(words)
        )
        # A statement without parameters is carried out as it is written, each % too.
        self._connection = self._engine.connect().execution_options(isolation_level="AUTOCOMMIT", no_parameters=True)

    def execute(self, sql: str) -> None:
        self._connection.exec_driver_sql(sql)

    def query(self, sql: str) -> Sequence[tuple[Any, ...]]:
        return [tuple(row) for row in self._connection.exec_driver_sql(sql)]

    def ddl(self, element: ExecutableDDLElement) -> str:
        dialect: Any = type(self._engine.dialect)
        return str(element.compile(dialect=dialect(paramstyle="named")))

    def insert(self, rows: Rows) -> None:
        columns = ", ".join(map(self.quoted, rows.names))
        marks = ", ".join([self.mark] * len(rows.names))
        for some in rows.tuples(self.look, self.plain):
            self._connection.exec_driver_sql(
                f"INSERT INTO {STAGED} ({columns}) VALUES ({marks})", [tuple(row) for row in some]
            )

    def look(self, column: ColumnSpec, array: Any) -> None:
        """Raise `PlatformError` for what a column of numbers cannot hold here."""
        if pa.types.is_floating(array.type) and not pc.all(pc.is_finite(array)).as_py() and len(array.drop_null()):
            raise PlatformError(
                f"the column {column.name} has a value that is no number (NaN or infinite), which "
                f"{self.address.place} cannot hold: make it NULL, or leave the row out"
            )

    def rollback(self) -> None:
        self.execute("ROLLBACK")

    def commit(self) -> None:
        self.execute("COMMIT")

    def close(self) -> None:
        self._connection.close()
        self._engine.dispose()
