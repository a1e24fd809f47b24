"""`dagster`, held at a moment of its work: says by a file that it has come there, and waits for another to go on.

    python -m platform_assets_tests.support.processes.held MOMENT READY GO words of dagster ...

MOMENT is `staged` (the rows are written, and not audited), `audited` (the rows are about to be published) or
`published` (they are, and Dagster was told of none of their days).
"""

from __future__ import annotations

import runpy
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from platform_assets.lake.tables import staging, table


def holding(function: Callable[..., Any], ready: Path, go: Path) -> Callable[..., Any]:
    """The function, begun only when the file `go` is there."""

    def held(*arguments: Any, **words: Any) -> Any:
        ready.touch()
        while not go.exists():
            time.sleep(0.02)
        return function(*arguments, **words)

    return held


def ending(function: Callable[..., Any], ready: Path, go: Path) -> Callable[..., Any]:
    """The function, ended only when the file `go` is there."""

    def held(*arguments: Any, **words: Any) -> Any:
        found = function(*arguments, **words)
        return holding(lambda: found, ready, go)()

    return held


def run(moment: str, ready: str, go: str, *words: str) -> None:
    """Patch the moment's function, and be `dagster`."""
    owner, name, hold = {
        "staged": (staging, "_staged_files", holding),
        "audited": (table.Table, "publish", holding),
        "published": (table.Table, "publish", ending),
    }[moment]
    setattr(owner, name, hold(getattr(owner, name), Path(ready), Path(go)))
    sys.argv = ["dagster", *words]
    runpy.run_module("dagster", run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    run(*sys.argv[1:])
