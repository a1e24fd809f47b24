"""What is told when a database cannot be used: which variable, what is wrong, what to do, and never the password."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa
from pymysql.err import OperationalError

from platform_assets import masking
from platform_assets.errors import OutsideError, PlatformError, TemporaryError
from platform_assets.exports.sql import mysql
from platform_assets.exports.sql.addresses import Address
from platform_assets.exports.sql.refusals import explained
from platform_assets_tests.support.services.ports import free_port, listening
from platform_assets_tests.support.sql import JANUARY, PASSWORD, VARIABLE, Base, Written, total

SECRET = "pa55"  # too short for what is hidden wherever it stands


@pytest.mark.parametrize(
    ("url", "said"),
    [
        (f"me:{SECRET}", "it is no URL of a database. Write it as postgresql://host:5432/database or mysql://"),
        (f"oracle://me:{SECRET}@host/base", "it names oracle, which tables are not written to"),
        (f"postgresql://me:{SECRET}@host", "it names no database"),
        (f"postgresql://me:{SECRET}@host:{SECRET}/base", "it is no URL"),
        (f"postgresql://me:x@{SECRET}@host/base", "in user and password @ is %40"),
        (f"postgresql://me:{SECRET}@/base", "it has no host"),
        (f"postgresql://me:x@ss/{SECRET}@host/base", "it has @ or / where the name of the database is"),
        ("sqlite://folder/base.db", "it names no file, in which rows would stay"),
        ("sqlite://", "it names no file, in which rows would stay"),
        ("sqlite:///:memory:", "it names no file"),
        ("", "it is no URL"),
    ],
)
def test_a_url_that_is_none_is_told_without_a_word_of_it(url: str, said: str) -> None:
    with pytest.raises(PlatformError) as refused:
        Address.of(VARIABLE, url)
    assert str(refused.value).startswith(f"{VARIABLE} cannot be used: ")
    assert said in str(refused.value)
    assert SECRET not in str(refused.value)
    assert refused.value.__cause__ is None


def test_the_place_of_a_database_has_no_user_and_no_password() -> None:
    assert Address.of(VARIABLE, "postgres://me:pw@Host/base?sslmode=require").place == "postgresql://Host:5432/base"
    assert Address.of(VARIABLE, "mariadb+pymysql://me:pw@[::1]:3307/base").place == "mysql://[::1]:3307/base"
    assert "secret-word" not in repr(Address.of(VARIABLE, "postgresql://me:secret-word@host/base"))


def test_a_relative_file_counts_from_the_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert Address.of(VARIABLE, "sqlite:///data/base.db").place == f"sqlite:///{tmp_path}/data/base.db"


def _refused(base: Base, folder: Path) -> PlatformError:
    with pytest.raises(PlatformError) as refused:
        Written(base, folder).write({JANUARY: [total(1)]})
    said = str(refused.value)
    assert said.startswith(f"{VARIABLE}: ")
    assert said.endswith("till/totals_sql was not published, what was there before still is.")
    assert "\n" not in said
    for secret in (PASSWORD, SECRET, "wrong-pass"):
        assert secret not in said
    assert refused.value.__cause__ is None
    return refused.value


@pytest.mark.parametrize("kind", ["postgresql", "mysql"])
@pytest.mark.parametrize(
    ("change", "said", "retry"),
    [
        ({"password": "wrong-pass"}, "does not let the user", False),
        ({"password": SECRET}, "does not let the user", False),
        ({"username": "nobody"}, "does not let the user nobody in: correct user and password in the URL", False),
        ({"host": "no.such.host.invalid"}, "nobody knows the host of", False),
        ({"database": "none"}, "none", False),
        ({"port": free_port()}, "did not answer, or went away (", True),
    ],
    ids=["password", "short password", "user", "host", "database", "port"],
)
def test_a_server_that_cannot_be_used_is_told(
    base_of: Callable[[str], Base], tmp_path: Path, kind: str, change: dict[str, str], said: str, retry: bool
) -> None:
    base = base_of(kind)
    url = sa.make_url(base.url).set(**change)
    refused = _refused(Base(kind, url.render_as_string(hide_password=False), base.engine), tmp_path)
    assert said in str(refused)
    assert isinstance(refused, TemporaryError) == retry


def test_a_server_that_never_says_a_word_is_not_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mysql, "CONNECT_SECONDS", 1)
    with listening() as socket:
        url = f"mysql://me:{SECRET}@127.0.0.1:{socket.getsockname()[1]}/base"
        refused = _refused(Base("mysql", url, sa.create_engine("sqlite://")), tmp_path)
    assert "did not answer" in str(refused)


def test_what_a_user_may_not_do_is_told(base_of: Callable[[str], Base], tmp_path: Path) -> None:
    base = base_of("postgresql")
    base.run(
        "DROP ROLE IF EXISTS reader", "CREATE ROLE reader LOGIN PASSWORD 'wrong-pass'", "CREATE TABLE totals (id int)"
    )
    url = sa.make_url(base.url).set(username="reader", password="wrong-pass").render_as_string(hide_password=False)
    base.run("DROP TABLE totals")
    refused = _refused(Base("postgresql", url, base.engine), tmp_path)
    assert "refuses it to the user reader (permission denied for schema public" in str(refused)
    assert "must have the right to create tables" in str(refused)


def test_files_that_cannot_be_databases_are_told(tmp_path: Path) -> None:
    engine = sa.create_engine("sqlite://")
    refused = _refused(Base("sqlite", f"sqlite:///{tmp_path}/none/base.db", engine), tmp_path)
    assert f"cannot be opened: see that its folder, {tmp_path}/none, is there" in str(refused)
    (tmp_path / "text.db").write_text("no database at all, whatever it is called" * 50)
    refused = _refused(Base("sqlite", f"sqlite:///{tmp_path}/text.db", engine), tmp_path)
    assert "is a file, and no database" in str(refused)


def test_the_password_of_a_url_is_known_from_when_it_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(masking, "_known", set())
    Address.of(VARIABLE, "postgresql://me:s%40cret-%2F@host/base")
    assert masking.told("they say s@cret-/") == "they say **********"


@pytest.mark.parametrize(
    ("error", "said", "kind"),
    [
        (
            OperationalError(1114, "The table 'totals' is full"),
            "has no room left (The table 'totals' is full)",
            TemporaryError,
        ),
        (sqlite3.OperationalError("database or disk is full"), "has no room left", TemporaryError),
        (OperationalError(1213, "Deadlock found when trying to get lock"), "locked for too long", TemporaryError),
        (
            OperationalError(1142, "INSERT command denied"),
            "refuses it to the user me (INSERT command denied)",
            OutsideError,
        ),
        (
            RuntimeError("'cryptography' package is required for sha256_password"),
            "pip install cryptography",
            PlatformError,
        ),
        (ModuleNotFoundError("No module named 'pymysql'"), "install all of requirements.lock", PlatformError),
    ],
)
def test_what_a_database_says_is_told_and_whether_it_may_pass(
    error: Exception, said: str, kind: type[PlatformError]
) -> None:
    told = explained(error, Address.of(VARIABLE, "mysql://me@host/base"))
    assert said in str(told)
    assert type(told) is kind


def test_a_password_of_any_length_is_not_told_by_what_a_driver_says() -> None:
    told = explained(
        OperationalError(9999, f"me:{SECRET} is unwelcome"), Address.of(VARIABLE, f"mysql://me:{SECRET}@h/b")
    )
    assert "did not take the rows (me:********** is unwelcome)" in str(told)


def test_an_error_of_the_platform_itself_is_no_database_s() -> None:
    assert explained(ValueError("database is locked"), Address.of(VARIABLE, "mysql://me@host/base")) is None
