"""What stores say when they refuse their client, and what its user is told then."""

from __future__ import annotations

import re

DENIED = (
    "the bucket {bucket} refused access: give the credentials in use (AWS_ACCESS_KEY_ID, AWS_PROFILE or the machine's "
    "role) the right to list, read, write and delete in it"
)
_DENIED_SAYS = re.compile(
    "necessary privileges|authentication credentials|AccessDenied|Access Denied|401 Unauthorized|403 Forbidden|"
    "SignatureDoesNotMatch|InvalidAccessKeyId|ExpiredToken|InvalidToken"
)
_OF_A_STORE_SAYS = re.compile("Generic S3 error|no credentials found")
_UNWRITABLE_SAYS = re.compile(
    "permission denied|read-only file system|not ?a ?directory|no space left|disk quota exceeded|file exists|"
    "invalid table location",
    re.IGNORECASE,
)
_FULL_SAYS = re.compile(r"No space left on device|os error 28\b|StorageFull|Disk quota exceeded", re.IGNORECASE)


def is_unwritable(error: Exception) -> bool:
    """Whether a disk could not be written, by what each library says of that."""
    return bool(_UNWRITABLE_SAYS.search(str(error)))


class StoreError(OSError):
    """A store did not answer, or did not do what it was asked."""


class Replaced(StoreError):
    """A file was replaced by another while it was read."""


def is_denied(error: Exception) -> bool:
    """Whether a store refused its client, by what each library says of that."""
    return bool(_DENIED_SAYS.search(str(error)))


def is_refused(error: Exception) -> bool:
    """Whether a store or a disk did not do what it was asked: that says nothing of the files that lie there."""
    said = _OF_A_STORE_SAYS.search(str(error))
    return isinstance(error, StoreError) or bool(said) or is_denied(error) or is_unwritable(error)


def is_full(error: BaseException) -> bool:
    """Whether a disk had no room, by what each library says of that, or what it was caused by."""
    cause: BaseException | None = error
    while cause is not None:
        if _FULL_SAYS.search(str(cause)):
            return True
        cause = cause.__cause__ or cause.__context__
    return False
