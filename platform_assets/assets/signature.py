"""What the parameters of a transform ask for; the only place that knows the conventions of their names."""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import wraps
from pathlib import Path
from traceback import walk_stack
from typing import Any

from platform_assets.errors import DeclarationError

BEFORE = "_before"
SO_FAR = "_so_far"
DAYS = "days"
_PLACE = "__declared_at__"


@dataclass(frozen=True)
class Signature:
    """The parameters of a transform.

    A positional parameter is a DataFrame of the table that it names, for the days of the run; one that ends in
    `_before` is the table as it was on the day before the run, one that ends in `_so_far` all its days before the run.
    A keyword-only parameter is a setting of the domain, but for `days`: the days of the run, in order.
    """

    same_day: tuple[str, ...]
    before: tuple[str, ...]
    so_far: tuple[str, ...]
    settings: tuple[str, ...]
    wants_days: bool

    @property
    def frames(self) -> tuple[str, ...]:
        """The parameters that are DataFrames."""
        return self.same_day + self.before + self.so_far

    @classmethod
    def of(cls, function: Callable[..., Any], settings: Iterable[str], inputs: Iterable[str] = ()) -> Signature:
        """Read a function's parameters; `settings` are those there are, `inputs` the names that stand for tables.

        Raises `DeclarationError` for a parameter that no convention covers, a setting that there is not, and an input
        that no parameter has.
        """
        frames, asked = [], []
        for parameter in inspect.signature(function).parameters.values():
            if parameter.kind is inspect.Parameter.KEYWORD_ONLY:
                asked.append(parameter.name)
            elif parameter.kind is inspect.Parameter.POSITIONAL_OR_KEYWORD:
                frames.append(parameter.name)
            else:
                raise DeclarationError(
                    f"the parameter {parameter} names no table and no setting: write out each table that it reads, "
                    "then a `*` and each setting"
                )
            if parameter.default is not inspect.Parameter.empty:
                raise DeclarationError(
                    f"the parameter {parameter.name} has a default, which would never be used: tables are always "
                    "read, and a setting has its default where it is declared"
                )
        known = sorted(settings)
        if DAYS in frames:
            raise DeclarationError(f"{DAYS} would be read as a table: put a `*` before it")
        for name in asked:
            if name != DAYS and name not in known:
                raise DeclarationError(f"it asks for the setting {name}, and there is none. {suggestion(name, known)}")
        unused = [name for name in inputs if name not in map(table_named, frames)]
        if unused:
            raise DeclarationError(f"inputs={{{unused[0]!r}: ...}} is for no parameter: there is none of that name")
        return cls(
            same_day=tuple(name for name in frames if not name.endswith((BEFORE, SO_FAR))),
            before=tuple(name for name in frames if name.endswith(BEFORE)),
            so_far=tuple(name for name in frames if name.endswith(SO_FAR)),
            settings=tuple(name for name in asked if name != DAYS),
            wants_days=DAYS in asked,
        )

    def arguments(self, settings: object) -> Mapping[str, Any]:
        """The settings that the function asks for, by name."""
        return {name: getattr(settings, name) for name in self.settings}


def table_named(parameter: str) -> str:
    """The table that a parameter of a DataFrame names."""
    return parameter.removesuffix(BEFORE).removesuffix(SO_FAR)


def suggestion(name: str, known: Iterable[str]) -> str:
    """What may have been meant: the closest of the names there are, and else all of them."""
    names = sorted(known)
    close = get_close_matches(name, names, n=3)
    return f"Did you mean {' or '.join(close)}?" if close else f"There are: {', '.join(names) or 'none'}."


def declared_for(function: Callable[..., Any], **names: str) -> Callable[..., Any]:
    """A transform of the library as the one of the domain whose file is calling the library.

    `names` gives its parameters the names of the domain's tables. Errors name the domain's file (see `place`): the
    nearest one on the stack other than the function's own.
    """
    own = inspect.signature(function)
    parameters = [one.replace(name=names.get(one.name, one.name)) for one in own.parameters.values()]
    signature = own.replace(parameters=parameters)

    @wraps(function)
    def transform(*frames: Any, **given: Any) -> Any:
        bound = signature.bind(*frames, **given)
        return function(*bound.args, **bound.kwargs)

    # From a frame that is given: without one, how many frames are left out differs from one Python to the next.
    stack = [(frame.f_code.co_filename, line) for frame, line in walk_stack(inspect.currentframe())]
    caller = next((file, line) for file, line in stack if file not in (__file__, function.__code__.co_filename))
    vars(transform).update({"__signature__": signature, _PLACE: caller})
    return transform


def declared_at_the_place_of(other: Callable[..., Any], function: Callable[..., Any]) -> Callable[..., Any]:
    """A function of the platform as one that is declared where another is."""
    vars(function)[_PLACE] = declared_at(other)
    return function


def named(function: Callable[..., Any]) -> str:
    """The name of a function, which is that of its asset; raises `DeclarationError` for what has none."""
    if not inspect.isfunction(function):
        raise DeclarationError(f"{function!r} is no function with a name and a file: write it as `def`")
    return function.__name__


def keys_returned(function: Callable[..., Any]) -> set[str] | None:
    """The keys of the dict that a function returns; None where they are not written out in its last lines."""
    try:
        (body,) = ast.parse(textwrap.dedent(inspect.getsource(inspect.unwrap(function)))).body
    except (OSError, TypeError, SyntaxError, ValueError):
        return None
    found: set[str] = set()
    for node in ast.walk(body):
        if not isinstance(node, ast.Return):
            continue
        keys = node.value.keys if isinstance(node.value, ast.Dict) else [None]
        if not all(isinstance(key, ast.Constant) for key in keys):
            return None
        found |= {str(key.value) for key in keys if isinstance(key, ast.Constant)}
    return found


def declared_at(function: Callable[..., Any]) -> tuple[str, int]:
    """The file and line where a function is written, or a domain declared it."""
    code = inspect.unwrap(function).__code__
    file, line = getattr(function, _PLACE, (code.co_filename, code.co_firstlineno))
    return file, line


def located(file: str, line: int) -> str:
    """A line of a file, as short as it can be found from here."""
    path = Path(file)
    return f"{path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path}:{line}"


def place(function: Callable[..., Any]) -> str:
    """Where a function is written, or a domain declared it, for the start of an error: file, line and name."""
    own = named(function)
    return f"{located(*declared_at(function))}: {own}"
