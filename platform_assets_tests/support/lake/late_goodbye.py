"""A session of Spark Connect that is stopped only when its process ends, run by a test; prints how many rows it saw."""

from __future__ import annotations

import atexit
from typing import Any

sessions: list[Any] = []
# What is registered first is called last: behind all that the client has registered itself.
atexit.register(lambda: sessions[0].stop())


def main() -> None:
    """Ask the session for something, and leave it."""
    from pysail.spark import SparkConnectServer
    from pyspark.sql import SparkSession

    server = SparkConnectServer(ip="127.0.0.1", port=0)
    server.start()
    host, port = server.listening_address
    sessions.extend([SparkSession.builder.remote(f"sc://{host}:{port}").getOrCreate(), server])
    print(sessions[0].range(3).count(), flush=True)


if __name__ == "__main__":
    main()
