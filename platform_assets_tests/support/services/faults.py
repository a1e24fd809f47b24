"""A proxy before an S3 server that notes what it is asked, and answers errors of its own when a test says so."""

from __future__ import annotations

import http.client
import re
import ssl
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread

from platform_assets_tests.support.services.s3 import S3Server

_HOP_BY_HOP = {"connection", "keep-alive", "proxy-connection", "transfer-encoding", "content-length", "expect"}


@dataclass(frozen=True)
class Fault:
    """An answer instead of the server's: HTTP status, S3 error code and message (the code, if there is none).

    `done`: the server does what it was asked, only its answer is lost. `cut`: its answer ends in the middle.
    """

    status: int = 500
    code: str = "InternalError"
    done: bool = False
    cut: bool = False
    said: str = ""


@dataclass
class Faults:
    """Which requests fail: `choose` is asked, with a request's number from 1 on, its method and its path.

    `hosts` are those that were called, as the requests name them, with the programs that called each.
    `refused` is why clients did not trust it.
    """

    endpoint: str
    choose: Callable[[int, str, str], Fault | None]
    requests: int = 0
    refused: list[str] = field(default_factory=list)
    hosts: dict[str, Counter[str]] = field(default_factory=dict)
    injected: list[tuple[Fault, str, str]] = field(default_factory=list)
    _lock: Lock = field(default_factory=Lock)

    def next(self, method: str, path: str, host: str, program: str) -> Fault | None:
        """The fault for a request, None when it is to be answered by the server."""
        with self._lock:
            self.requests += 1
            self.hosts.setdefault(host, Counter())[program] += 1
            fault = self.choose(self.requests, method, path)
            if fault:
                self.injected.append((fault, method, path))
            return fault


@contextmanager
def faulty(
    server: S3Server, choose: Callable[[int, str, str], Fault | None], tls: ssl.SSLContext | None = None
) -> Iterator[Faults]:
    """A proxy of a server, stopped at the end; it answers at an address of its own, and as an HTTP proxy for any.

    Of the hosts that are called by HTTPS it takes the place, if it is given certificates for them.
    """

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0)) or self.chunks()
            # A client that takes it for an HTTP proxy puts the host before the path. What is signed is `Host` alone.
            path = re.sub("^https?://[^/]*", "", self.path)
            program = (self.headers.get("User-Agent") or "").split("/")[0]
            fault = faults.next(self.command, path, self.headers["Host"], program)
            if fault is None or fault.done or fault.cut:
                upstream = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
                upstream.putrequest(self.command, path, skip_host=True, skip_accept_encoding=True)
                for name, value in self.headers.items():
                    if name.lower() not in _HOP_BY_HOP:
                        upstream.putheader(name, value)
                upstream.putheader("Content-Length", str(len(body)))
                upstream.endheaders(body)
                answer = upstream.getresponse()
                headers, content = answer.getheaders(), answer.read()
                status, length = answer.status, answer.getheader("Content-Length") or "0"
                upstream.close()
            if fault is not None and not fault.cut:
                text = f"<Error><Code>{fault.code}</Code><Message>{fault.said or fault.code}</Message></Error>"
                status, headers, content = fault.status, [("Content-Type", "application/xml")], text.encode()
                length = str(len(content))
            self.send_response_only(status)
            for name, value in headers:
                if name.lower() not in _HOP_BY_HOP:
                    self.send_header(name, value)
            self.send_header("Content-Length", length if self.command == "HEAD" else str(len(content)))
            self.end_headers()
            if fault is not None and fault.cut:
                self.wfile.write(content[: len(content) // 2])
                self.close_connection = True
            elif self.command != "HEAD":
                self.wfile.write(content)

        do_GET = do_PUT = do_POST = do_HEAD = do_DELETE = answer

        def chunks(self) -> bytes:
            """A body whose length is not told beforehand."""
            parts = [b""]
            if self.headers.get("Transfer-Encoding") == "chunked":
                while length := int(self.rfile.readline(), 16):
                    parts.append(self.rfile.read(length))
                    self.rfile.readline()
                self.rfile.readline()
            return b"".join(parts)

        def do_CONNECT(self) -> None:
            if tls is None:
                faults.next(self.command, self.path, self.path, "")
                self.send_error(403)
                return
            self.send_response_only(200)
            self.end_headers()
            try:
                self.connection = tls.wrap_socket(self.connection, server_side=True)
            except ssl.SSLError as error:
                faults.refused.append(error.reason)
                self.close_connection = True
                return
            self.rfile = self.connection.makefile("rb")
            self.wfile = self.connection.makefile("wb", buffering=0)
            self.close_connection = False

        def log_message(self, format: str, *arguments: object) -> None:
            """Nothing."""

    proxy = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    proxy.daemon_threads = True
    faults = Faults(f"http://127.0.0.1:{proxy.server_port}", choose)
    Thread(target=proxy.serve_forever, daemon=True).start()
    try:
        yield faults
    finally:
        proxy.shutdown()
        proxy.server_close()
