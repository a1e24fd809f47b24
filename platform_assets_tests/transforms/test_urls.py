"""URLs taken apart: host, path segments, and whether there is a host at all."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyspark.sql import Column
from pyspark.sql import functions as F

from platform_assets.lake.engines.engine import Engine
from platform_assets.transforms.urls import bare_host, has_host, host, host_and_path, segment
from platform_assets_tests.support.engines import examples
from platform_assets_tests.support.web import oracle

# URL to host, first and second segment, of those that have a host.
LEVELS: dict[str, tuple[str, str | None, str | None]] = {
    "https://www.x.org/a/b": ("www.x.org", "a", "b"),
    "https://www.x.org/a/b/c/d": ("www.x.org", "a", "b"),
    "https://www.x.org/a": ("www.x.org", "a", None),
    "https://www.x.org/a/": ("www.x.org", "a", None),
    "https://www.x.org/": ("www.x.org", None, None),
    "https://www.x.org": ("www.x.org", None, None),
    # No scheme: the first token is the host.
    "www.x.org/a/b": ("www.x.org", "a", "b"),
    "www.x.org": ("www.x.org", None, None),
    "ftp://x/a": ("x", "a", None),
    "HTTPS://X.Org/A/b": ("x.org", "A", "b"),
    # Query and fragment, also right behind the host.
    "https://x.org/get_quotes?search_str=x": ("x.org", "get_quotes", None),
    "https://x.org/a/b?c=/d/e": ("x.org", "a", "b"),
    "https://x.org/a#b/c": ("x.org", "a", None),
    "https://x.org/a?b#c": ("x.org", "a", None),
    "https://x.org/a#b?c": ("x.org", "a", None),
    "https://x.org?a=5": ("x.org", None, None),
    "https://x.org/?a=5": ("x.org", None, None),
    "https://x.org?a=/b/c": ("x.org", None, None),
    "https://x.org#a/b": ("x.org", None, None),
    "x.org?a=5": ("x.org", None, None),
    "x.org#a": ("x.org", None, None),
    # A scheme further inside is none.
    "https://x.org/http://y.org/a": ("x.org", "http:", None),
    "x.org/http://y.org": ("x.org", "http:", None),
    "x.org?u=http://y.org/a": ("x.org", None, None),
    "https://x.org?u=http://y.org/a": ("x.org", None, None),
    "x.org#http://y.org/a": ("x.org", None, None),
    "https://http://x.org": ("http", None, "x.org"),
    # Port and user info.
    "https://x.org:8443/a": ("x.org", "a", None),
    "x.org:80": ("x.org", None, None),
    "https://user@x.org/a": ("x.org", "a", None),
    "https://user:pass@x.org:80/a": ("x.org", "a", None),
    "https://a@b@x.org/a": ("x.org", "a", None),
    "user@x.org/a@b": ("x.org", "a@b", None),
    "https://x.org/@a:b": ("x.org", "@a:b", None),
    "https://[::1]:80/a": ("[::1]", "a", None),
    "https://u@[FE80::1]/a": ("[fe80::1]", "a", None),
    # Segments as they are.
    "https://x.org//a": ("x.org", None, "a"),
    "https://x.org/a//b": ("x.org", "a", None),
    "https://x.org///": ("x.org", None, None),
    "https://x.org/a%20b/%C3%BC%2F": ("x.org", "a%20b", "%C3%BC%2F"),
    "https://x.org/a b/ ": ("x.org", "a b", " "),
    "https://x.org/ü/😀": ("x.org", "ü", "😀"),
    "https://x.org/a;b=c/d,e": ("x.org", "a;b=c", "d,e"),
    # Hosts of any script; the dot at the end is no part of them.
    "https://bücher.example/a": ("bücher.example", "a", None),
    "例え.テスト/a": ("例え.テスト", "a", None),
    "https://xn--bcher-kva.example": ("xn--bcher-kva.example", None, None),
    "https://WWW.X.org./a": ("www.x.org", "a", None),
    "www.x.org.:80/a": ("www.x.org", "a", None),
    "https://x..": ("x", None, None),
    # With a scheme, any; without, one with a dot inside, or this machine's.
    "https://x/a": ("x", "a", None),
    "chrome-extension://abcdef/options.html": ("abcdef", "options.html", None),
    "android-app://com.example.app": ("com.example.app", None, None),
    " https://x.org/a": ("x.org", "a", None),
    "localhost": ("localhost", None, None),
    "LocalHost.:3000/a": ("localhost", "a", None),
    "user@localhost": ("localhost", None, None),
    "192.0.2.1:80/a": ("192.0.2.1", "a", None),
    # After a scheme the port may be empty, and what stands before an @ may be anything.
    "https://x.org:/a": ("x.org", "a", None),
    'https://a b"<@x.org/a': ("x.org", "a", None),
    # What is no host is fine after it.
    "x.org/<a>|b c": ("x.org", "<a>|b c", None),
    "x.org?mailto:a": ("x.org", None, None),
    "x.org/a:b": ("x.org", "a:b", None),
}

# URLs that have no host.
NONE = (
    *("", "/a/b", "//x.org/a", "?a", "#a", "https://", "https:///a", "https://?a", "https://#a", "https://:80/a"),
    *("https://user@/a", "https://user@:80", "://x.org", ":80", "@", "https://./a", "..", "https://[]/a", "[::1]:80/a"),
    # A scheme alone.
    *("javascript:void(0)", "mailto:info@example.org", "tel:+61200000000", "data:text/html,<p>x</p>", "about:blank"),
    *("blob:https://www.example.org/1f", "https:/www.example.org/a", "https:www.example.org", "view-source:https://x"),
    *("about:", "x.org:a", "x.org:", "x.org:80a", "x.org:80:80", "user:secret@x.org", "user:80@x.org"),
    # Nothing that browsers would look up.
    *("null", "undefined", "x", "x/a.b", "x.", "user@x", "localhosts", "-"),
    *("https://x org/a", "https:// x.org", "https://x.org /a", " x.org", "x.org ", " ", "x.org\t", "https://x\n.org"),
    *(
        "https://x\u00a0.org",
        "https://x\u3000y",
        "https://x\u2028",
        "https://x\x7f.org",
        "https://x\u0085.org",
        "x\0.org",
    ),
    *(f"https://x{odd}.org/a" for odd in '\\"<>^`{|}[]'),
    *(r"https:\\www.example.org\a", r"https://www.example.org\a/b", "https://[::1", "https://[::1]x", "https://[: :1]"),
)


def taken_apart(engine: Engine, urls: list[str]) -> list[tuple[str, str | None, str | None, bool]]:
    """Host, two segments and whether there is a host, for each URL in order."""
    frame = engine.session.createDataFrame(list(enumerate(urls)), "n int, url string")
    location = host_and_path(F.col("url"))
    columns: list[Column] = [host(location), segment(location, 1), segment(location, 2), has_host(F.col("url"))]
    rows = frame.select("n", *columns).collect()
    return [(row[1], row[2], row[3], row[4]) for row in sorted(rows, key=lambda row: row[0])]


@pytest.fixture(scope="module")
def levels(engine: Engine) -> dict[str, tuple[str, str | None, str | None, bool]]:
    """Each URL of `LEVELS`, taken apart."""
    return dict(zip(LEVELS, taken_apart(engine, list(LEVELS)), strict=True))


@pytest.mark.parametrize("url", LEVELS)
def test_a_url_has_a_host_and_two_levels(url: str, levels: dict[str, tuple[str, str | None, str | None, bool]]) -> None:
    assert levels[url] == (*LEVELS[url], True)
    assert (*oracle.levels(url), oracle.has_host(url)) == (*LEVELS[url], True)


def test_what_a_browser_would_not_call_a_host_is_none(engine: Engine) -> None:
    assert [url for url, found in zip(NONE, taken_apart(engine, list(NONE)), strict=True) if found[3]] == []
    assert [url for url in NONE if oracle.has_host(url)] == []


LONG = {"@" * 20_000: False, "a@" * 20_000 + "b.c": True, "a." * 20_000: True, "x://" + "a@" * 20_000 + "b": True}


def test_a_very_long_url_is_judged_as_any_other(engine: Engine) -> None:
    rows = engine.session.createDataFrame([(url,) for url in LONG], "url string").select("url", has_host(F.col("url")))
    assert {row[0]: row[1] for row in rows.collect()} == LONG


def test_a_url_that_is_null_has_nothing(engine: Engine) -> None:
    frame = engine.session.createDataFrame([(None,)], "url string")
    location = host_and_path(F.col("url"))
    assert frame.select(host(location), segment(location, 1), has_host(F.col("url"))).first() == (None, None, None)


PIECES = (
    *(
        "http",
        "https",
        "www.x.org",
        "X",
        "a",
        "b c",
        "%20",
        "ü",
        "80",
        "1",
        "://",
        "://",
        "x.",
        "localhost",
        "mailto:",
        "/",
        "/",
        "//",
        "?",
        "#",
        "@",
    ),
    *(
        ":",
        "[",
        "]",
        ".",
        "..",
        "&",
        "=",
        "+",
        "-",
        "_",
        "\\",
        " ",
        "\u0130",
        "😀",
        "\0",
        "\n",
        "\r\n",
        "\u2028",
        "\u00a0",
        "\x85",
        "<",
        "{",
        "|",
        "^",
        "`",
        "$1",
        "'",
    ),
)


@settings(max_examples=examples(25), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.lists(st.sampled_from(PIECES), max_size=9).map("".join) | st.text(max_size=12), max_size=80))
def test_any_url_is_taken_apart_as_the_rules_say(engine: Engine, urls: list[str]) -> None:
    expected = [(*oracle.levels(url), oracle.has_host(url)) for url in urls]
    assert taken_apart(engine, urls or ["x"]) == (expected or [("x", None, None, False)])


@pytest.mark.parametrize(
    ("name", "bare"),
    [
        ("www.x.org", "x.org"),
        ("w3.x.org", "x.org"),
        ("x.org", "x.org"),
        ("www.w3.x.org", "w3.x.org"),
        ("www.www.x.org", "www.x.org"),
        ("wwww.x.org", "wwww.x.org"),
        ("ww.x.org", "ww.x.org"),
        ("www2.x.org", "www2.x.org"),
        ("x.www.org", "x.www.org"),
        ("wwwx.org", "wwwx.org"),
        ("w3x.org", "w3x.org"),
        ("www", "www"),
        # Nothing would be left of these.
        ("www.", "www."),
        ("w3.", "w3."),
    ],
)
def test_a_bare_host_has_no_leading_www_or_w3(engine: Engine, name: str, bare: str) -> None:
    frame = engine.session.createDataFrame([(name,)], "name string")
    assert frame.select(bare_host(F.col("name"))).first() == (bare,)
    assert oracle.bare(name) == bare
