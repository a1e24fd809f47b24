"""Translation of Python regular expressions into the common ground of the engines' (Java's and Rust's)."""

from __future__ import annotations

import re
import warnings
from collections.abc import Sequence
from typing import Any

with warnings.catch_warnings():
    # Python's own parser; this old name of it is the one that all supported versions of Python have.
    warnings.simplefilter("ignore", DeprecationWarning)
    import sre_parse

# What Python's classes hold, as the inside of brackets: by the categories of Unicode, as Python has it.
_CLASSES = {"DIGIT": r"\p{Nd}", "WORD": r"\p{L}\p{N}_", "SPACE": r"\t-\r\x1c-\x1f\x85\p{Z}"}
_PLACES = {"AT_BEGINNING": r"\A", "AT_BEGINNING_STRING": r"\A", "AT_END_STRING": r"\z"}
_ONE_CHARACTER = {"LITERAL", "NOT_LITERAL", "ANY", "IN"}
_NAMES = {
    "ASSERT": "looking ahead or behind",
    "ASSERT_NOT": "looking ahead or behind",
    "GROUPREF": "a reference to a group",
    "GROUPREF_EXISTS": "a condition on a group",
    "ATOMIC_GROUP": "an atomic group",
    "POSSESSIVE_REPEAT": "a possessive repetition",
}
_NO_FLAGS = "flags are not the same on every engine; write both cases as [aA]"


def to_engine(pattern: str | re.Pattern[str]) -> str:
    r"""The same language as Python's `re` gives `pattern`, for `rlike` on every engine.

    Python's own parser reads the pattern, so that nothing is taken for what Python does not take it for. `.` is any
    character but a line feed; `\d`, `\w` and `\s` are those of Unicode; `$` is the end, or before a last line feed,
    and may stand only where nothing follows; `\Z` is the end. Whether repetitions are greedy has no influence on
    whether a text matches. Raises `ValueError` for what is no regular expression, and for what engines lack or read
    in another way: flags, `\b`, look-around, references to groups, atomic and possessive parts.
    """
    written, flags = (pattern.pattern, pattern.flags) if isinstance(pattern, re.Pattern) else (pattern, 0)
    try:
        parsed = sre_parse.parse(written)
        if (flags | parsed.state.flags) & ~re.UNICODE:
            raise ValueError(_NO_FLAGS)
        return _sequence(parsed.data, last=True)
    except (re.error, ValueError, OverflowError) as error:
        raise ValueError(f"the pattern {written!r} cannot be used: {error}") from None


def _sequence(tokens: Sequence[tuple[Any, Any]], *, last: bool) -> str:
    """Tokens one after the other; `last` says that nothing of the pattern follows them."""
    end = len(tokens) - 1
    return "".join(_token(str(kind), value, last=last and n == end) for n, (kind, value) in enumerate(tokens))


def _token(kind: str, value: Any, *, last: bool) -> str:
    match kind:
        case "LITERAL":
            return _character(value)
        case "NOT_LITERAL":
            return f"[^{_character(value)}]"
        case "ANY":
            return r"[^\n]"
        case "IN":
            return _brackets(value)
        case "BRANCH":
            return "(?:" + "|".join(_sequence(branch, last=last) for branch in value[1]) + ")"
        case "SUBPATTERN":
            _, *flags, inner = value
            if any(flags):
                raise ValueError(_NO_FLAGS)
            return f"(?:{_sequence(inner, last=last)})"
        case "MAX_REPEAT" | "MIN_REPEAT":
            least, most, inner = value
            repeated = _sequence(inner, last=False)
            alone = len(inner) == 1 and str(inner[0][0]) in _ONE_CHARACTER
            return (repeated if alone else f"(?:{repeated})") + _times(least, most)
        case "AT":
            return _place(str(value), last=last)
    raise ValueError(f"{_NAMES.get(kind, kind)} is not the same on every engine; name the characters instead")


def _times(least: int, most: int) -> str:
    if most == least:
        return f"{{{least}}}"
    return f"{{{least},}}" if most == sre_parse.MAXREPEAT else f"{{{least},{most}}}"


def _place(name: str, *, last: bool) -> str:
    if name == "AT_END":
        if not last:
            raise ValueError("$ may only stand where nothing follows it; \\Z may stand anywhere")
        return r"\n?\z"
    if name not in _PLACES:
        raise ValueError("\\b and \\B are not the same on every engine; name the characters instead")
    return _PLACES[name]


def _brackets(items: Sequence[tuple[Any, Any]]) -> str:
    """Any one character of a set; `\\D`, `\\W` and `\\S` become sets of their own, since brackets do not nest."""
    found = [(str(kind), value) for kind, value in items]
    others = [f"[^{_CLASSES[name]}]" for kind, value in found if (name := _other_than(kind, value))]
    inside = "".join(_item(kind, value) for kind, value in found if not _other_than(kind, value))
    if found[0][0] != "NEGATE":
        sets = [f"[{inside}]", *others] if inside else others
        return sets[0] if len(sets) == 1 else f"(?:{'|'.join(sets)})"
    if others:
        raise ValueError("\\D, \\W and \\S may not stand in [^...]; name the characters instead")
    return f"[^{inside}]"


def _other_than(kind: str, category: Any) -> str | None:
    """For a class such as `\\D` the name of what is not in it."""
    return str(category).rsplit("_NOT_", 1)[1] if kind == "CATEGORY" and "_NOT_" in str(category) else None


def _item(kind: str, value: Any) -> str:
    match kind:
        case "LITERAL":
            return _character(value)
        case "RANGE":
            return f"{_character(value[0])}-{_character(value[1])}"
        case "CATEGORY":
            return _CLASSES[str(value).rsplit("_", 1)[1]]
    return ""


def _character(code: int) -> str:
    """A character that means only itself, in brackets and outside of them."""
    if 0xD800 <= code <= 0xDFFF:
        raise ValueError("half a surrogate pair is no character")
    char = chr(code)
    return char if char.isascii() and char.isalnum() else f"\\x{{{code:x}}}"
