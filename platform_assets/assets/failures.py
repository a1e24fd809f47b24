"""Where the errors of the platform become those of Dagster: the one place that knows both."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import dagster as dg

from platform_assets.errors import Outdated, PlatformError


@contextmanager
def as_failures(attempts_before: int = 1) -> Iterator[None]:
    """Raise `dagster.Failure` for a `PlatformError`: the UI shows its sentence, and repeats no work in vain.

    What was read or replaced by others meanwhile is worth one more attempt of the step, if there was none before.
    """
    try:
        yield
    except PlatformError as error:
        failure = dg.Failure(str(error), allow_retries=error.retry)
        failure.__cause__ = error.__cause__
        if isinstance(error, Outdated) and not attempts_before:
            raise dg.RetryRequested(max_retries=1) from failure
        raise failure from error.__cause__
