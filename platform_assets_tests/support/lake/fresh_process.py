"""Modules of the tests that need a process of their own, with an engine of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

ROOT = Path(__file__).parents[3]


def in_a_process_of_its_own(
    module: str, *words: str, variables: Mapping[str, str] = MappingProxyType({}), timeout: float = 300
) -> subprocess.CompletedProcess[str]:
    """Run a module of the tests to its end; raises `subprocess.TimeoutExpired` when that takes longer (seconds)."""
    # What this process's own session has set must not reach that of the other.
    outside = {name: value for name, value in os.environ.items() if not name.startswith(("SPARK_", "SAIL_"))}
    return subprocess.run(
        [sys.executable, "-W", "ignore", "-m", module, *words],
        cwd=ROOT,
        env=outside | variables,
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )
