"""The life of an engine in a process of its own, run by a test: started, used, stopped and started again.

Prints a JSON object of what was seen. The first argument is the folder that the engine spills to.
"""

from __future__ import annotations

import json
import socket
import sys
import threading
import time
from pathlib import Path

from platform_assets.assets.resources import EngineResource
from platform_assets.lake.engines.running import start
from platform_assets.lake.engines.sail import Sail

ROWS = 2_000_000


def is_open(port: int) -> bool:
    """Whether something listens on a port of this machine."""
    with socket.socket() as connection:
        return connection.connect_ex(("127.0.0.1", port)) == 0


def main() -> None:
    """Live, and print what was seen."""
    spilled: set[str] = set()
    stopped = threading.Event()

    def watch() -> None:
        while not stopped.is_set():
            spilled.update(str(path) for path in Path(sys.argv[1]).rglob("*"))
            time.sleep(0.01)

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    engine = start()
    assert isinstance(engine, Sail)
    resource = EngineResource()
    # Sorted, not grouped: tasks that hand rows to each other may wait for ever when both are short of memory.
    hashes = engine.session.range(ROWS).selectExpr("md5(cast(id AS string)) AS hash")
    ranked = hashes.selectExpr("hash", "row_number() OVER (ORDER BY hash) AS rank")
    counted = ranked.selectExpr("max(rank) AS hashes", "min(hash) AS first").first()
    seen: dict[str, object] = {
        "one engine": start() is engine and resource.engine is engine,
        "one session": resource.spark_session is engine.session and engine.session is engine.session,
        "time zone": engine.session.conf.get("spark.sql.session.timeZone"),
        "hashes": counted["hashes"],
        "first": counted["first"],
    }
    stopped.set()
    watcher.join()
    port = engine._server.listening_address[1]
    time.sleep(2)
    seen |= {"after a rest": engine.session.range(3).count()}
    seen |= {"spilled": len(spilled) > 1, "listening": is_open(port)}
    engine.stop()
    engine.stop()
    seen |= {"listening when stopped": is_open(port), "again": engine.session.range(3).count()}
    print(json.dumps(seen))


if __name__ == "__main__":
    main()
