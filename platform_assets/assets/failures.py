"""Where the errors of the platform become those of Dagster: the one place that knows both."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import dagster as dg

from platform_assets.errors import PlatformError


@contextmanager
def as_failures() -> Iterator[None]:
    """Raise `dagster.Failure` for a `PlatformError`: the UI shows its sentence, and repeats no work in vain."""
    try:
        yield
    except PlatformError as error:
        raise dg.Failure(str(error), allow_retries=error.retry) from error.__cause__
