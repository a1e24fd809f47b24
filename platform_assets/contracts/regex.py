"""Translation of Python regular expressions into the common ground of the engines' (Java's, Rust's and Python's)."""

from __future__ import annotations

_ESCAPES = {"d": r"\p{Nd}", "D": r"\P{Nd}", "t": r"\t", "n": r"\n", "r": r"\r"}
_LITERAL = set(".^$*+?{}[]()|\\/-&#~ <>=!:;,'\"@%")


def to_engine(pattern: str) -> str:
    r"""The same language as Python's `re` gives `pattern`, for `rlike` on every engine.

    `.` is any character but a line feed, `\d` any decimal digit of Unicode, `$` the end or before a last line feed,
    `\Z` the end. Raises `ValueError` for what the engines read differently (`\w`, `\s`, `\b`, look-around,
    back-references, flags, possessive quantifiers): name the characters instead, as in `[A-Za-z0-9_]`.
    """
    out: list[str] = []
    i, in_class = 0, False
    while i < len(pattern):
        char = pattern[i]
        following = pattern[i + 1 : i + 2]
        if char == "\\":
            out.append(_escape(pattern, following, in_class))
            i += 2
            continue
        if in_class:
            if char in "[&~" or (char == "^" and pattern[i - 1] != "["):
                raise ValueError(f"write \\{char} for {char!r} inside the brackets of {pattern!r}")
            in_class = char != "]"
            out.append(char)
        elif char == "[":
            if following == "]" or pattern[i + 1 : i + 3] == "^]":
                raise ValueError(f"write \\] for a bracket inside the brackets of {pattern!r}")
            in_class = True
            out.append(char)
        elif char == "(" and following == "?" and pattern[i + 2 : i + 3] != ":":
            raise ValueError(f"only plain groups and (?:...) are the same on every engine: {pattern!r}")
        elif char in "*+?}" and following == "+":
            raise ValueError(f"possessive quantifiers are not the same on every engine: {pattern!r}")
        elif char == "$" and i + 1 < len(pattern) and following not in ")|":
            raise ValueError(f"$ may only stand at the end of an alternative: {pattern!r}")
        else:
            out.append({".": r"[^\n]", "$": r"\n?\z", "^": r"\A"}.get(char, char))
        i += 1
    return "".join(out)


def _escape(pattern: str, char: str, in_class: bool) -> str:
    if char == "Z" and not in_class:
        return r"\z"
    if char == "A" and not in_class:
        return r"\A"
    if char in _ESCAPES:
        return _ESCAPES[char]
    if char in _LITERAL and char:
        # Rust refuses to escape a few characters that need no escape.
        return char if char in " /<>=!:;,'\"@%" else "\\" + char
    raise ValueError(f"\\{char} is not the same on every engine: {pattern!r}")
