"""Lets Spark read the text of a file, whatever its name is."""

from __future__ import annotations

import sys

from platform_assets.lake.engines.spark import Spark
from platform_assets.settings import Settings
from platform_assets_tests.support.engines import SPARK_FOR_FEW_ROWS


def read(file: str) -> None:
    """Print each line with the folder and the name that Spark knows its file by."""
    engine = Spark(Settings(_env_file=None, engine="spark", spark_master="local[1]", spark_config=SPARK_FOR_FEW_ROWS))
    for row in engine.texts([file])[0].collect():
        print(row.value, row.folder, row.name)
    engine.stop()


if __name__ == "__main__":
    read(sys.argv[1])
