"""DuckDB connections that sort published rows into files, with the engine's memory and then the disk."""

from __future__ import annotations

import os
from typing import Any

import duckdb

from platform_assets.settings import Settings

_MIB_OF_A_THREAD = 256


def sorter(settings: Settings, room: str) -> duckdb.DuckDBPyConnection:
    """A connection that holds at most `PLATFORM_ENGINE_MEMORY` and spills to the folder `room`."""
    memory = int(settings.engine_memory) >> 20
    # Each thread that sorts holds a piece of the rows that cannot be moved to the disk.
    threads = max(1, min(os.cpu_count() or 1, memory // _MIB_OF_A_THREAD))
    config: dict[str, Any] = {"memory_limit": f"{memory}MiB", "temp_directory": room, "threads": threads}
    return duckdb.connect(config=config)
