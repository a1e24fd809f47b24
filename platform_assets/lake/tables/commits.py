"""Commits to Delta tables that hold against others at the same time: each is made from the version right before it."""

from __future__ import annotations

from collections.abc import Callable

import dagster as dg
from deltalake import CommitProperties
from deltalake.exceptions import CommitFailedError
from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_random_exponential

_MOST_CONFLICTS = 50


def nobody_between(**words: str) -> CommitProperties:
    """A commit, with words on it, that fails when any other came after the version it was made from.

    The library's own retries would let two runs fill the same empty day, and create a table twice.
    """
    return CommitProperties(custom_metadata=words, max_commit_retries=0)


def commit_after_others(commit: Callable[[], int], url: str) -> int:
    """Commit to the table at `url`; while others come first, again upon what they left.

    `commit` opens the table anew, commits with `nobody_between` and returns the version it made. Raises
    `dagster.Failure` when others came first too often.
    """
    try:
        return Retrying(
            retry=retry_if_exception_type(CommitFailedError),
            stop=stop_after_attempt(_MOST_CONFLICTS),
            wait=wait_random_exponential(multiplier=0.05, max=5),
            reraise=True,
        )(commit)
    except CommitFailedError as error:
        raise dg.Failure(
            f"Nothing was committed to {url}: {_MOST_CONFLICTS} times in a row it was refused, as others came first "
            f"({error}). Run it again when fewer runs write the table."
        ) from error
