"""The error of a contract that cannot be carried out."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


class UncompilableRule(ValueError):
    """A contract says something that the platform cannot turn into a rule that runs."""


@contextmanager
def naming(place: str) -> Iterator[None]:
    """Put the place, such as a contract or a column, before what is said of it."""
    try:
        yield
    except UncompilableRule as error:
        raise UncompilableRule(f"{place}: {error}") from error.__cause__
