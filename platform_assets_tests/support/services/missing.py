"""What happens to tests whose tools are not on this machine."""

from __future__ import annotations

import os
from typing import NoReturn

import pytest


def missing(tool: str, install: str) -> NoReturn:
    """Skip the test, saying what to install; where nothing may be skipped (`CI` is set), fail it."""
    said = f"{tool} is missing: {install}"
    if os.environ.get("CI"):
        pytest.fail(said)
    pytest.skip(said)
