"""What a file's first line is as a header of its feed."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Header:
    """Why a line can be no header of a feed, which of its columns it lacks, and which it has that none of them is."""

    problem: str = ""
    missing: tuple[str, ...] = ()
    extra: tuple[str, ...] = ()
