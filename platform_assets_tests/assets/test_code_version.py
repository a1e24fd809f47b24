"""The fingerprint of code: another one for what does something else, the same for all else."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from importlib import import_module, invalidate_caches
from pathlib import Path
from typing import Any

import pytest

from platform_assets.assets import code_version
from platform_assets.assets.code_version import code_of
from platform_assets.domains.listening.sessions import sessions as of_listening
from platform_assets.domains.web.sessions import sessions as of_web
from platform_assets.domains.web.user_web_hits import user_web_hits

TABLE = '''
"""A table."""

from acme.shared import helper


def sales(orders):
    """Rows."""
    limit: int = 1
    return helper(orders, limit)
'''


@pytest.fixture
def code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., str]]:
    """The fingerprint of `sales` of the package `acme`, after some of its files were written."""
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / "acme").mkdir()

    def of(**files: str) -> str:
        for name, text in files.items():
            (tmp_path / "acme" / f"{name}.py").write_text(text, encoding="utf-8")
        for name in [name for name in sys.modules if name.split(".")[0] == "acme"]:
            del sys.modules[name]
        invalidate_caches()
        for cached in (code_version._source, code_version._parsed, code_version._imports, code_version._tree):
            cached.cache_clear()
        function: Any = import_module("acme.table").sales
        return code_of(function)

    of_all = {
        "__init__": "",
        "shared": "def helper(rows, limit):\n    return rows\n",
        "other": "X = 1\n",
        "table": TABLE,
    }
    assert of(**of_all)
    yield of
    for name in [name for name in sys.modules if name.split(".")[0] == "acme"]:
        del sys.modules[name]


@pytest.mark.parametrize(
    "text",
    [
        TABLE.replace('"""A table."""', '"""Another description of it."""'),
        TABLE.replace('    """Rows."""\n', ""),
        TABLE.replace("return helper(orders, limit)", "return helper(\n        orders,  # all\n        limit,\n    )"),
        TABLE.replace("\n\n\n", "\n\n\n\n# a comment\n"),
        TABLE.replace("import helper\n", 'import helper\n\n"""What stands alone says something."""\n'),
    ],
)
def test_layout_comments_and_docstrings_are_no_part_of_it(code: Callable[..., str], text: str) -> None:
    assert text != TABLE
    assert code(table=text) == code(table=TABLE)


@pytest.mark.parametrize(
    "files",
    [
        {"table": TABLE.replace("limit: int = 1", "limit: int = 2")},
        {"table": TABLE.replace("limit: int = 1", "limit: str = 1")},
        {"table": TABLE.replace("return helper", "return not helper")},
        {"shared": "def helper(rows, limit):\n    return rows[:limit]\n"},
        {"shared": "from acme.other import X\n\ndef helper(rows, limit):\n    return rows\n"},
    ],
)
def test_what_does_something_else_is_another_one(code: Callable[..., str], files: dict[str, str]) -> None:
    before = code()
    assert code(**files) != before


def test_a_module_that_nothing_imports_is_no_part_of_it_until_something_does(code: Callable[..., str]) -> None:
    before = code()
    assert code(other="X = 2\n") == before
    imports = code(shared="from acme import other\n\ndef helper(rows, limit):\n    return other.X\n")
    assert code(other="X = 3\n") != imports


def test_relative_imports_are_followed(code: Callable[..., str]) -> None:
    before = code(shared="from . import other\nfrom .other import X\n\ndef helper(rows, limit):\n    return X\n")
    assert code(other="X = 2\n") != before


def test_what_a_package_imports_of_its_own_modules_is_followed(code: Callable[..., str]) -> None:
    before = code(__init__="from .shared import helper\n", table=TABLE.replace("acme.shared", "acme"))
    assert code(shared="def helper(rows, limit):\n    return limit\n") != before


@pytest.mark.parametrize(
    "imports", ["from platform_assets import T, Sessions", "import platform_assets.transforms.sessions"]
)
def test_what_the_platform_hands_out_by_name_is_part_of_it_where_it_is_a_shared_transform(
    code: Callable[..., str], imports: str
) -> None:
    code(shared=f"{imports}\n\ndef helper(rows, limit):\n    return rows\n")
    reached = code_version._reached({"acme.table"}, "acme")
    assert "platform_assets.transforms.sessions" in reached
    assert not [name for name in reached if not name.startswith(("acme.", "platform_assets.transforms."))]


def test_shared_transforms_are_part_of_it_and_the_platform_is_not() -> None:
    reached = code_version._reached({user_web_hits.function.__module__}, "platform_assets.domains.web")
    assert {"platform_assets.transforms.urls", "platform_assets.domains.web.domain"} <= reached
    assert not [name for name in reached if name.startswith(("platform_assets.lake", "platform_assets.assets"))]


def test_a_transform_of_the_library_has_the_library_and_the_domain_that_declares_it() -> None:
    reached = code_version._reached(
        {of_web.function.__module__, "platform_assets.domains.web.sessions"}, "platform_assets.domains.web"
    )
    assert "platform_assets.transforms.sessions" in reached
    assert of_web.code != of_listening.code


def test_a_function_without_a_file_has_none() -> None:
    namespace: dict[str, Any] = {}
    exec("def f():\n    return 1\n", namespace)
    assert code_of(namespace["f"]) == ""
