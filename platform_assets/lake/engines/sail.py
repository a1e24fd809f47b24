"""Sail, the embedded engine: how its server starts in this process, and reads and writes files."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Mapping, Sequence
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import quote

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from platform_assets.lake.engines.engine import Engine
from platform_assets.lake.storage import absolute, any_on_s3, is_local
from platform_assets.settings import TIME_ZONE

_PLAIN = re.compile(r"[A-Za-z0-9/._=-]*")


class Sail(Engine):
    """The embedded engine: a Spark Connect server of this process, without Java."""

    is_of_this_process = True
    # Collected as garbage, the server would stop and its client wait for ever (workaround: sail-server-is-collected).
    _server: Any = None

    @cached_property
    def _links(self) -> tempfile.TemporaryDirectory[str]:
        return tempfile.TemporaryDirectory(prefix="platform_assets_")

    def spark_config(self) -> Mapping[str, str]:
        # All are read once, when the server starts. By itself, it would remove a session after five minutes without a
        # call, and its running query with it; now it waits 30 years (workaround: sail-removes-busy-sessions).
        os.environ["SAIL_SPARK__SESSION_TIMEOUT_SECS"] = str(10**9)
        # Without a bound the pool never spills.
        os.environ["SAIL_RUNTIME__MEMORY_POOL__TYPE"] = "fair"
        os.environ["SAIL_RUNTIME__MEMORY_POOL__FAIR__MAX_SIZE"] = str(int(self.settings.engine_memory))
        if self.settings.engine_temp:
            os.environ["SAIL_RUNTIME__TEMPORARY_FILES__PATHS"] = f'["{self.settings.engine_temp}"]'
        os.environ.setdefault("RUST_LOG", "error")
        self.reach(self.settings.places)
        from pysail.spark import SparkConnectServer

        self._server = SparkConnectServer(ip="127.0.0.1", port=0)
        self._server.start()
        host, port = self._server.listening_address
        return {TIME_ZONE: "UTC", "spark.remote": f"sc://{host}:{port}"}

    def reach(self, places: Mapping[str, str]) -> None:
        # Looked for in the environment when a store is first used.
        if any_on_s3(places):
            from platform_assets.lake.storage.s3 import delta_options

            told = {name: value for name, value in delta_options().items() if os.environ.get(name) != value}
            if told.get("AWS_ENDPOINT") == os.environ.get("AWS_ENDPOINT_URL"):
                told.pop("AWS_ENDPOINT", None)
            # The server reads the environment at any time: nothing is written there that stands there already. Other
            # libraries do not read AWS_ENDPOINT: with AWS_ENDPOINT_URL, they would look there for any service.
            os.environ |= told

    def folder(self, url: str) -> str:
        if not is_local(url) or _PLAIN.fullmatch(url):
            return url
        # Sail would write `my lake` into another folder, `my%20lake`: a link gives the folder a plain name
        # (workaround: sail-quoted-folders).
        parts = Path(absolute(url)).parts
        end = 1 + max(n for n, part in enumerate(parts) if not _PLAIN.fullmatch(part))
        odd = Path(*parts[:end])
        link = Path(self._links.name, sha256(str(odd).encode()).hexdigest())
        if not link.is_symlink():
            odd.mkdir(parents=True, exist_ok=True)
            link.symlink_to(odd)
        return str(link.joinpath(*parts[end:]))

    def texts(self, urls: Sequence[str]) -> list[DataFrame]:
        # It does not say which file a row is from (workaround: sail-no-file-of-a-row),
        # nor reads packed files along with others (workaround: sail-mixed-compression).
        return [self._text(url) for url in urls]

    def _text(self, url: str) -> DataFrame:
        # A bare path is a pattern, in which `[1]` or `?` would name other files, or none
        # (workaround: sail-no-escapes-in-paths).
        file = f"file://{quote(url)}" if is_local(url) else quote(url, safe="/:")
        folder, name = url.split("/")[-2:]
        rows = self.session.read.option("lineSep", "\n").text(file)
        return rows.select("value", F.lit(folder).alias("folder"), F.lit(name).alias("name"))

    def without_constants(self, rows: DataFrame) -> DataFrame:
        # What is the same in all rows by the file statistics, Sail makes a constant, and then fails where groups by
        # constants are aggregated again (workaround: sail-groups-by-constants). What the statistics say is in the way
        # of filters, too (workaround: sail-selectivity-out-of-limits). After a condition on chance (5 ns a row) nothing
        # is known.
        return rows.where("rand() >= 0")

    def with_columns_unknown(self, rows: DataFrame, columns: Sequence[str]) -> DataFrame:
        # (workaround: sail-hashes-of-constants)
        hidden = {name: F.when(F.rand() >= 0, F.col(name)) for name in columns}
        return rows.withColumns(hidden) if hidden else rows

    def stop(self) -> None:
        super().stop()
        if self._server is not None:
            self._server.stop()
            self._server = None

    def leave(self) -> None:
        # Not the session: from Python 3.12 on, its channel waits for ever for threads that have ended by then
        # (workaround: connect-waits-at-exit).
        if self._server is not None:
            self._server.stop()
