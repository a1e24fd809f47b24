"""An S3 server that makes a commit to a Delta table, and whose answer to that is lost, once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from platform_assets_tests.support.services.faults import Fault, Faults, faulty
from platform_assets_tests.support.services.s3 import S3Server


@contextmanager
def losing_the_answer_to_a_commit(server: S3Server) -> Iterator[Faults]:
    """A proxy of the server."""

    def first_commit(number: int, method: str, path: str) -> Fault | None:
        is_commit = method == "PUT" and "/_delta_log/" in path
        return Fault(500, "InternalError", done=True) if is_commit and not proxy.injected else None

    with faulty(server, first_commit) as proxy:
        yield proxy
