"""Tables that were published long ago, without waiting for it."""

from __future__ import annotations

import json
import os
from datetime import timedelta
from pathlib import Path

from platform_assets.lake.tables.table import Table


def age(table: Table, **words: float) -> None:
    """Let everything that the table has now be older: its files, its commits, and what they say of files."""
    older = timedelta(**words)
    for path in Path(table.url).rglob("*"):
        if path.is_file():
            if path.parent == Path(table.url, "_delta_log") and path.suffix == ".json":
                actions = [json.loads(line) for line in path.read_text().splitlines()]
                for action in actions:
                    for what, field in (("commitInfo", "timestamp"), ("remove", "deletionTimestamp")):
                        if what in action:
                            action[what][field] -= int(older.total_seconds() * 1000)
                path.write_text("".join(json.dumps(action) + "\n" for action in actions))
            then = path.stat().st_mtime - older.total_seconds()
            os.utime(path, (then, then))
