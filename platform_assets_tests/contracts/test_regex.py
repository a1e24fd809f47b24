"""Patterns mean on every engine what they mean in Python."""

from __future__ import annotations

import re
import sys
import unicodedata

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from platform_assets.contracts.literals import text_literal
from platform_assets.contracts.regex import to_engine
from platform_assets.lake.engine import Engine
from platform_assets_tests.contracts.kinds import KINDS, NASTY_TEXT
from platform_assets_tests.contracts.verdicts import compiled_verdicts

# Few characters, so that patterns and texts meet; each of them is special to one of the languages.
ALPHABET = "aAb1_ \n\r\t.-]^[&~#{}()|$\\/\u0661é😀\u2028\xa0\0"
CLASSES = [r"\d", r"\w", r"\s", r"\D", r"\W", r"\S", "."]
in_brackets = st.one_of(
    st.sampled_from(ALPHABET).map(re.escape),
    st.sampled_from([r"\d", r"\w", r"\s", "a-z", "A-Z", "0-9", " -~", r"\x00-\x20", r"\u0660-\u0669", "&&", "[:a"]),
)
brackets = st.builds(
    lambda negated, items: f"[{negated}{''.join(items)}]",
    st.sampled_from(["", "^"]),
    st.lists(in_brackets, min_size=1, max_size=4),
)
escaped = st.sampled_from(
    [r"\x61", r"\u0031", r"\U0001F600", r"\101", r"\0", r"\/", r"\-", r"\t", r"\n", r"\f", "}", "]", "a{"]
)
atoms = st.one_of(st.sampled_from(ALPHABET).map(re.escape), st.sampled_from(CLASSES), brackets, escaped)
times = st.sampled_from(["", "", "*", "+", "?", "{2}", "{1,}", "{,2}", "{0,1}", "*?", "+?", "??", "{1,2}?"])


def compose(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Sequences, groups and alternatives of patterns."""
    group = st.builds(lambda kind, part, n: f"({kind}{part}){n}", st.sampled_from(["", "?:"]), inner, times)
    return st.one_of(
        st.builds(lambda part, n: f"(?:{part}){n}", inner, times),
        st.lists(inner, min_size=1, max_size=3).map("".join),
        st.lists(inner, min_size=1, max_size=3).map("|".join),
        group,
    )


parts = st.recursive(st.builds("{}{}".format, atoms, times), compose, max_leaves=6)
patterns = st.builds(
    lambda start, part, end: f"{start}(?:{part}){end}",
    st.sampled_from(["", "^", r"\A"]),
    parts,
    st.sampled_from(["", "$", r"\Z", "|$", r"|a\Z"]),
)
texts = st.text(ALPHABET, max_size=6) | st.sampled_from(NASTY_TEXT)


# Python warns of brackets that it may read in another way some day.
@pytest.mark.filterwarnings("ignore::FutureWarning")
@settings(max_examples=120, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_a_pattern_finds_and_matches_what_it_does_in_python(engine: Engine, data: st.DataObject) -> None:
    chosen = data.draw(st.lists(patterns, min_size=1, max_size=5), label="patterns")
    rows = data.draw(st.lists(texts, min_size=1, max_size=20), label="texts")
    for pattern in chosen:
        matching = data.draw(st.from_regex(pattern), label="matching text")
        rows += [matching, f"{matching}\n", f"a{matching}", matching.strip()]
    finds = [to_engine(pattern) for pattern in chosen]
    matches = [rf"\A(?:{pattern})" for pattern in finds]
    conditions = [f"x RLIKE {text_literal(pattern)}" for pattern in finds + matches]
    found = [{i for i, text in enumerate(rows) if re.search(pattern, text)} for pattern in chosen]
    matched = [{i for i, text in enumerate(rows) if re.match(pattern, text)} for pattern in chosen]
    assert compiled_verdicts(engine, KINDS["string"].table(rows), conditions) == found + matched


def test_classes_hold_the_same_characters_on_every_engine(engine: Engine) -> None:
    # Characters that Unicode got later than an engine did are neither letters nor digits to it.
    rows = [char for char in map(chr, range(sys.maxunicode + 1)) if unicodedata.ucd_3_2_0.category(char)[0] != "C"]
    rows += ["\t", "\n", "\v", "\f", "\r", "\x1c", "\x1f", "\x7f", "\x85", "\0"]
    conditions = [f"x RLIKE {text_literal(to_engine(pattern))}" for pattern in CLASSES]
    expected = [{i for i, text in enumerate(rows) if re.match(pattern, text)} for pattern in CLASSES]
    assert compiled_verdicts(engine, KINDS["string"].table(rows), conditions) == expected


UNSUPPORTED = {
    r"(?i)a": "write both cases as [aA]",
    r"(?i:a)": "write both cases as [aA]",
    r"a(?-i:b)": "write both cases as [aA]",
    r"(?s).": "write both cases as [aA]",
    r"(?m)^a": "write both cases as [aA]",
    r"(?x) a": "write both cases as [aA]",
    r"(?a)\d": "write both cases as [aA]",
    r"\ba": r"\b and \B",
    r"\Ba": r"\b and \B",
    r"a(?=b)": "looking ahead or behind",
    r"a(?!b)": "looking ahead or behind",
    r"(?<=a)b": "looking ahead or behind",
    r"(?<!a)b": "looking ahead or behind",
    r"(a)\1": "a reference to a group",
    r"(?P<n>a)(?P=n)": "a reference to a group",
    r"(a)?(?(1)b|c)": "a condition on a group",
    r"(?>a)": "group",
    r"a*+b": "possessive repetition|multiple repeat",
    r"a$b": "$ may only stand where nothing follows it",
    r"(a$)b": "$ may only stand where nothing follows it",
    r"(a|b$)+": "$ may only stand where nothing follows it",
    r"$\n": "$ may only stand where nothing follows it",
    r"[^\D]": "name the characters instead",
    "\ud800": "surrogate",
    "[\ud800-\udfff]": "surrogate",
    "(a": "missing )",
    "[": "unterminated character set",
    "a{2,1}": "min repeat greater than max repeat",
    "*a": "nothing to repeat",
    "a{99999999999999}": "too large",
}


@pytest.mark.parametrize("pattern", UNSUPPORTED)
def test_a_pattern_that_engines_read_differently_is_refused(pattern: str) -> None:
    with pytest.raises(ValueError, match=r"the pattern .+ cannot be used: ") as error:
        to_engine(pattern)
    assert repr(pattern) in str(error.value)
    assert any(said in str(error.value) for said in UNSUPPORTED[pattern].split("|"))


def test_a_compiled_pattern_is_taken_with_its_flags() -> None:
    assert to_engine(re.compile("a.")) == to_engine("a.")
    for flag in (re.IGNORECASE, re.DOTALL, re.MULTILINE, re.VERBOSE, re.ASCII):
        with pytest.raises(ValueError, match="flags are not the same"):
            to_engine(re.compile("a.", flag))
