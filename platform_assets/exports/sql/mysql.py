"""MySQL and MariaDB: texts as they are, upper and lower case and blanks at their ends told apart, times in UTC."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from typing import Any

import pyarrow as pa
import pyspark.sql.types as T
from sqlalchemy.dialects import mysql

from platform_assets.contracts.compiled import ColumnSpec
from platform_assets.errors import TemporaryError
from platform_assets.exports.sql.addresses import Address
from platform_assets.exports.sql.by_sqlalchemy import BySqlAlchemy
from platform_assets.exports.sql.databases import CONNECT_SECONDS, LOCK_SECONDS, STAGED
from platform_assets.exports.sql.shapes import Shape, SqlType

_TYPES: Mapping[type[T.DataType], SqlType] = {
    T.BooleanType: (mysql.TINYINT(display_width=1), "tinyint(1)"),
    T.ByteType: (mysql.SMALLINT(), "smallint"),
    T.ShortType: (mysql.SMALLINT(), "smallint"),
    T.IntegerType: (mysql.INTEGER(), "int"),
    T.LongType: (mysql.BIGINT(), "bigint"),
    T.FloatType: (mysql.FLOAT(), "float"),
    T.DoubleType: (mysql.DOUBLE(asdecimal=False), "double"),
    T.DateType: (mysql.DATE(), "date"),
    T.TimestampType: (mysql.DATETIME(fsp=6), "datetime(6)"),
}
# The width that some versions show of whole numbers says nothing of what they hold.
_WIDTH = re.compile(r"^(smallint|int|bigint)\(\d+\)$")
# A key has room for 3,072 bytes, and a character may take four.
_LONGEST = 191
# Values that a column cannot hold are refused, not cut to what it can.
_MODE = "STRICT_ALL_TABLES,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION"


class MySQL(BySqlAlchemy):
    """A connection to MySQL or MariaDB, by PyMySQL."""

    driver = "mysql+pymysql"
    mark = "%s"
    quotes = "`"
    options = {"mysql_engine": "InnoDB", "mysql_charset": "utf8mb4"}
    plain = {T.TimestampType: lambda array: array.cast(pa.timestamp("us"))}

    def __init__(self, address: Address) -> None:
        words: dict[str, Any] = {"connect_timeout": CONNECT_SECONDS, "read_timeout": CONNECT_SECONDS}
        if password := address.url.password:
            words["password"] = str(password).encode()  # of a text the driver would make Latin-1
        super().__init__(address, address.url, words | {"charset": "utf8mb4"})
        # Once it has let us in, a statement may take any time, and the driver has no other way to say so.
        driver: Any = self._connection.connection.dbapi_connection
        driver._read_timeout = None
        waits = f"innodb_lock_wait_timeout = {LOCK_SECONDS}, lock_wait_timeout = {LOCK_SECONDS}"
        self.execute(f"SET SESSION sql_mode = '{_MODE}', {waits}")
        dialect: Any = self._engine.dialect
        old = not dialect.is_mariadb and dialect.server_version_info < (8,)
        new = "utf8mb4_nopad_bin" if dialect.is_mariadb else "utf8mb4_0900_bin"
        self._collation = "utf8mb4_bin" if old else new

    def type_of(self, column: ColumnSpec, is_looked_up: bool) -> SqlType:
        if isinstance(dtype := column.dtype, T.DecimalType):
            return mysql.DECIMAL(dtype.precision, dtype.scale), f"decimal({dtype.precision},{dtype.scale})"
        if isinstance(dtype, T.StringType):
            words = {"charset": "utf8mb4", "collation": self._collation}
            if is_looked_up:
                return mysql.VARCHAR(_LONGEST, **words), f"varchar({_LONGEST}) {self._collation}"
            return mysql.LONGTEXT(**words), "longtext"
        return _TYPES[type(dtype)]

    def shape(self, table: str) -> Shape | None:
        its = f"table_schema = database() AND table_name = '{table}'"
        kinds = self.query(f"SELECT table_type, engine FROM information_schema.tables WHERE {its}")
        if not kinds:
            return None
        columns = self.query(
            "SELECT column_name, column_type, collation_name, is_nullable, column_key "
            f"FROM information_schema.columns WHERE {its} ORDER BY ordinal_position"
        )
        wrong = "" if kinds[0] == ("BASE TABLE", "InnoDB") else "is no table of InnoDB, which alone has transactions"
        return Shape(
            {name: (_type(kind, collation), null == "YES") for name, kind, collation, null, _ in columns},
            frozenset(name for name, *_, key in columns if key == "PRI"),
            wrong,
        )

    def stage_like(self, table: str) -> None:
        self.execute(f"DROP TEMPORARY TABLE IF EXISTS {STAGED}")
        self.execute(f"CREATE TEMPORARY TABLE {STAGED} LIKE {self.quoted(table)}")

    def begin(self, table: str) -> None:
        # Names of locks are those of the whole server, and short.
        name = hashlib.sha256(self.address.of_table(table).split("/", 3)[-1].encode()).hexdigest()[:32]
        self._lock = f"platform_assets.{name}"
        ((is_ours,),) = self.query(f"SELECT GET_LOCK('{self._lock}', {LOCK_SECONDS})")
        if not is_ours:
            raise TemporaryError(
                f"another run has been writing to {self.address.of_table(table)} for more than {LOCK_SECONDS} seconds: "
                "run it again after that"
            )
        self.execute("START TRANSACTION")

    def commit(self) -> None:
        super().commit()
        self._release()

    def rollback(self) -> None:
        super().rollback()
        self._release()

    def _release(self) -> None:
        self.query(f"SELECT RELEASE_LOCK('{self._lock}')")


def _type(kind: str, collation: str | None) -> str:
    kind = _WIDTH.sub(r"\1", kind)
    return f"{kind} {collation}" if kind.startswith("varchar") else kind
