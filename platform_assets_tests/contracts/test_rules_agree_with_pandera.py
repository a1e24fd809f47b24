"""Every rule that a contract can state: the compiled verdict on each row is Pandera's own."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pandera.api.checks import Check

from platform_assets.lake.engines.engine import Engine
from platform_assets_tests.support.contracts.kinds import KINDS, Kind
from platform_assets_tests.support.contracts.verdicts import compiled_verdicts, pandera_verdicts, rules_of
from platform_assets_tests.support.engines import examples

PATTERNS = [
    r"a",
    r"^ab$",
    r"[0-9]{10}\Z",
    r"ab\Z",
    r".",
    r"a.b",
    r"\d+$",
    r"\w\s?",
    r"$",
    r"^\Z",
    r"[^a-z]",
    r"\\",
    r"(a|b)+?1",
]
several = settings(
    max_examples=examples(40), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def comparisons(kind: Kind) -> st.SearchStrategy[Check]:
    """Checks that compare with values of the column's own type."""
    one, many = kind.bounds, st.lists(kind.bounds, max_size=12)
    equality = [
        st.builds(Check.eq, one),
        st.builds(Check.ne, one),
        st.builds(Check.isin, many),
        st.builds(Check.notin, many),
    ]
    if kind is KINDS["boolean"]:
        return st.one_of(equality)
    order = [st.builds(check, one) for check in (Check.gt, Check.ge, Check.lt, Check.le)]
    return st.one_of(*equality, *order, st.builds(between, one, one, st.booleans(), st.booleans()))


def between(one: Any, other: Any, include_min: bool, include_max: bool) -> Check:
    low, high = sorted([one, other])
    empty = low == high
    return Check.in_range(low, high, include_min or empty, include_max or empty)


def text_checks(values: list[str | None]) -> st.SearchStrategy[Check]:
    """Checks that only text has, many of them of a part of a value."""
    whole = st.sampled_from([value for value in values if value] or ["a"])
    ends = st.tuples(st.integers(0, 8), st.integers(0, 8)).map(sorted)
    text = KINDS["string"].bounds | st.builds(lambda value, cut: value[cut[0] : cut[1]], whole, ends)
    text |= st.builds(lambda value, n: value[-n:], whole, st.integers(1, 3))
    pattern = st.sampled_from(PATTERNS) | st.builds(re.escape, text)
    length = st.integers(0, 10)
    return st.one_of(
        st.builds(Check.str_contains, pattern),
        st.builds(Check.str_matches, pattern | st.builds(re.compile, pattern)),
        st.builds(Check.str_startswith, text),
        st.builds(Check.str_endswith, text),
        st.builds(Check.str_length, length),
        ends.map(lambda both: Check.str_length(*both)),
        st.builds(lambda n: Check.str_length(min_value=n), length),
        st.builds(lambda n: Check.str_length(max_value=n), length),
    )


def agree(engine: Engine, kind: Kind, values: list[Any], checks: list[Check]) -> bool:
    """Whether the engine and Pandera name the same rows for every check, and for NULL."""
    conditions = [rule.broken for rule in rules_of(kind, checks)]
    return compiled_verdicts(engine, kind.table(values), conditions) == pandera_verdicts(kind, values, checks)


@pytest.mark.parametrize("name", KINDS)
@several
@given(data=st.data())
def test_comparisons_and_nulls_are_judged_as_pandera_judges_them(
    engine: Engine, name: str, data: st.DataObject
) -> None:
    kind = KINDS[name]
    values = data.draw(st.lists(st.none() | kind.values, min_size=1, max_size=60), label="values")
    assert agree(engine, kind, values, data.draw(st.lists(comparisons(kind), min_size=1, max_size=8), label="checks"))


# pandas remarks on groups in a pattern, which change nothing.
@pytest.mark.filterwarnings("ignore:This pattern is interpreted")
@settings(several, max_examples=examples(80))
@given(data=st.data())
def test_rules_of_text_are_judged_as_pandera_judges_them(engine: Engine, data: st.DataObject) -> None:
    kind = KINDS["string"]
    values = data.draw(st.lists(st.none() | kind.values, min_size=1, max_size=60), label="values")
    assert agree(engine, kind, values, data.draw(st.lists(text_checks(values), min_size=1, max_size=8), label="checks"))
