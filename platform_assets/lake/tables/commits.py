"""Optimistic commits to Delta tables, retried on the newest version when another writer came first."""

from __future__ import annotations

from collections.abc import Callable

from deltalake import CommitProperties
from deltalake.exceptions import CommitFailedError
from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_random_exponential

from platform_assets.errors import TemporaryError
from platform_assets.lake.tables.log import read_commit

ATTEMPT = "attempt"
"""What the metadata of a commit calls the attempt of a step that made it."""
RESTORED = "restored_version"
"""What the metadata of a commit that restores a version calls that version."""
CHECKPOINT_AFTER = 10
"""So many commits are worth a checkpoint: whoever opens a table reads each commit since the last one."""
SHORT_LOGS = {"delta.checkpointInterval": str(CHECKPOINT_AFTER)}
"""What tables are created with: by itself, the library writes a checkpoint after a hundred commits."""
_MOST_CONFLICTS = 50


def without_library_retries(**metadata: str) -> CommitProperties:
    """A commit, with metadata, that fails when any other came after the version it was made from.

    The library's own retries would let two runs fill the same empty day, and create a table twice
    (workaround: deltalake-fills-a-day-twice).
    """
    return CommitProperties(custom_metadata=metadata, max_commit_retries=0)


def commit_with_retries(commit: Callable[[], int], url: str) -> int:
    """Commit to the table at `url`, and again on the newest version while other writers come first.

    `commit` opens the table anew, commits with `without_library_retries` and returns the version it made. Raises
    `TemporaryError` when others came first too often.
    """
    try:
        return Retrying(
            retry=retry_if_exception_type(CommitFailedError),
            stop=stop_after_attempt(_MOST_CONFLICTS),
            wait=wait_random_exponential(multiplier=0.05, max=5),
            reraise=True,
        )(commit)
    except CommitFailedError as error:
        raise TemporaryError(
            f"Nothing was committed to {url}: {_MOST_CONFLICTS} times in a row it was refused, as others came first "
            f"({error}). Run it again when fewer runs write the table."
        ) from error


def version_made_by(attempt: str, url: str, since: int, newest: int) -> int | None:
    """The version after `since`, up to the newest, that an attempt's commit has made; None when it made none.

    Read from the log's own files: what the library says of a failed call, or numbers as a version, may be wrong
    (workarounds: deltalake-fails-after-a-commit, deltalake-history-counts-down).
    """
    for version in range(newest, since, -1):
        commit = read_commit(url, version)  # none where it was cleaned away: commits are kept for days
        if commit and commit.info.get(ATTEMPT) == attempt:
            return version
    return None
