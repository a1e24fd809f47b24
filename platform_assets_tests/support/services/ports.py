"""Ports of this machine: which are free, and whether something answers on them."""

from __future__ import annotations

import fcntl
import os
import random
import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

# Below those that systems give to who calls somebody: no call sits on the port that a server is to have.
_SERVED = range(20_000, 32_000)


def free_port() -> int:
    """A port on loopback that nothing listens on, and that nobody else is given while this process runs."""
    folder = Path(tempfile.gettempdir()) / f"ports-of-tests-{os.getuid()}"
    folder.mkdir(exist_ok=True)
    return next(port for port in random.sample(_SERVED, len(_SERVED)) if _take(port, folder / str(port)))


def _take(port: int, lock: Path) -> bool:
    """Take a port by a lock that goes with this process; false where it is another's."""
    file = os.open(lock, os.O_RDWR | os.O_CREAT)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", port))
    except OSError:
        os.close(file)
        return False
    return True


def answers(port: int) -> bool:
    """Whether something listens on a port of loopback."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


@contextmanager
def listening() -> Iterator[socket.socket]:
    """A port of loopback that takes connections, and never says a word unless the test does."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(60)
        yield server
