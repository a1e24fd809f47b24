"""What stores say when they refuse their client, and what its user is told then."""

from __future__ import annotations

import re

DENIED = (
    "the bucket {bucket} refused access: give the credentials in use (AWS_ACCESS_KEY_ID, AWS_PROFILE or the machine's "
    "role) the right to list, read, write and delete in it"
)
EXPIRED = "the credentials in use have expired, by what the bucket {bucket} says: get new ones, and start this again"
SKEWED = (
    "the clocks of this machine and of the store of the bucket {bucket} differ by more than it allows: set this "
    "machine's (does its time service work?)"
)
LOCKED = (
    "the bucket {bucket} keeps what lies in it from being replaced or removed (object lock, retention, legal hold): "
    "lake and exports need a bucket without that"
)
UNCONDITIONAL = (
    "the store of the bucket {bucket} has no conditional writes (If-None-Match), without which runs at the same time "
    "lose what others have published: use a store that has them (deploy/s3.md names some)"
)
_DENIED_SAYS = (
    r"necessary privileges|authentication credentials|\bAccessDenied\b|Access Denied|401 Unauthorized|403 Forbidden|"
    r"\bSignatureDoesNotMatch\b|\bInvalidAccessKeyId\b|\bInvalidToken\b"
)
# What it says more precisely comes first.
_SENTENCES = {
    re.compile(r"\b(ExpiredToken(Exception)?|RequestExpired|TokenRefreshRequired)\b|token .{0,40}expired"): EXPIRED,
    re.compile(r"\bRequestTimeTooSkewed\b"): SKEWED,
    re.compile(r"by object lock|\bWORM protected|\bObjectLocked\b|retention (period|policy|lock)|legal hold"): LOCKED,
    re.compile(_DENIED_SAYS): DENIED,
}
_STATUS = re.compile(r"\b[45]\d\d [A-Z][A-Za-z]+(?: [A-Z][A-Za-z]+)*")
_CODE = re.compile(r"<Code>(\w+)</Code>")
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


class Refused(StoreError):
    """A store does not let its client do what it was asked, and will not later: the sentence says why."""


def refusal(said: str, bucket: str) -> str | None:
    """Why a store refuses its client, by what a library says of that, and what to do; None when it does not."""
    sentence = next((sentence for says, sentence in _SENTENCES.items() if says.search(said)), None)
    return sentence and sentence.format(bucket=bucket)


def is_denied(error: Exception) -> bool:
    """Whether a store refused its client, by what each library says of that."""
    return isinstance(error, Refused) or refusal(str(error), "") is not None


def sentence(error: Exception, bucket: str) -> tuple[str, bool] | None:
    """What a store did not do, and whether it may do so later; None for errors that are no store's."""
    if isinstance(error, StoreError):
        return str(error), not isinstance(error, Refused)
    if why := refusal(str(error), bucket):
        return why, False
    if _OF_A_STORE_SAYS.search(str(error)):
        return f"the store of the bucket {bucket} failed ({_in_short(str(error))})", True
    return None


def _in_short(said: str) -> str:
    found = [*_STATUS.findall(said)[-1:], *_CODE.findall(said)[-1:]]
    return ", ".join(found) or said.strip().splitlines()[0][:200]


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
