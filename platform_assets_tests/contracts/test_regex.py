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
from platform_assets.lake.engines.engine import Engine
from platform_assets_tests.support.contracts.kinds import KINDS, NASTY_TEXT
from platform_assets_tests.support.contracts.verdicts import compiled_verdicts

# Few characters, so that patterns and texts meet; each of them is special to one of the languages.
ALPHABET = "aAb1_ \n\r\t.-]^[&~#{}()|$\\/\u0661é😀\u2028\xa0\0"
CLASSES = [r"\d", r"\w", r"\s", r"\D", r"\W", r"\S", "."]
LETTER = st.sampled_from(ALPHABET)
ESCAPED = {r"\x61": "a", r"\u0031": "1", r"\U0001F600": "😀", r"\101": "A", r"\0": "\0", r"\/": "/", r"\t": "\t"}
IN_BRACKETS = [r"\d", r"\w", r"\s", "a-z", "A-Z", "0-9", " -~", r"\x00-\x20", r"\u0660-\u0669", "&&", "[:a"]
# How often a part may stand, and how often it does in the text.
TIMES = {"": 1, "*": 2, "+": 1, "?": 0, "{2}": 2, "{1,}": 2, "{,2}": 1, "{0,1}": 1, "*?": 0, "+?": 2, "{1,2}?": 1}
# A part of a pattern, and a text that it may well match.
Part = tuple[str, str]


def brackets(negated: str, items: list[str], letter: str) -> Part:
    return f"[{negated}{''.join(items)}]", letter


def repeated(part: Part, opened: str, times: str) -> Part:
    return f"{opened}{part[0]}){times}", part[1] * TIMES[times]


def either(parts: list[Part]) -> Part:
    return "|".join(pattern for pattern, _ in parts), parts[-1][1]


def one_after_the_other(parts: list[Part]) -> Part:
    return "".join(f"(?:{pattern})" for pattern, _ in parts), "".join(text for _, text in parts)


characters = st.one_of(
    LETTER.map(lambda letter: (re.escape(letter), letter)),
    st.sampled_from(list(ESCAPED.items())),
    st.sampled_from([(held, letter) for held in CLASSES for letter in "a1 \u0661-"]),
    st.builds(
        brackets,
        st.sampled_from(["", "^"]),
        st.lists(LETTER.map(re.escape) | st.sampled_from(IN_BRACKETS), min_size=1, max_size=4),
        LETTER,
    ),
)
repeats = st.builds(
    lambda one, times: (one[0] + times, one[1] * TIMES[times]), characters, st.sampled_from(list(TIMES))
)
parts = st.recursive(
    repeats,
    lambda inner: st.one_of(
        st.builds(repeated, inner, st.sampled_from(["(", "(?:"]), st.sampled_from(list(TIMES))),
        st.lists(inner, min_size=2, max_size=3).map(either),
        st.lists(inner, min_size=2, max_size=3).map(one_after_the_other),
    ),
    max_leaves=5,
)
whole = st.builds(
    lambda start, part, end: (f"{start}(?:{part[0]}){end}", part[1]),
    st.sampled_from(["", "^", r"\A"]),
    parts,
    st.sampled_from(["", "$", r"\Z", "|$", r"|a\Z"]),
)
texts = st.text(ALPHABET, max_size=6) | st.sampled_from(NASTY_TEXT)


# Python warns of brackets that it may read in another way some day.
@pytest.mark.filterwarnings("ignore::FutureWarning")
@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
@given(chosen=st.lists(whole, min_size=1, max_size=6), others=st.lists(texts, max_size=20))
def test_a_pattern_finds_and_matches_what_it_does_in_python(
    engine: Engine, chosen: list[Part], others: list[str]
) -> None:
    patterns = [pattern for pattern, _ in chosen]
    # Short texts: in Python and Java some patterns take time that doubles with each character.
    meant = [text[:8] for _, text in chosen]
    rows = [near for text in meant for near in (text, f"{text}\n", f"a{text}", text[:-1])] + others
    finds = [to_engine(pattern) for pattern in patterns]
    matches = [rf"\A(?:{pattern})" for pattern in finds]
    conditions = [f"x RLIKE {text_literal(pattern)}" for pattern in finds + matches]
    found = [{i for i, text in enumerate(rows) if re.search(pattern, text)} for pattern in patterns]
    matched = [{i for i, text in enumerate(rows) if re.match(pattern, text)} for pattern in patterns]
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
