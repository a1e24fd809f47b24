"""What stores say when they refuse their client, and what its user is told then."""

from __future__ import annotations

import re
from html import unescape

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
    "the store of the bucket {bucket} has no conditional writes (If-None-Match){why}, without which runs at the same "
    "time lose what others have published: use a store that has them (deploy/s3.md names some)"
)
OTHER_REGION = (
    "the bucket {bucket} is in another region than {region}: correct AWS_REGION (or the region of the profile), which "
    "is that of landing, lake and exports alike"
)
FULL = (
    "the bucket {bucket} takes no more ({code}): its quota, or that of its owner, is full. Make room in it, or have "
    "the quota raised"
)
NO_TAG = (
    "{object} has no ETag, which every object of the bucket {bucket} must have (deploy/s3.md): see whether something "
    "before the store takes it away, and upload again what was put there past the store"
)
# Codes by which a store refuses its client; others that come with 403, it has other reasons for.
_DENIALS = {
    "AccessDenied",
    "AccessDeniedException",
    "AccessForbidden",
    "AccountProblem",
    "AllAccessDisabled",
    "Forbidden",
    "InvalidAccessKeyId",
    "InvalidClientTokenId",
    "InvalidPayer",
    "InvalidSecurity",
    "InvalidToken",
    "NotSignedUp",
    "SignatureDoesNotMatch",
    "Unauthorized",
    "UnauthorizedAccess",
    "UnrecognizedClientException",
}
_DENIED_SAYS = re.compile(
    "necessary privileges|authentication credentials|Access Denied|401 Unauthorized|403 Forbidden|"
    rf"\b({'|'.join(sorted(_DENIALS))})\b"
)
# What it says more precisely comes first.
_SENTENCES = {
    re.compile(r"\b(ExpiredToken(Exception)?|RequestExpired|TokenRefreshRequired)\b|token .{0,40}expired"): EXPIRED,
    re.compile(r"\bRequestTimeTooSkewed\b"): SKEWED,
    re.compile(r"by object lock|\bWORM protected|\bObjectLocked\b|retention (period|policy|lock)|legal hold"): LOCKED,
    re.compile(
        r"\b(PermanentRedirect|IllegalLocationConstraint(Exception)?)\b|AuthorizationHeaderMalformed.{0,200}\bregion\b",
        re.IGNORECASE | re.DOTALL,
    ): OTHER_REGION,
    re.compile(r"Quota\w*Exceeded|\bXMinioStorageFull\b|\bInsufficientStorage\b|507 Insufficient Storage"): FULL,
    re.compile(r"etag header missing", re.IGNORECASE): NO_TAG,
}
_STATUS = re.compile(r"\b[45]\d\d [A-Z][A-Za-z]+(?: [A-Z][A-Za-z]+)*")
_CODE = re.compile(r"<Code>(\w+)</Code>")
_DECORATION = re.compile(r"\x1b\[\d*m|\u21b3")
_ASKED = re.compile(r"Error performing [A-Z]+ (\S+)")
_MESSAGE = re.compile(r"<Message>([^<]+)</Message>")
# The last are of the embedded engine, whose clients call nothing else.
_OF_A_STORE_SAYS = re.compile(
    r"Generic S3 error|no credentials found|necessary privileges|Server returned non-2xx status code\D*(?!404)\d{3}|"
    r"error sending request|tcp connect error|dns error|Connection (refused|reset by peer) \(os error"
)
# What a store is not expected to say: another client may get an answer that tells more.
_ODD_SAYS = re.compile(
    r"Generic S3 error.*(redirect|unexpected `|invalid \w+ response)|\b(3\d\d|40[045]) [A-Z]", re.DOTALL
)
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


def refusal(said: str, bucket: str, code: str = "", region: str = "the one that is set") -> str | None:
    """Why a store refuses its client, by what a library says of that, and what to do; None when it does not.

    The store's own code decides, where it is known.
    """
    code = code or "".join(_CODE.findall(said)[-1:])
    why = _why(said, code)
    return why and why.format(bucket=bucket, code=code or "507", region=region, object=_object(said))


def _why(said: str, code: str) -> str | None:
    why = next((sentence for says, sentence in _SENTENCES.items() if says.search(said)), None)
    return DENIED if why is None and (code in _DENIALS if code else _DENIED_SAYS.search(said)) else why


def _object(said: str) -> str:
    """The object that a library asked for."""
    return "".join(_ASKED.findall(said)[-1:]) or "an object"


def is_denied(error: Exception) -> bool:
    """Whether a store refused its client, by what each library says of that."""
    return isinstance(error, Refused) or refusal(str(error), "") is not None


def sentence(error: Exception, bucket: str, endpoint: str = "") -> tuple[str, bool] | None:
    """What a store did not do, and whether it may do so later; None for errors that are no store's."""
    if isinstance(error, StoreError):
        return str(error), not isinstance(error, Refused)
    if why := refusal(str(error), bucket):
        return why, False
    if _OF_A_STORE_SAYS.search(str(error)):
        at = f" at {endpoint}" if endpoint else ""
        return f"the store of the bucket {bucket}{at} failed ({_in_short(str(error))})", True
    return None


def is_odd(error: Exception) -> bool:
    """Whether a library tells of an answer of a store that says little of what is wrong."""
    said = str(error)
    if isinstance(error, StoreError) or not _OF_A_STORE_SAYS.search(said) or not _ODD_SAYS.search(said):
        return False
    return _why(said, "".join(_CODE.findall(said)[-1:])) in (None, OTHER_REGION)


def _in_short(said: str) -> str:
    code, message = _CODE.findall(said)[-1:], _MESSAGE.findall(said)[-1:]
    found = [*_STATUS.findall(said)[-1:], *code, *(words.rstrip(".") for words in message if [words] != code)]
    # What was the cause of all stands last, in one line or as a line of its own.
    return unescape(", ".join(found)) or _DECORATION.sub("", said).strip().splitlines()[-1].strip()[-200:]


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
