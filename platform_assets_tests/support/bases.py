"""Databases that tests write to, as fixtures: a server of each kind for all tests of a process, and files."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from platform_assets_tests.support.services.mariadb import MariaDB, mariadb
from platform_assets_tests.support.services.postgres import Postgres, postgres
from platform_assets_tests.support.sql import PASSWORD, Base

KINDS = ("postgresql", "mysql", "sqlite")


@pytest.fixture(scope="session")
def postgresql() -> Iterator[Postgres]:
    """A running PostgreSQL whose user has a password."""
    with postgres(PASSWORD) as server:
        yield server


@pytest.fixture(scope="session")
def maria() -> Iterator[MariaDB]:
    """A running MariaDB whose user has a password."""
    with mariadb(PASSWORD) as server:
        yield server


@pytest.fixture
def base_of(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[[str], Base]]:
    """A database of some kind, without tables."""
    bases = []

    def of(kind: str) -> Base:
        names = {"postgresql": "postgresql", "mysql": "maria"}
        server = request.getfixturevalue(names[kind]) if kind in names else None
        bases.append(Base.of(kind, tmp_path, server))
        return bases[-1]

    yield of
    for base in bases:
        base.clear()


@pytest.fixture(params=KINDS)
def base(request: pytest.FixtureRequest, base_of: Callable[[str], Base]) -> Base:
    """A database of each kind."""
    return base_of(request.param)
