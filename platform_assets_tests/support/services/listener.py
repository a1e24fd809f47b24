"""Somebody who is sent notices: a web server that notes what it gets, and answers as a test says."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any


@dataclass
class Listener:
    """What has come, refused or not, and how it answers: by a status, after some seconds, with another place to ask."""

    port: int = 0
    status: int = 200
    seconds: float = 0.0
    elsewhere: str = ""
    heard: list[dict[str, Any]] = field(default_factory=list)
    refused: list[dict[str, Any]] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        """The address, as apprise writes those of web servers that take JSON."""
        return f"json://127.0.0.1:{self.port}/"

    @property
    def titles(self) -> list[str]:
        """The titles of what was taken, in order."""
        return [one["title"] for one in self.heard]


@contextmanager
def listening() -> Iterator[Listener]:
    """A listener on a port of this machine, stopped at the end."""
    listener = Listener()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            content = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            listener.paths.append(self.path)
            status = listener.status
            (listener.heard if status < 300 else listener.refused).append(content)
            time.sleep(listener.seconds)
            self.send_response_only(status)
            if listener.elsewhere:
                self.send_header("Location", listener.elsewhere)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def do_GET(self) -> None:
            listener.paths.append(self.path)
            self.send_response_only(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *arguments: object) -> None:
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    listener.port = server.server_port
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield listener
    finally:
        server.shutdown()
        server.server_close()
