"""A real PostgreSQL server on loopback: how it is found, started on an empty folder, and stopped."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg2

from platform_assets_tests.processes.site import wait_for
from platform_assets_tests.services.missing import missing
from platform_assets_tests.services.ports import free_port

# PostgreSQL refuses to run as root.
USER = "postgres" if os.geteuid() == 0 else None


def find(name: str) -> str:
    """One of the server's programs, which Debian keeps off the PATH; skips the test where it is not installed."""
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda folder: int(folder.parent.name))
    found = shutil.which(name, path=os.pathsep.join([os.environ["PATH"], *map(str, reversed(debian))]))
    if not found:
        missing("PostgreSQL", "apt-get install postgresql")
    return found


@dataclass(frozen=True)
class Postgres:
    """A server with one empty database, and a user who may do everything without a password."""

    port: int
    user: str = "dagster"
    database: str = "postgres"

    @property
    def url(self) -> str:
        """The database, for SQLAlchemy."""
        return f"postgresql+psycopg2://{self.user}@127.0.0.1:{self.port}/{self.database}"

    @property
    def environment(self) -> dict[str, str]:
        """The database, by the standard variables of PostgreSQL's own programs."""
        return {"PGHOST": "127.0.0.1", "PGPORT": str(self.port), "PGUSER": self.user, "PGDATABASE": self.database}

    def is_up(self) -> bool:
        """Whether the server takes connections."""
        try:
            psycopg2.connect(host="127.0.0.1", port=self.port, user=self.user, dbname=self.database).close()
        except psycopg2.OperationalError:
            return False
        return True


@contextmanager
def postgres() -> Iterator[Postgres]:
    """A running server; it and all that was written to it are gone at the end."""
    initdb, program, found = find("initdb"), find("postgres"), Postgres(free_port())
    # Not below pytest's folders, which the user `postgres` may not enter.
    with tempfile.TemporaryDirectory(prefix="postgres_") as folder:
        if USER:
            shutil.chown(folder, USER)
        words = ("--auth", "trust", "--username", found.user, "--encoding", "UTF8", "--no-locale", "--no-sync")
        subprocess.run([initdb, *words, f"{folder}/data"], user=USER, cwd=folder, check=True, capture_output=True)
        listen = ("-h", "127.0.0.1", "-p", str(found.port), "-k", folder, "-c", "fsync=off")
        with Path(folder, "log").open("wb") as log:
            server = subprocess.Popen(
                [program, "-D", f"{folder}/data", *listen], user=USER, cwd=folder, stdout=log, stderr=log
            )
        try:
            wait_for("PostgreSQL answers", found.is_up, longest=60)
            yield found
        finally:
            # At once, without a checkpoint: nobody will read the data again.
            server.send_signal(signal.SIGQUIT)
            server.wait(timeout=30)
