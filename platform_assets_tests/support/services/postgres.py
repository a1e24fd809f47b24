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

from platform_assets_tests.support.processes.sites import wait_for
from platform_assets_tests.support.services.missing import missing
from platform_assets_tests.support.services.ports import free_port

# PostgreSQL refuses to run as root.
USER = "postgres" if os.geteuid() == 0 else None


def find(name: str) -> str:
    """One of the server's programs, which Debian keeps off the PATH; skips the test where it is not installed."""
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda folder: int(folder.parent.name))
    found = shutil.which(name, path=os.pathsep.join([os.environ["PATH"], *map(str, reversed(debian))]))
    if not found:
        missing("PostgreSQL", "apt-get install postgresql")
    return found


class Postgres:
    """A server with one empty database, and a user who may do everything; it can be killed.

    Without a password anybody is let in as that user.
    """

    def __init__(self, folder: Path, password: str = "") -> None:
        initdb, self.program = find("initdb"), find("postgres")
        self.port = free_port()
        self.user = "dagster"
        self.database = "postgres"
        self.password = password
        self._folder = folder
        self._server: subprocess.Popen[bytes] | None = None
        if USER:
            shutil.chown(folder, USER)
        words = ["--username", self.user, "--encoding", "UTF8", "--no-locale", "--no-sync", "--auth"]
        if password:
            (folder / "password").write_text(password)
            (folder / "password").chmod(0o644)
            words += ["scram-sha-256", "--pwfile", f"{folder}/password"]
        else:
            words += ["trust"]
        subprocess.run([initdb, *words, f"{folder}/data"], user=USER, cwd=folder, check=True, capture_output=True)

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
            psycopg2.connect(
                host="127.0.0.1", port=self.port, user=self.user, dbname=self.database, password=self.password or None
            ).close()
        except psycopg2.OperationalError:
            return False
        return True

    def start(self) -> None:
        """Start the server and wait until it answers."""
        listen = ("-h", "127.0.0.1", "-p", str(self.port), "-k", str(self._folder), "-c", "fsync=off")
        with (self._folder / "log").open("ab") as log:
            self._server = subprocess.Popen(
                [self.program, "-D", f"{self._folder}/data", *listen],
                user=USER,
                cwd=self._folder,
                stdout=log,
                stderr=log,
            )
        wait_for("PostgreSQL answers", self.is_up, longest=60)

    def kill(self) -> None:
        """End the server at once, without a checkpoint, and all its connections."""
        if self._server is not None:
            self._server.send_signal(signal.SIGQUIT)
            self._server.wait(timeout=30)
            self._server = None


@contextmanager
def postgres(password: str = "") -> Iterator[Postgres]:
    """A running server; it and all that was written to it are gone at the end."""
    # Not below pytest's folders, which the user `postgres` may not enter.
    with tempfile.TemporaryDirectory(prefix="postgres_") as folder:
        server = Postgres(Path(folder), password)
        try:
            server.start()
            yield server
        finally:
            server.kill()
