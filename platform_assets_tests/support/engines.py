"""How tests run Apache Spark: what makes it quick with few rows."""

from __future__ import annotations

import os

from platform_assets.lake.engines.running import start
from platform_assets.lake.engines.sail import Sail

# Java processes that live for minutes take less time when Java compiles less of itself, collects garbage with one
# thread, and believes that the jars hold classes as its compiler writes them. What Spark compiles for its queries needs
# more room than Java then takes for it by itself.
SHORT_LIVED = (
    "-XX:TieredStopAtLevel=1 -XX:ReservedCodeCacheSize=256m -XX:+UseSerialGC -XX:+UnlockDiagnosticVMOptions "
    "-XX:-BytecodeVerificationRemote"
)
# Slow with many rows.
SPARK_FOR_FEW_ROWS = {
    "spark.test.password": "for nobody: else",
    "spark.driver.extraJavaOptions": f"{SHORT_LIVED} '-Dx.test.password=of nobody'",
    "spark.default.parallelism": "1",
    "spark.sql.shuffle.partitions": "1",
    "spark.sql.adaptive.enabled": "false",
    "spark.databricks.delta.snapshotPartitions": "1",
}


def examples(number: int) -> int:
    """How many examples a property is tried on: fewer by Spark, which takes seconds for what Sail does at once.

    `TEST_EXAMPLES=10` tries ten times as many as are tried where a change must land in minutes.
    """
    times = int(os.environ.get("TEST_EXAMPLES", "1"))
    return times * (number if isinstance(start(), Sail) else max(2, number // 10))
