"""Hypothesis strategies for files of web events, good and dirty, down to single bytes."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import strategies as st

URLS = (
    *("https://www.a.b/c/d?e#f", "www.a.b", "/p", "https:///x", "?x", "a@", "a@:80", "x:80/", "//h/x", "://h", "@h"),
    *("http://u:p@H.I:8/j", "h?u=http://z/y", "http://[::1]:8/a", "[x", "www.", " ", " /x", "a b/c", "h//k", "x#/a?b"),
    *("http://?", "http://a://b", "view-source:https://x/y", "mailto:a@b.c", "\u0130.org/\u03a3", ":", "http:/x"),
)
TIMES = (
    *("02/01/2026 10:15:00", "2/1/2026 00:00:00", "31/12/2025 23:59:59", "01/01/2026 00:00:00", "03/01/2026 23:59:59"),
    *("04/01/2026 00:00:00", "01/03/2026 01:00:00", "31/02/2026 00:00:00", "05/13/2026 01:01:01", "1/1/2026 1:00:00"),
    *("2026-01-01T00:00:00Z", "01/01/0000 00:00:00", "01/01/0001 00:00:00", "31/12/9999 23:59:59"),
    *("02/01/2026 24:00:00", "02/01/2026 23:59:60", "02/01/2026 10:15:00 ", "02/01/26 10:15:00", "29/02/2024 10:00:00"),
)
IDS = (
    "5",
    "-5",
    "007",
    "+5",
    "5.0",
    "1e3",
    "99999999999999999999",
    "9223372036854775807",
    "0" * 30 + "1",
    "\u0665",
    "-",
)
WORDS = (
    "page_view",
    "",
    "_x",
    "null",
    '"action": 5',
    '{"url": [}',
    "\\",
    "\n",
    "\u2028",
    "\x7f",
    "\U0001f600",
    "\ufeff",
)
NAMES = (
    "event_id",
    "user",
    "action",
    "url",
    "timestamp",
    "id",
    "ip",
    "session_id",
    "x",
    "user.id",
    "",
    "Action",
    'a"b',
)
# Texts and numbers that Python would not write this way, or not at all.
ODD_VALUES = (
    *(
        "1e3",
        "5.0",
        "1E400",
        "01",
        "+1",
        ".5",
        "NaN",
        "-Infinity",
        "nul",
        "tru",
        "'x'",
        "9" * 25,
        "-9223372036854775808",
    ),
    *('"\\ud800"', '"\\ud83d\\ude00"', '"\\x41"', '"\\u0041"', '"a\tb"', '"open', "[1,]", "{,}", '"a" "b"', ""),
)

_blanks = st.sampled_from(("", "", "", " ", "\t", "\r", "  "))
_texts = st.sampled_from(URLS + TIMES + IDS + WORDS) | st.text(max_size=8)
_scalars = st.none() | st.booleans() | st.integers(-(2**65), 2**65) | st.floats(allow_nan=False, width=32) | _texts


@st.composite
def _written(draw: st.DrawFn, value: Any) -> str:
    """A value as JSON, its characters escaped or not."""
    return json.dumps(value, ensure_ascii=draw(st.booleans()))


@st.composite
def _name(draw: st.DrawFn, name: str) -> str:
    escaped = draw(st.integers(0, 15)) == 0 and name.isidentifier()
    return f'"\\u{ord(name[0]):04x}{name[1:]}"' if escaped else json.dumps(name)


@st.composite
def _object(draw: st.DrawFn, fields: list[tuple[str, str]]) -> str:
    members = [f"{draw(_name(name))}{draw(_blanks)}:{draw(_blanks)}{value}{draw(_blanks)}" for name, value in fields]
    return f"{{{draw(_blanks)}{','.join(members)}}}"


def _values() -> st.SearchStrategy[str]:
    """Any JSON value, and what only looks like one."""
    leaves = _scalars.flatmap(_written) | st.sampled_from(ODD_VALUES)
    return st.recursive(
        leaves,
        lambda inner: (
            st.lists(inner, max_size=3).map(lambda items: f"[{','.join(items)}]")
            | st.lists(st.tuples(st.sampled_from(NAMES), inner), max_size=3).flatmap(_object)
        ),
        max_leaves=4,
    )


_anything = _values()


@st.composite
def events(draw: st.DrawFn) -> str:
    """An event as JSON: good, or with one or two fields changed, left out, or added somewhere."""
    user = [("session_id", '"s"'), ("id", draw(st.sampled_from(("5", '"5"', "-5", '"-5"')))), ("ip", '"1.2.3.4"')]
    event = [
        ("event_id", json.dumps(draw(st.sampled_from(("e1", "e2", "893"))))),
        ("action", '"page_view"'),
        ("url", json.dumps(draw(st.sampled_from(URLS)))),
        ("timestamp", json.dumps(draw(st.sampled_from(TIMES[:6])))),
    ]
    for _ in range(draw(st.integers(0, 2))):
        fields = draw(st.sampled_from((user, event)))
        place = draw(st.integers(0, len(fields)))
        changed = [(name, draw(_anything)) for name, _ in fields[place : place + 1]]
        added = [(draw(st.sampled_from(NAMES)), draw(_anything))]
        fields[place : place + 1] = draw(st.sampled_from((changed, [], changed + added, added + changed)))
    whole = ("user", draw(_object(user)) if draw(st.integers(0, 9)) else draw(_anything))
    event.insert(draw(st.integers(0, len(event))), whole)
    return draw(_blanks) + draw(_object(event)) + draw(_blanks)


@st.composite
def _spoiled(draw: st.DrawFn) -> bytes:
    """An event with bytes put into it and taken out of it."""
    line = draw(events()).encode()
    at = draw(st.integers(0, len(line)))
    wedge = draw(
        st.sampled_from(
            (b"", b"\xff", b"\0", b'"', b"}", b"{", b",", b"\\", b"\r", b"\xef\xbb\xbf", b"\xc3", b"\xe2\x80\xa8")
        )
    )
    return line[:at] + wedge + line[at + draw(st.integers(0, 2)) :]


_others = st.sampled_from(
    (b"", b" ", b"\t\r", b"{}", b"[]", b"5", b"null", b'"x"', b"word", b"\xff", b'{"user":0}')
) | (_anything.map(str.encode))


@st.composite
def contents(draw: st.DrawFn) -> bytes:
    """The bytes of a file."""
    lines = draw(st.lists(events().map(str.encode) | _spoiled() | _others, min_size=1, max_size=12))
    ends = [draw(st.sampled_from((b"\n", b"\r\n"))) for _ in lines]
    content = b"".join(line.replace(b"\n", b"") + end for line, end in zip(lines, ends, strict=True))
    mark = draw(st.sampled_from((b"", b"\xef\xbb\xbf")))
    return mark + (content if draw(st.booleans()) else content.removesuffix(ends[-1]))
