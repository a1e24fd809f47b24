"""Processes of their own that publish what a test has staged, all at the same moment."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from multiprocessing import get_context
from multiprocessing.synchronize import Barrier

from platform_assets.errors import Outdated
from platform_assets.lake.tables.staging import Staged

_together: Barrier


def _wait_for_others(barrier: Barrier) -> None:
    global _together
    _together = barrier


def _publish(staged: Staged) -> int | Outdated:
    _together.wait(timeout=120)
    try:
        return staged.table.publish(staged)
    except Outdated as refused:
        return refused


def publish_at_once(staged: Sequence[Staged]) -> list[int | Outdated]:
    """Publish each in a process of its own; the versions that they say they made, or why not, in order."""
    processes = get_context("forkserver")
    processes.set_forkserver_preload([__name__, "platform_assets.lake.storage.s3"])
    barrier = processes.Barrier(len(staged))
    # A contract that has built its Delta schema cannot be sent to another process, a fresh copy can.
    sent = [replace(one, table=replace(one.table, contract=replace(one.table.contract))) for one in staged]
    # Not multiprocessing's pool: it ends its workers while one may hold the lock that another waits for.
    with ProcessPoolExecutor(len(staged), processes, _wait_for_others, (barrier,)) as pool:
        return list(pool.map(_publish, sent, timeout=300))
