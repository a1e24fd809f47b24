"""What happens to tests whose tools or inputs are not on this machine."""

from __future__ import annotations

import os
from pathlib import Path
from typing import NoReturn

import pytest


def missing(tool: str, install: str) -> NoReturn:
    """Skip the test, saying what to install; where nothing may be skipped (`CI` is set), fail it."""
    said = f"{tool} is missing: {install}"
    if os.environ.get("CI"):
        pytest.fail(said)
    pytest.skip(said)


def there(folder: Path, what: str, remedy: str) -> Path:
    """The folder, where it is on this machine; otherwise what happens where something is missing."""
    if not folder.is_dir():
        missing(what, f"there is no {folder}, {remedy}")
    return folder
