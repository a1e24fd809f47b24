"""The days that failed and were not built since, held against sets of days."""

from __future__ import annotations

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from platform_assets.automation.days import ALL, Span, few, narrowed, said_of, without

FIRST = date(2026, 1, 1)


def day(number: int) -> date:
    return FIRST + timedelta(days=number)


def span(first: int, last: int | None = None) -> Span:
    return Span(day(first), day(first if last is None else last))


def days_in(spans: tuple[Span, ...]) -> list[int]:
    """Every day of some spans, as numbers, as often as it is in them."""
    return sorted((one.first - FIRST).days + n for one in spans for n in range(one.days))


SPANS = st.tuples(st.integers(0, 12), st.integers(0, 5)).map(lambda pair: span(pair[0], sum(pair)))


@given(st.lists(st.tuples(st.booleans(), SPANS), max_size=20))
def test_no_day_is_left_that_was_built_since_it_failed_and_none_is_there_twice(steps: list[tuple[bool, Span]]) -> None:
    spans: tuple[Span, ...] = ()
    may_be: set[int] = set()
    for is_built, one in steps:
        spans = without(spans, one) if is_built else narrowed(spans, one)
        days = set(days_in((one,)))
        may_be = may_be - days if is_built else may_be | days
        found = days_in(spans)
        assert len(found) == len(set(found))
        assert set(found) <= may_be
        assert is_built or days <= set(found)


@given(st.lists(SPANS, max_size=8), SPANS)
def test_days_that_were_not_built_are_left(failed: list[Span], built: Span) -> None:
    spans: tuple[Span, ...] = ()
    for one in failed:
        spans = narrowed(spans, one)
    left = set(days_in(spans)) - set(days_in((built,)))
    assert set(days_in(without(spans, built))) == left


def test_a_range_that_failed_is_mended_in_parts() -> None:
    spans = narrowed((), span(1, 31))
    assert without(spans, span(10, 20)) == (span(1, 9), span(21, 31))
    assert without(without(without(spans, span(10, 20)), span(1, 9)), span(21, 40)) == ()


def test_of_a_range_that_is_tried_in_parts_only_the_part_that_failed_is_left() -> None:
    assert narrowed((span(1, 31),), span(17)) == (span(17),)
    assert narrowed((span(1, 31),), span(1, 15)) == (span(1, 15),)
    assert narrowed((span(1, 31),), span(16, 31)) == (span(16, 31),)
    assert narrowed((span(3), span(4)), span(3)) == (span(4), span(3))
    assert narrowed((span(1, 10),), span(5, 15)) == (span(1, 4), span(5, 15))


def test_what_failed_without_days_is_mended_by_any_days_and_forgets_no_others() -> None:
    assert without((ALL,), ALL) == without((ALL,), span(1)) == ()
    both = narrowed((span(1, 2),), ALL)
    assert both == (span(1, 2), ALL)
    assert without(both, span(1)) == (span(2),)


def test_days_that_failed_one_by_one_become_ranges_and_of_very_many_the_oldest_are_counted() -> None:
    alone = tuple(span(n) for n in range(1000))
    assert few(alone) == ((span(0, 999),), 0)
    each_other = tuple(span(n) for n in range(0, 200, 2))
    assert few(each_other) == (each_other[50:], 50)
    assert few(each_other[:50]) == (each_other[:50], 0)


def test_spans_are_said_with_the_newest_first() -> None:
    assert said_of([span(0, 1), span(4)]) == "2026-01-05, 2026-01-01...2026-01-02"
    assert said_of([]) == ""
    assert said_of([span(n) for n in range(0, 20, 2)]).endswith(", and 5 more")
