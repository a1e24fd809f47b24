"""Purchases by the shared transform, timed: `python -m ...benchmarks.platform_purchases FOLDER OUT FIRST LAST`."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

from pyspark.sql import DataFrame

from platform_assets.lake.engines.engine import Engine
from platform_assets.lake.engines.running import start
from platform_assets.settings import Settings
from platform_assets.transforms import scd2

KEY, ATTRIBUTES = ["purchase_id"], ["product", "user", "date"]


def main(folder: Path, output: Path) -> dict[str, Any]:
    """Write the changes of the snapshot, and then the history of all changes."""
    engine = start(Settings(_env_file=None))
    session = engine.session
    session.range(1).count()
    began = time.perf_counter()
    so_far, snapshots = _read(engine, folder / "changes"), _read(engine, folder / "snapshots")
    found = scd2.changes(snapshots, so_far, key=KEY, attributes=ATTRIBUTES)
    found.write.parquet(str(output / "changes"))
    compared = time.perf_counter()
    new = _read(engine, output / "changes")
    versions = scd2.history(so_far.unionByName(new), key=KEY, attributes=ATTRIBUTES, own_date="date")
    versions.write.parquet(str(output / "history"))
    done = time.perf_counter()
    counts = {"changes": new.count(), "history": session.read.parquet(str(output / "history")).count()}
    steps = {"changes": round(compared - began, 2), "history": round(done - compared, 2)}
    return {"seconds": done - began, **counts, "steps": steps}


def _read(engine: Engine, folder: Path) -> DataFrame:
    """The rows of a folder, as those of tables are read."""
    return engine.without_constants(engine.session.read.parquet(str(folder)))


if __name__ == "__main__":
    print(json.dumps(main(Path(sys.argv[1]), Path(sys.argv[2]))))
