"""What a session does when its server no longer answers: how soon it sees that, and for how long it tries again."""

from __future__ import annotations

import time
import warnings

from pyspark.sql import SparkSession
from pyspark.sql.connect.client import ChannelBuilder
from pyspark.sql.connect.client.retries import DefaultPolicy

PATIENCE = 20.0
"""Seconds for which a server that has answered before may be away."""
# After so many seconds without a failure the next one is of another outage. An attempt may take 25.
_QUIET = 60.0
# A server that died with its machine closes no connection: it is asked for a sign of life, in milliseconds.
_SIGNS_OF_LIFE = {
    "grpc.keepalive_time_ms": 10_000,
    "grpc.keepalive_timeout_ms": 10_000,
    "grpc.http2.max_pings_without_data": 0,
    "grpc.http2.ping_timeout_ms": 10_000,
    # How long an attempt to connect may take, and how long the client waits before the next.
    "grpc.min_reconnect_backoff_ms": 5_000,
    "grpc.max_reconnect_backoff_ms": 2_000,
}
_DEFAULTS = dict(ChannelBuilder.GRPC_DEFAULT_OPTIONS)


class Patience(DefaultPolicy):
    """Tries again for `PATIENCE` seconds in all, whatever is asked of the server meanwhile.

    The client's own policy tries each request for ten minutes (workaround: connect-tries-ten-minutes).
    """

    def __init__(self) -> None:
        super().__init__(max_retries=None, max_backoff=2_000)
        self._since = self._last = float("-inf")

    def can_retry(self, e: BaseException) -> bool:
        """Whether an error may be gone soon; the time counts from the first that came after quiet times."""
        if not super().can_retry(e):
            return False
        now = time.monotonic()
        if now - self._last > _QUIET:
            self._since = now
        self._last = now
        return now - self._since < PATIENCE


def expect(*, of_this_process: bool = False) -> None:
    """Let the sessions that are made from now on see when their server is gone.

    A server `of_this_process` is not asked: it cannot outlive the process, and does not answer while it is busy.
    """
    signs = {} if of_this_process else _SIGNS_OF_LIFE
    ChannelBuilder.GRPC_DEFAULT_OPTIONS[:] = (_DEFAULTS | signs).items()
    warnings.filterwarnings("ignore", message=r"\[RETRIES_EXCEEDED\]")


def bear(session: SparkSession) -> None:
    """Let a session try again for a while, and not longer."""
    session.client.set_retry_policies([Patience()])
