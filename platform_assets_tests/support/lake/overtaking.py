"""Points in a run at which something else happens first, as if another process had been quicker."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Literal

import pytest
from deltalake import DeltaTable

from platform_assets.exports.documents import StagedDocuments
from platform_assets.lake.tables.table import Table

Point = Literal["read", "staged", "compared", "written"]
POINTS: tuple[Point, ...] = ("read", "staged", "compared")
# Where a step has read its inputs, has staged its rows, has compared what it has read with what is there, and has
# written its documents aside.
_PLACES: dict[Point, tuple[type, str]] = {
    "read": (Table, "stage"),
    "staged": (Table, "publish"),
    "compared": (DeltaTable, "create_write_transaction"),
    "written": (StagedDocuments, "publish"),
}


@contextmanager
def overtaken(point: Point, url: str, action: Callable[[], Any]) -> Iterator[list[str]]:
    """Do something when a step of the asset at `url` comes to a point, once; the list says that it was done."""
    owner, name = _PLACES[point]
    original = getattr(owner, name)
    done: list[str] = []

    def first_the_other(self: Any, *arguments: Any, **given: Any) -> Any:
        if not done and _url_of(self).rstrip("/").endswith(url):
            done.append(point)
            action()
        return original(self, *arguments, **given)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(owner, name, first_the_other)
        yield done


def _url_of(one: Any) -> str:
    if isinstance(one, StagedDocuments):
        return one.folder.url
    return one.url if isinstance(one, Table) else str(one.table_uri)
