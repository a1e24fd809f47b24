"""The code of a transform as a fingerprint: of what it does, not of how it is laid out or described."""

from __future__ import annotations

import ast
import hashlib
import inspect
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from platform_assets.assets.signature import declared_at

_PLATFORM = __name__.split(".")[0]
_SHARED = f"{_PLATFORM}.transforms"
_DOMAIN = "domain.py"
# What has no meaning of its own, or is there from some version of Python on.
_LEFT_OUT = {"ctx", "type_comment", "kind", "lineno"}


@dataclass(frozen=True)
class _Module:
    """A file of code: its dotted name, and the folder of its package."""

    name: str
    file: Path

    @property
    def package(self) -> str:
        """The package that its relative imports begin in."""
        return self.name if self.file.name == "__init__.py" else self.name.rpartition(".")[0]


def code_of(function: Callable[..., Any]) -> str:
    """The fingerprint of a transform's module and of what that imports of the shared transforms and its own package.

    Docstrings, comments and layout are no part of it. Empty for a function that is in no file.
    """
    declared = Path(declared_at(function)[0])
    code = inspect.unwrap(function).__code__
    try:
        roots = [_module_at(declared), _module_at(Path(code.co_filename))]
        every = sorted(_reached(tuple(dict.fromkeys(roots)), _own_package(declared)), key=lambda one: one.name)
        text = json.dumps([(one.name, _tree(one.file)) for one in every])
    except (OSError, SyntaxError):
        return ""
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _module_at(file: Path) -> _Module:
    """The module of a file, named from the outermost package on."""
    names, folder = [] if file.name == "__init__.py" else [file.stem], file.parent
    while (folder / "__init__.py").exists():
        names.insert(0, folder.name)
        folder = folder.parent
    return _Module(".".join(names), file)


def _own_package(file: Path) -> str:
    """What a domain's modules share: the domain's folder here, all of the package of a user's own."""
    name = _module_at(file).name
    top = name.split(".")[0]
    if top != _PLATFORM:
        return top
    folder = next((one for one in file.parents if (one / _DOMAIN).exists()), None)
    return _module_at(folder / "__init__.py").name if folder else name


def _reached(roots: tuple[_Module, ...], own: str) -> set[_Module]:
    found: set[_Module] = set()
    waiting = list(roots)
    while waiting:
        module = waiting.pop()
        if module not in found:
            found.add(module)
            names = [name for name in _imports(module) if _is_below(name, own) or _is_below(name, _SHARED)]
            waiting += filter(None, map(_located, names))
    return found


def _is_below(name: str, package: str) -> bool:
    return name == package or name.startswith(f"{package}.")


@cache
def _imports(module: _Module) -> tuple[str, ...]:
    """What may be the name of a module in a module's import statements, wherever they stand in it."""
    return tuple(dict.fromkeys(name for node in ast.walk(_parsed(module.file)) for name in _names(node, module)))


def _names(node: ast.AST, module: _Module) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        base = node.module or ""
        if node.level:
            above = module.package.split(".")[: len(module.package.split(".")) - node.level + 1]
            base = ".".join([*above, *filter(None, [node.module])])
        yield base
        yield from (f"{base}.{alias.name}" for alias in node.names)
        if base == _PLATFORM:
            # What the package hands out by name is at home in one of its modules.
            import platform_assets

            yield from (getattr(getattr(platform_assets, alias.name, None), "__module__", "") for alias in node.names)


@cache
def _located(name: str) -> _Module | None:
    try:
        spec = find_spec(name)
    except (ImportError, AttributeError, ValueError):
        return None
    if spec is None or not spec.origin or not spec.origin.endswith(".py"):
        return None
    return _Module(spec.name, Path(spec.origin))


@cache
def _parsed(file: Path) -> ast.Module:
    return ast.parse(file.read_bytes())


@cache
def _tree(file: Path) -> Any:
    return _plain(_parsed(file))


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
