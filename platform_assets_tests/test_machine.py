"""The memory of the machine, and of the container that a process is in."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from platform_assets import machine
from platform_assets.machine import GIB, default_engine_memory, machine_memory

NEW, OLD = "/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"


def given(monkeypatch: pytest.MonkeyPatch, folder: Path, gib: int, **limits: str) -> None:
    """A machine with so much memory, whose kernel says such limits."""
    files = {place: folder / name for name, place in (("new", NEW), ("old", OLD))}
    for name, text in limits.items():
        (folder / name).write_text(f"{text}\n")
    monkeypatch.setattr(machine, "Path", files.__getitem__)
    monkeypatch.setattr(machine.psutil, "virtual_memory", lambda: SimpleNamespace(total=gib * GIB))


@pytest.mark.parametrize(
    ("limits", "memory"),
    [
        ({}, 12),
        ({"new": "max"}, 12),
        ({"new": f"{5 * GIB}"}, 5),
        ({"old": f"{7 * GIB}"}, 7),
        ({"old": "9223372036854771712"}, 12),
        ({"new": "max", "old": f"{7 * GIB}"}, 7),
        ({"new": f"{5 * GIB}", "old": f"{7 * GIB}"}, 5),
    ],
)
def test_a_process_may_use_the_memory_of_its_machine_or_of_its_container_where_that_is_less(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, limits: dict[str, str], memory: int
) -> None:
    given(monkeypatch, tmp_path, 12, **limits)
    assert machine_memory() == memory * GIB
    assert isinstance(machine_memory(), int)


@pytest.mark.parametrize(("gib", "of_engine"), [(12, 4), (3, 1), (2, 1)])
def test_an_engine_takes_a_third_of_it_and_at_least_a_gibibyte(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, gib: int, of_engine: int
) -> None:
    given(monkeypatch, tmp_path, gib)
    assert default_engine_memory() == of_engine * GIB
