"""What the platform raises itself; errors that belong to one module, or to a library, stay there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from platform_assets.masking import told

# Not of an ellipsis, nor of a path such as `../..`.
_TWO_STOPS = re.compile(r"(?<![./\\\s])\.\.(?=\s|$)")


def as_shown(sentence: str) -> str:
    """A sentence as people may see it; what others have said, and is a part of it, may end as a sentence does."""
    return _TWO_STOPS.sub(".", told(sentence))


class PlatformError(Exception):
    """What is wrong, where, and what to do, in a sentence. Trying again without a change ends the same way.

    What is secret is masked in it, whoever has said it first.
    """

    retry = False
    """Whether the same work may go well at once, without anybody's help."""
    may_pass = False
    """Whether the same work may go well later, though nothing has changed that the platform looks at."""
    is_whole = True
    """Whether all that is known of its causes may be shown as well."""

    def __init__(self, sentence: str = "") -> None:
        super().__init__(as_shown(sentence))


class TemporaryError(PlatformError):
    """What may be gone when it is tried again, such as a server that does not answer."""

    retry = True
    may_pass = True


class OutsideError(PlatformError):
    """What somebody mends elsewhere, and nobody tells the platform of: a right, a password, a bucket, a database."""

    may_pass = True


class Outdated(TemporaryError):
    """What a run has read, or was about to replace, was published anew by another one meanwhile."""


class DeclarationError(PlatformError, ValueError):
    """A domain, table or document was declared in a way that nothing can carry out."""


@contextmanager
def naming(place: str) -> Iterator[None]:
    """Put the place, such as a file, a contract or a column, before what is said of a declaration."""
    try:
        yield
    except DeclarationError as error:
        raise type(error)(f"{place}: {error}") from error.__cause__
