"""The days on which something failed and was not built since, as spans: from a first day to a last one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from typing import NamedTuple

from platform_assets.lake.tables.days import WHOLE, span_text
from platform_assets.landing.deliveries import some

# Days that failed one by one over years are not remembered for ever.
_MOST = 50
_SHOWN = 5
_DAY = timedelta(days=1)


class Span(NamedTuple):
    """Days that follow each other, the first and the last of them; twice `WHOLE` for what has no days."""

    first: date
    last: date

    @property
    def days(self) -> int:
        """How many they are."""
        return (self.last - self.first).days + 1


ALL = Span(WHOLE, WHOLE)
"""What has no days."""


def without(spans: Iterable[Span], built: Span) -> tuple[Span, ...]:
    """What is left of some spans when others of these days were built; what failed without days, any days mend."""
    return tuple(left for span in spans if span != ALL for left in _without(span, built))


def _without(span: Span, built: Span) -> list[Span]:
    if built == ALL or built.last < span.first or span.last < built.first:
        return [] if built == ALL else [span]
    before = [Span(span.first, built.first - _DAY)] if span.first < built.first else []
    after = [Span(built.last + _DAY, span.last)] if built.last < span.last else []
    return [*before, *after]


def narrowed(spans: Iterable[Span], failed: Span) -> tuple[Span, ...]:
    """Some spans after one more has failed: a range of which a part is tried by itself is that part from then on."""
    others = [span for span in spans if not (span.first <= failed.first and failed.last <= span.last)]
    return (*(others if failed == ALL else without(others, failed)), failed)


def few(spans: Sequence[Span]) -> tuple[tuple[Span, ...], int]:
    """Not too many spans, and how many days are in none of them any more: the oldest."""
    if len(spans) <= _MOST:
        return tuple(spans), 0
    joined: list[Span] = []
    for span in sorted(spans):
        if joined and joined[-1].last + _DAY == span.first:
            joined[-1] = Span(joined[-1].first, span.last)
        else:
            joined.append(span)
    return tuple(joined[-_MOST:]), sum(span.days for span in joined[:-_MOST])


def said_of(spans: Iterable[Span]) -> str:
    """Spans as people read them, the newest first; nothing of none."""
    return some([span_text(*span) for span in sorted(spans, reverse=True)], _SHOWN)
