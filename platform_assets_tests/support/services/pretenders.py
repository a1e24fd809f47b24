"""Servers that answer in place of a store, or of a service that gives out credentials, as a test says."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread


@dataclass(frozen=True)
class Answer:
    """What a server answers to a request."""

    status: int = 200
    content: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)


def error(status: int, code: str, said: str) -> Answer:
    """An error as Amazon's services answer it."""
    what = f"<Code>{code}</Code><Message>{said}</Message>"
    return Answer(status, f"<ErrorResponse><Error><Type>Sender</Type>{what}</Error></ErrorResponse>")


@contextmanager
def pretending(answer: Callable[[str, str], Answer]) -> Iterator[str]:
    """The address of a server that answers requests by their method and path, stopped at the end."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            given = answer(self.command, self.path)
            self.send_response_only(given.status)
            for name, value in given.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(given.content.encode())))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(given.content.encode())

        do_GET = do_PUT = do_POST = do_HEAD = do_DELETE = answer

        def log_message(self, format: str, *arguments: object) -> None:
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
