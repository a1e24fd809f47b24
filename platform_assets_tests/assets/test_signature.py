"""What the parameters of a transform ask for, and which are refused."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from platform_assets.assets.signature import Signature, declared_for, place
from platform_assets.errors import DeclarationError

SETTINGS = ("start", "gap_seconds")


def test_each_parameter_is_a_table_the_day_before_a_setting_or_the_days() -> None:
    def transform(
        hits: Any, sessions_before: Any, users_so_far: Any, pages: Any, *, gap_seconds: int, days: Any
    ) -> None: ...

    found = Signature.of(transform, SETTINGS)
    assert found == Signature(("hits", "pages"), ("sessions_before",), ("users_so_far",), ("gap_seconds",), True)
    assert found.frames == ("hits", "pages", "sessions_before", "users_so_far")


def test_a_function_gets_the_settings_that_it_asks_for() -> None:
    class Values:
        gap_seconds, start = 60, "never"

    def transform(*, gap_seconds: int) -> None: ...

    assert Signature.of(transform, SETTINGS).arguments(Values()) == {"gap_seconds": 60}


def _positional_only(hits: Any, /) -> None: ...
def _any_tables(*hits: Any) -> None: ...
def _any_settings(hits: Any, **settings: Any) -> None: ...
def _table_with_default(hits: Any = None) -> None: ...
def _setting_with_default(hits: Any, *, gap_seconds: int = 60) -> None: ...
def _days_as_a_table(hits: Any, days: Any) -> None: ...
def _misspelt(hits: Any, *, gap_second: int) -> None: ...
def _of_another(hits: Any, *, kind: int) -> None: ...


@pytest.mark.parametrize(
    ("function", "said"),
    [
        (_positional_only, "the parameter hits: 'Any' names no table and no setting"),
        (_any_tables, r"the parameter \*hits: 'Any' names no table and no setting"),
        (_any_settings, r"the parameter \*\*settings: 'Any' names no table and no setting"),
        (_table_with_default, "the parameter hits has a default, which would never be used"),
        (_setting_with_default, "the parameter gap_seconds has a default, which would never be used"),
        (_days_as_a_table, r"days would be read as a table: put a `\*` before it"),
        (_misspelt, r"it asks for the setting gap_second, and there is none\. Did you mean gap_seconds\?"),
        (_of_another, r"it asks for the setting kind, and there is none\. There are: gap_seconds, start\."),
    ],
)
def test_a_parameter_that_no_convention_covers_is_refused(function: Callable[..., Any], said: str) -> None:
    with pytest.raises(DeclarationError, match=said):
        Signature.of(function, SETTINGS)


def test_a_function_is_placed_as_seen_from_where_one_works(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file, line = Path(__file__), _misspelt.__code__.co_firstlineno
    monkeypatch.chdir(file.parents[1])
    assert place(_misspelt) == f"assets/test_signature.py:{line}: _misspelt"
    monkeypatch.chdir(tmp_path)
    assert place(_misspelt) == f"{file}:{line}: _misspelt"


def test_a_transform_of_the_library_is_placed_where_a_domain_asks_for_it() -> None:
    library: dict[str, Any] = {"declared_for": declared_for, "place": place}
    body = "def table():\n    def sessions(happened): ...\n    return place(declared_for(sessions, happened='plays'))\n"
    exec(compile(body, "/library/sessions.py", "exec"), library)
    for text, line in (("\n\nsaid = table()\n", 3), ("def own():\n    return table()\n\nsaid = own()\n", 2)):
        domain: dict[str, Any] = {"table": library["table"]}
        exec(compile(text, "/domain/sessions.py", "exec"), domain)
        assert domain["said"] == f"/domain/sessions.py:{line}: sessions"


def test_an_input_is_for_a_parameter() -> None:
    def transform(hits_before: Any) -> None: ...

    assert Signature.of(transform, SETTINGS, {"hits": "web/user_web_hits"}).before == ("hits_before",)
    with pytest.raises(DeclarationError, match=r"inputs=\{'visits': \.\.\.\} is for no parameter"):
        Signature.of(transform, SETTINGS, {"visits": "web/user_web_hits"})
