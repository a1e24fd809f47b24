"""A real MariaDB server on loopback: how it is found, started on an empty folder, and stopped."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pymysql

from platform_assets_tests.support.processes.sites import wait_for
from platform_assets_tests.support.services.missing import missing
from platform_assets_tests.support.services.ports import free_port

# What Debian starts it as; where the tests are no root, it is themselves.
USER = "mysql" if os.geteuid() == 0 else None
_PATH = os.pathsep.join([os.environ["PATH"], "/usr/sbin", "/usr/local/sbin"])


def find(name: str) -> str:
    """One of the server's programs; skips the test where it is not installed."""
    found = shutil.which(name, path=_PATH)
    if not found:
        missing("MariaDB", "apt-get install mariadb-server")
    return found


class MariaDB:
    """A server with one empty database, and a user who may do everything in it with a password; it can be killed."""

    def __init__(self, folder: Path, password: str) -> None:
        install, self.program = find("mariadb-install-db"), find("mariadbd")
        self.port = free_port()
        self.user, self.database, self.password = "loader", "shop", password
        self._folder = folder
        self._server: subprocess.Popen[bytes] | None = None
        if USER:
            shutil.chown(folder, USER)
        words = ["--no-defaults", f"--datadir={folder}/data", "--auth-root-authentication-method=normal"]
        words += ["--skip-test-db", *([f"--user={USER}"] if USER else [])]
        subprocess.run([install, *words], cwd=folder, check=True, capture_output=True)
        self.start()
        with self._as_root() as root, root.cursor() as cursor:
            cursor.execute(f"CREATE DATABASE {self.database}")
            cursor.execute("CREATE USER %s@'127.0.0.1' IDENTIFIED BY %s", (self.user, password))
            cursor.execute(f"GRANT ALL ON {self.database}.* TO %s@'127.0.0.1'", (self.user,))

    def _as_root(self) -> pymysql.Connection:  # type: ignore[type-arg]
        return pymysql.connect(unix_socket=f"{self._folder}/socket", user="root")

    def is_up(self) -> bool:
        """Whether the server takes connections."""
        try:
            self._as_root().close()
        except pymysql.OperationalError:
            return False
        return True

    def start(self) -> None:
        """Start the server and wait until it answers."""
        listen = [f"--port={self.port}", "--bind-address=127.0.0.1", f"--socket={self._folder}/socket"]
        small = ["--skip-name-resolve", "--innodb-buffer-pool-size=32M", "--innodb-flush-log-at-trx-commit=2"]
        words = ["--no-defaults", f"--datadir={self._folder}/data", *listen, *small]
        with (self._folder / "log").open("ab") as log:
            self._server = subprocess.Popen(
                [self.program, *words, *([f"--user={USER}"] if USER else [])],
                cwd=self._folder,
                stdout=log,
                stderr=log,
            )
        wait_for("MariaDB answers", self.is_up, longest=60)

    def kill(self) -> None:
        """End the server at once, and all its connections."""
        if self._server is not None:
            self._server.kill()
            self._server.wait(timeout=30)
            self._server = None


@contextmanager
def mariadb(password: str) -> Iterator[MariaDB]:
    """A running server; it and all that was written to it are gone at the end."""
    # Not below pytest's folders, which the user `mysql` may not enter.
    with tempfile.TemporaryDirectory(prefix="mariadb_") as folder:
        server = None
        try:
            server = MariaDB(Path(folder), password)
            yield server
        finally:
            if server:
                server.kill()
