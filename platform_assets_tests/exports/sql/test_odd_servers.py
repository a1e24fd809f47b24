"""Servers and users as they are elsewhere: other encodings, odd passwords, schemas, and locks that others keep."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import pytest
import sqlalchemy as sa

from platform_assets import masking
from platform_assets.errors import PlatformError, TemporaryError
from platform_assets.exports.sql import mysql, postgresql
from platform_assets.exports.sql.addresses import Address
from platform_assets_tests.support.services.postgres import Postgres
from platform_assets_tests.support.sql import JANUARY, PASSWORD, VARIABLE, Base, Written, known, total

NAME = "Jürgen Müller-𝄞"


def other(base: Base, **changes: str) -> Base:
    """The same server, by another URL."""
    url = sa.make_url(base.url).set(**changes)
    return Base(base.kind, url.render_as_string(hide_password=False), base.engine)


def test_text_is_sent_as_utf8_whatever_the_environment_says(
    base_of: Callable[[str], Base], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    base = base_of("postgresql")
    monkeypatch.setenv("PGCLIENTENCODING", "LATIN1")
    Written(base, tmp_path).write({JANUARY: [total(1, NAME)]})
    monkeypatch.delenv("PGCLIENTENCODING")
    assert base.totals() == {JANUARY: [total(1, NAME)]}


def test_a_database_of_another_encoding_has_what_it_can_hold_and_refuses_the_rest(
    base_of: Callable[[str], Base], tmp_path: Path, postgresql: Postgres
) -> None:
    base = base_of("postgresql")
    with base.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("DROP DATABASE IF EXISTS lat")
        connection.exec_driver_sql(
            "CREATE DATABASE lat ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0"
        )
    latin = other(base, database="lat")
    latin = Base("postgresql", latin.url, sa.create_engine(base.engine.url.set(database="lat"), poolclass=sa.NullPool))
    written = Written(latin, tmp_path)
    written.write({JANUARY: [total(1, "Jürgen")]})
    assert latin.totals() == {JANUARY: [total(1, "Jürgen")]}
    with pytest.raises(PlatformError, match="no equivalent in encoding"):
        written.write({JANUARY: [total(1, NAME)]})
    assert latin.totals() == {JANUARY: [total(1, "Jürgen")]}


def test_a_table_that_others_keep_locked_is_not_waited_for_without_end(
    base_of: Callable[[str], Base], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module, kind, lock in (
        (postgresql, "postgresql", "LOCK TABLE totals IN ACCESS EXCLUSIVE MODE"),
        (mysql, "mysql", "LOCK TABLES totals READ"),
    ):
        monkeypatch.setattr(module, "LOCK_SECONDS", 1)
        base = base_of(kind)
        written = Written(base, tmp_path / kind)
        written.write({JANUARY: [total(1)]})
        with base.engine.begin() as connection:
            connection.exec_driver_sql(lock)
            with pytest.raises(TemporaryError, match="locked for too long"):
                written.write({JANUARY: [total(2)]})
        assert base.totals() == {JANUARY: [total(1)]}


def test_a_password_of_postgresql_may_have_blanks_and_letters_of_any_alphabet(
    base_of: Callable[[str], Base], tmp_path: Path
) -> None:
    base = base_of("postgresql")
    base.run("DROP USER IF EXISTS odd", "CREATE USER odd PASSWORD 'a b é' SUPERUSER")
    Written(other(base, username="odd", password="a b é"), tmp_path).write({JANUARY: [total(1)]})
    assert base.totals() == {JANUARY: [total(1)]}


def test_a_password_of_mysql_may_have_blanks_and_letters_of_any_alphabet(
    base_of: Callable[[str], Base], tmp_path: Path
) -> None:
    base, password = base_of("mysql"), "hü€tter 99"
    change = sa.text("SET PASSWORD = PASSWORD(:password)")
    with base.engine.begin() as connection:
        connection.execute(change, {"password": password})
        try:
            Written(other(base, password=password), tmp_path).write({JANUARY: [total(1)]})
        finally:
            connection.execute(change, {"password": PASSWORD})
    assert base.totals() == {JANUARY: [total(1)]}


def test_tables_of_another_schema_are_others(base_of: Callable[[str], Base], tmp_path: Path) -> None:
    base = base_of("postgresql")
    base.run("DROP SCHEMA IF EXISTS one CASCADE", "DROP SCHEMA IF EXISTS two CASCADE")
    base.run("CREATE SCHEMA one", "CREATE SCHEMA two")
    one, two = (
        Written(Base("postgresql", f"{base.url}?options={quote(f'-c search_path={name}')}", base.engine), tmp_path)
        for name in ("one", "two")
    )
    one.write({JANUARY: [total(1)]})
    assert one.target.place.endswith("/one/totals")
    assert (len(known(one)), known(two)) == (1, [])
    two.write({JANUARY: [total(2)]})
    with base.engine.connect() as connection:
        found = [connection.exec_driver_sql(f"SELECT customer_id FROM {name}.totals").all() for name in ("one", "two")]
    assert found == [[(1,)], [(2,)]]
    base.run("DROP SCHEMA one CASCADE", "DROP SCHEMA two CASCADE")


def test_a_url_without_a_password_hides_no_place(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/base.db"
    masking.remember([url])
    assert masking.told(Address.of(VARIABLE, url).place) == url
    secret = "postgresql://me:a-long-password@host/base"
    masking.remember([secret])
    Address.of(VARIABLE, secret)
    assert "a-long-password" not in masking.told(f"it is {secret}")
