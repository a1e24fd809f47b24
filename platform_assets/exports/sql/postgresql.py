"""PostgreSQL: rows go in by COPY, in the binary form that the driver makes of Arrow's own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

import adbc_driver_postgresql.dbapi as driver
import pyarrow as pa
import pyspark.sql.types as T
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import SetColumnComment, SetTableComment

from platform_assets.contracts.compiled import ColumnSpec
from platform_assets.exports.sql.addresses import Address
from platform_assets.exports.sql.databases import CONNECT_SECONDS, LOCK_SECONDS, STAGED, Connection
from platform_assets.exports.sql.rows import Rows
from platform_assets.exports.sql.shapes import Shape, SqlType

if TYPE_CHECKING:
    from sqlalchemy.schema import ExecutableDDLElement

_TYPES: Mapping[type[T.DataType], SqlType] = {
    T.StringType: (sa.Text(), "text"),
    T.BooleanType: (sa.Boolean(), "boolean"),
    T.ByteType: (sa.SmallInteger(), "smallint"),
    T.ShortType: (sa.SmallInteger(), "smallint"),
    T.IntegerType: (sa.Integer(), "integer"),
    T.LongType: (sa.BigInteger(), "bigint"),
    T.FloatType: (sa.REAL(), "real"),
    T.DoubleType: (sa.Double(), "double precision"),
    T.DateType: (sa.Date(), "date"),
    T.TimestampType: (sa.TIMESTAMP(timezone=True), "timestamp with time zone"),
}
# A server that died with its machine closes no connection: it is asked for a sign of life, in seconds.
_QUERY = {
    "connect_timeout": str(CONNECT_SECONDS),
    "keepalives_idle": "10",
    "keepalives_interval": "5",
    "keepalives_count": "3",
    "application_name": "platform_assets",
}
# What is sent is UTF-8, whatever the environment, the URL or the database would have it be.
_ALWAYS = {"client_encoding": "utf8"}


class PostgreSQL(Connection):
    """A connection to PostgreSQL, by ADBC."""

    def __init__(self, address: Address) -> None:
        super().__init__(address)
        self._connection = driver.connect(_uri(address.url))
        self._cursor = self._connection.cursor()
        self._is_within = False
        self.execute(f"SET lock_timeout = '{LOCK_SECONDS}s'")

    def execute(self, sql: str) -> None:
        with self._alone():
            self._cursor.execute(sql)

    def query(self, sql: str) -> Sequence[tuple[Any, ...]]:
        with self._alone():
            self._cursor.execute(sql)
            found: list[tuple[Any, ...]] = self._cursor.fetchall()
        return found

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """End the transaction that the driver begins with every statement, unless it is one of ours."""
        if self._is_within:
            yield
            return
        try:
            yield
            self._connection.commit()
        except BaseException:
            with suppress(Exception):  # what has failed first is what to tell
                self._connection.rollback()
            raise

    def type_of(self, column: ColumnSpec, is_looked_up: bool) -> SqlType:
        if isinstance(dtype := column.dtype, T.DecimalType):
            return sa.Numeric(dtype.precision, dtype.scale), f"numeric({dtype.precision},{dtype.scale})"
        return _TYPES[type(dtype)]

    def shape(self, table: str) -> Shape | None:
        its = f"to_regclass('{self.quoted(table)}')"
        kinds = self.query(f"SELECT relkind::text FROM pg_class WHERE oid = {its}")
        if not kinds:
            return None
        columns = self.query(
            "SELECT attname::text, format_type(atttypid, atttypmod), NOT attnotnull FROM pg_attribute "
            f"WHERE attrelid = {its} AND attnum > 0 AND NOT attisdropped ORDER BY attnum"
        )
        key = self.query(
            "SELECT a.attname::text FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid "
            f"AND a.attnum = ANY (i.indkey) WHERE i.indrelid = {its} AND i.indisprimary"
        )
        wrong = "" if kinds[0][0] in ("r", "p") else "is no table (a view, perhaps)"
        return Shape({name: (kind, bool(null)) for name, kind, null in columns}, frozenset(n for (n,) in key), wrong)

    def create(self, table: sa.Table) -> None:
        super().create(table)
        self.execute(self.ddl(SetTableComment(table)))
        for column in table.columns:
            self.execute(self.ddl(SetColumnComment(column)))

    def ddl(self, element: ExecutableDDLElement) -> str:
        # Of other styles of parameters SQLAlchemy writes each % twice.
        dialect: Any = postgresql.dialect
        return str(element.compile(dialect=dialect(paramstyle="named")))

    def stage_like(self, table: str) -> None:
        self.execute(f"DROP TABLE IF EXISTS pg_temp.{STAGED}")
        self.execute(f"CREATE TEMPORARY TABLE {STAGED} (LIKE {self.quoted(table)})")

    def insert(self, rows: Rows) -> None:
        failed: list[Exception] = []

        def batches() -> Iterator[Any]:
            try:
                yield from rows.batches(lambda column, array: None)
            except Exception as error:
                failed.append(error)  # the driver only tells its words
                raise

        reader = pa.RecordBatchReader.from_batches(rows.schema, batches())
        try:
            with self._alone():
                self._cursor.adbc_ingest(STAGED, reader, mode="append", temporary=True)
        except Exception:
            if failed:
                raise failed[0] from None
            raise

    def begin(self, table: str) -> None:
        self._is_within = True
        self.execute(f"LOCK TABLE {self.quoted(table)} IN SHARE ROW EXCLUSIVE MODE")

    def commit(self) -> None:
        self._connection.commit()
        self._is_within = False

    def rollback(self) -> None:
        self._is_within = False
        self._connection.rollback()

    def close(self) -> None:
        try:
            self._cursor.close()
        finally:
            self._connection.close()


def _uri(url: sa.URL) -> str:
    """A URL as libpq reads it, to which a blank is one only as %20."""
    user, password = (quote(str(part or ""), safe="") for part in (url.username, url.password))
    who = f"{user}{f':{password}' if password else ''}@" if user else ""
    host = f"[{url.host}]" if ":" in (url.host or "") else url.host
    words = _QUERY | dict(url.normalized_query) | _ALWAYS
    query = urlencode(words, doseq=True, quote_via=quote)
    port = f":{url.port}" if url.port else ""
    return f"postgresql://{who}{host}{port}/{quote(url.database or '', safe='')}?{query}"
