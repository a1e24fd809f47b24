"""Fixtures that more than one folder of tests needs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from platform_assets.lake.engine import Engine, start
from platform_assets_tests.platform import Platform
from platform_assets_tests.services.spark import fill_with_jars, need_java


@pytest.fixture(scope="session")
def engine() -> Engine:
    """The engine of this test process."""
    return start()


@pytest.fixture
def platform(tmp_path: Path) -> Platform:
    """An empty platform whose web domain starts on 2026-01-01."""
    return Platform(tmp_path)


@pytest.fixture
def platforms(tmp_path: Path) -> Callable[..., Platform]:
    """Makes platforms of their own folder and settings: `platforms("name", web_hosts="bare")`."""

    def make(name: str, **settings: Any) -> Platform:
        return Platform(tmp_path / name, **settings)

    return make


@pytest.fixture(scope="session")
def official() -> Path:
    """The folder of the official inputs, which lies beside the repository and is no part of it."""
    folder = Path(__file__).resolve().parents[2] / "shared" / "data"
    if not folder.is_dir():
        pytest.skip(f"the official inputs are not on this machine: there is no {folder}")
    return folder


@pytest.fixture(scope="session")
def jars(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the jars of Delta, for `PLATFORM_SPARK_JARS`."""
    need_java()
    return fill_with_jars(tmp_path_factory.mktemp("jars"))
