"""Fixtures of the tests that start real processes."""

from pathlib import Path

import pytest

from platform_assets_tests.processes.site import Site


@pytest.fixture
def site(tmp_path: Path) -> Site:
    """An empty platform that processes can run on."""
    return Site(tmp_path)
