"""A real PostgreSQL server on loopback: how it is found, started on an empty folder, and stopped."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg2
import pytest

from platform_assets_tests.processes.site import wait_for
from platform_assets_tests.services.ports import free_port

# PostgreSQL refuses to run as root.
USER = "postgres" if os.geteuid() == 0 else None


def program(name: str) -> str:
    """One of the server's programs, which Debian keeps off the PATH; skips the test where it is not installed."""
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda folder: int(folder.parent.name))
    found = shutil.which(name, path=os.pathsep.join([os.environ["PATH"], *map(str, reversed(debian))]))
    if not found:
        pytest.skip("PostgreSQL is missing: apt-get install postgresql")
    return found


def is_up(url: str) -> bool:
    """Whether the server takes connections."""
    try:
        psycopg2.connect(url).close()
    except psycopg2.OperationalError:
        return False
    return True


@contextmanager
def postgres() -> Iterator[str]:
    """A running server with an empty database, as its URL; both are gone at the end."""
    initdb, server, port = program("initdb"), program("postgres"), free_port()
    url = f"postgresql://dagster@127.0.0.1:{port}/postgres"
    # Not below pytest's folders, which the user `postgres` may not enter.
    with tempfile.TemporaryDirectory(prefix="postgres_") as folder:
        if USER:
            shutil.chown(folder, USER)
        data = os.path.join(folder, "data")
        words = ("--auth", "trust", "--username", "dagster", "--encoding", "UTF8", "--no-locale", "--no-sync")
        subprocess.run([initdb, *words, data], user=USER, cwd=folder, check=True, capture_output=True)
        listen = ("-h", "127.0.0.1", "-p", str(port), "-k", folder)
        with (
            open(os.path.join(folder, "log"), "wb") as log,
            subprocess.Popen(
                [server, "-D", data, *listen, "-c", "fsync=off"], user=USER, cwd=folder, stdout=log, stderr=log
            ) as process,
        ):
            try:
                wait_for("PostgreSQL answers", lambda: is_up(url), longest=60)
                yield url
            finally:
                # What has been written is of no use any more: no waiting for connections, no checkpoint.
                process.send_signal(signal.SIGQUIT)
                process.wait(timeout=30)
