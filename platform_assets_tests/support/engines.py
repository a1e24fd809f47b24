"""How tests run Apache Spark: what makes it quick with few rows."""

from __future__ import annotations

import os

from platform_assets.lake.engines.running import start
from platform_assets.lake.engines.sail import Sail

# Java takes less time when it collects garbage with one thread, and believes that the jars hold classes as its compiler
# writes them. What Spark compiles for its queries needs more room than Java then takes for it by itself.
_JAVA = "-XX:ReservedCodeCacheSize=256m -XX:+UseSerialGC -XX:+UnlockDiagnosticVMOptions -XX:-BytecodeVerificationRemote"
# Processes that live for seconds take less when Java compiles less of itself, too.
SHORT_LIVED = f"-XX:TieredStopAtLevel=1 {_JAVA}"


def _spark_for_few_rows(java: str) -> dict[str, str]:
    """Options of Spark that are slow with many rows."""
    return {
        "spark.test.password": "for nobody: else",
        "spark.driver.extraJavaOptions": f"{java} '-Dx.test.password=of nobody'",
        "spark.default.parallelism": "1",
        "spark.sql.shuffle.partitions": "1",
        "spark.sql.adaptive.enabled": "false",
        "spark.databricks.delta.snapshotPartitions": "1",
        # To compile each query takes a fourth of the time of all tests. On clusters, Spark is left as it is.
        "spark.sql.codegen.wholeStage": "false",
        "spark.sql.codegen.factoryMode": "NO_CODEGEN",
    }


SPARK_FOR_FEW_ROWS = _spark_for_few_rows(SHORT_LIVED)
SPARK_FOR_MANY_TESTS = _spark_for_few_rows(_JAVA)
"""Of the process that makes the tests itself, whatever they set."""


def examples(number: int) -> int:
    """How many examples a property is tried on: fewer by Spark, which takes seconds for what Sail does at once.

    `TEST_EXAMPLES=10` tries ten times as many as are tried where a change must land in minutes.
    """
    times = int(os.environ.get("TEST_EXAMPLES", "1"))
    return times * (number if isinstance(start(), Sail) else max(2, number // 10))
