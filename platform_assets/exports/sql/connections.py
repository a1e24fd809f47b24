"""Which driver connects to which database; each is imported when the first table is written by it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress

from platform_assets.exports.sql.addresses import MYSQL, POSTGRESQL, Address
from platform_assets.exports.sql.databases import Connection


@contextmanager
def connected(address: Address) -> Iterator[Connection]:
    """A connection to the database of an address."""
    connection = _connect(address)
    try:
        yield connection
    finally:
        with suppress(Exception):
            connection.close()


def _connect(address: Address) -> Connection:
    if address.dialect == POSTGRESQL:
        from platform_assets.exports.sql.postgresql import PostgreSQL

        return PostgreSQL(address)
    if address.dialect == MYSQL:
        from platform_assets.exports.sql.mysql import MySQL

        return MySQL(address)
    from platform_assets.exports.sql.sqlite import SQLite

    return SQLite(address)
