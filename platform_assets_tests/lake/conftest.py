"""Fixtures for tests of the lake."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from platform_assets.lake import storage
from platform_assets.lake.storage import s3


@pytest.fixture
def other_client() -> Iterator[None]:
    """A test that changes the AWS variables: clients of before are not used, and its own by nobody after it."""
    caches = (s3.client, storage._reach, storage._try_conditional_writes)
    for cache in caches:
        cache.cache_clear()
    yield
    for cache in caches:
        cache.cache_clear()
