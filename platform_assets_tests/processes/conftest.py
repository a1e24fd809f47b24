"""Fixtures of the tests that start real processes."""

from pathlib import Path

import pytest

from platform_assets_tests.support.platforms import Platform
from platform_assets_tests.support.processes.sites import SAMPLES, TWO_DAYS, Site


@pytest.fixture
def site(tmp_path: Path) -> Site:
    """An empty platform that processes can run on."""
    return Site(tmp_path)


@pytest.fixture(scope="session")
def two_sample_days(tmp_path_factory: pytest.TempPathFactory) -> Platform:
    """The first two days of the sample files, materialised by the embedded engine."""
    platform = Platform(tmp_path_factory.mktemp("two_sample_days"), landing=str(SAMPLES))
    platform.materialise(*TWO_DAYS)
    return platform
