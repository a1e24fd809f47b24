"""What the machine has for a process of the platform: its memory."""

from __future__ import annotations

from pathlib import Path

import psutil

GIB = 1024**3


def machine_memory() -> int:
    """Memory this process may use, in bytes: the machine's, or its container's where that is less."""
    total = int(psutil.virtual_memory().total)
    for limit in ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"):
        try:
            text = Path(limit).read_text().strip()
        except OSError:
            continue
        if text.isdigit():
            total = min(total, int(text))
    return total


def default_engine_memory() -> int:
    """A third of the memory, in bytes, but at least 1 GiB: joins and Python need the rest."""
    # With much less, tasks may wait for each other (workaround: sail-tasks-wait-for-memory).
    return max(machine_memory() // 3, GIB)
