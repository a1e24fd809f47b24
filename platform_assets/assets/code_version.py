"""The code of a transform as a fingerprint: of what it does, not of how it is laid out or described."""

from __future__ import annotations

import ast
import hashlib
import inspect
import json
import sys
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from importlib.abc import InspectLoader
from importlib.util import find_spec
from typing import Any

from platform_assets.assets.signature import declared_at

_PLATFORM = __name__.split(".")[0]
_SHARED = f"{_PLATFORM}.transforms"
_DOMAINS = f"{_PLATFORM}.domains"
# What has no meaning of its own.
_LEFT_OUT = {"ctx", "type_comment", "kind"}


def code_of(function: Callable[..., Any]) -> str:
    """The fingerprint of a transform's module and of what that imports of the shared transforms and its own package.

    Its own package is, of a domain that comes with the platform, that of the domain. Docstrings, comments and layout
    are no part of it. Empty for a function whose code is in no module that can be read again.
    """
    declared = _module_of(declared_at(function)[0])
    roots = {declared, inspect.unwrap(function).__module__ or ""}
    every = sorted(_reached(roots, _own_package(declared)))
    trees = [(name, _tree(name)) for name in every]
    if any(tree is None for name, tree in trees if name in roots):
        return ""
    return hashlib.sha256(json.dumps(trees).encode()).hexdigest()[:16]


def _module_of(file: str) -> str:
    """The name of the module of a file; empty for a file that is no module's."""
    named = ((name, getattr(module, "__file__", None)) for name, module in list(sys.modules.items()))
    return next((name for name, its in named if its == file and name != "__main__"), "")


def _own_package(module: str) -> str:
    parts = module.split(".")
    return ".".join(parts[:3]) if _is_below(module, _DOMAINS) else parts[0]


def _reached(roots: Iterable[str], own: str) -> set[str]:
    found: set[str] = set()
    waiting = list(roots)
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += [one for one in _imports(name) if _is_below(one, own) or _is_below(one, _SHARED)]
    return {name for name in found if _source(name) is not None or name in roots}


def _is_below(name: str, package: str) -> bool:
    return bool(package) and (name == package or name.startswith(f"{package}."))


@cache
def _source(name: str) -> str | None:
    """The source of a module; None for what is no module, or has none."""
    try:
        spec = find_spec(name) if name else None
        loader = spec.loader if spec else None
        return loader.get_source(name) if isinstance(loader, InspectLoader) else None
    except (ImportError, ValueError):
        return None


@cache
def _parsed(name: str) -> ast.Module | None:
    source = _source(name)
    return None if source is None else ast.parse(source)


@cache
def _imports(name: str) -> tuple[str, ...]:
    """What may be the name of a module in a module's import statements, wherever they stand in it."""
    tree = _parsed(name)
    nodes = ast.walk(tree) if tree else ()
    return tuple(dict.fromkeys(one for node in nodes for one in _names(node, name)))


def _names(node: ast.AST, module: str) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        base = node.module or ""
        if node.level:
            spec = find_spec(module)
            package = module if spec and spec.submodule_search_locations is not None else module.rpartition(".")[0]
            above = package.split(".")[: len(package.split(".")) - node.level + 1]
            base = ".".join([*above, *filter(None, [node.module])])
        yield base
        yield from (f"{base}.{alias.name}" for alias in node.names)
        if base == _PLATFORM:
            # What the package hands out by name is at home in one of its modules.
            package_itself = sys.modules[_PLATFORM]
            yield from (getattr(getattr(package_itself, one.name, None), "__module__", "") for one in node.names)


@cache
def _tree(name: str) -> Any:
    tree = _parsed(name)
    return None if tree is None else _plain(tree)


def _plain(node: Any) -> Any:
    """A tree as nested lists, the same from one version of Python to the next."""
    if isinstance(node, ast.AST):
        given = [(name, value) for name, value in ast.iter_fields(node) if name not in _LEFT_OUT]
        return [type(node).__name__, *([name, _plain(value)] for name, value in given if value not in (None, []))]
    if isinstance(node, list):
        return [_plain(one) for one in node if not _is_text(one)]
    return repr(node)


def _is_text(node: Any) -> bool:
    """Whether a statement is a text alone: a docstring, of whatever."""
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
