"""Fixtures that more than one folder of tests needs, and the choice of the engine that this process tests."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from platform_assets.lake.engine import Engine, start
from platform_assets.settings import Settings
from platform_assets_tests.engines import JAVA_IS_MISSING, SPARK_FOR_FEW_ROWS
from platform_assets_tests.platform import Platform

# Their tests start processes that choose an engine of their own, or need none for what they test.
ALIKE_ON_ALL_ENGINES = ("cli", "processes")


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--engine spark` runs the tests that use an engine, and only these, with Apache Spark."""
    parser.addoption("--engine", choices=("sail", "spark"), default="sail", help="the engine that is tested")


def pytest_configure(config: pytest.Config) -> None:
    """Decide the engine of this process, before any test asks for it."""
    chosen = config.getoption("engine")
    if chosen == "spark":
        if JAVA_IS_MISSING:
            pytest.exit(JAVA_IS_MISSING, returncode=1 if os.environ.get("CI") else 0)
        # What snapshots are of, no engine changes: the tests that look at them are left out.
        config.option.warn_unused_snapshots = True
    start(Settings(_env_file=None, engine=chosen, spark_config=SPARK_FOR_FEW_ROWS))


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave to the pass with Sail what no other engine can change."""
    if config.getoption("engine") == "sail":
        return
    here = Path(__file__).parent

    def uses_engine(item: pytest.Item) -> bool:
        return (
            "engine" in getattr(item, "fixturenames", ())
            and item.path.relative_to(here).parts[0] not in ALIKE_ON_ALL_ENGINES
        )

    config.hook.pytest_deselected(items=[item for item in items if not uses_engine(item)])
    items[:] = [item for item in items if uses_engine(item)]


@pytest.fixture(scope="session")
def engine() -> Engine:
    """The engine of this test process."""
    return start()


@pytest.fixture
def platform(engine: Engine, tmp_path: Path) -> Platform:
    """An empty platform whose web domain starts on 2026-01-01."""
    return Platform(tmp_path)


@pytest.fixture
def platforms(engine: Engine, tmp_path: Path) -> Callable[..., Platform]:
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
