"""Where rejected rows stand in their files, when those are read again for the few that are shown."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from pyspark.sql import functions as F

from platform_assets.lake.engines.engine import Engine
from platform_assets.landing import rejected
from platform_assets.landing.counts import counted
from platform_assets.landing.first_look import LandedFile
from platform_assets.landing.rejected import Rows, Sample, message, samples

DAY = date(2026, 1, 5)


def test_a_file_that_is_gone_meanwhile_hides_no_row(engine: Engine, tmp_path: Path) -> None:
    file = LandedFile(DAY, "gone.csv", str(tmp_path / "gone.csv"))
    rows = engine.session.range(2).select(
        F.lit(DAY).alias("delivery_day"),
        F.lit("gone.csv").alias("source_file"),
        F.array(F.lit("malformed")).alias("violations"),
        F.concat(F.lit("line "), F.col("id").cast("string")).alias("raw"),
    )
    found = samples(Rows(rows), counted(rows, [file]))
    assert found == [Sample(DAY, "gone.csv", 0, "malformed", text) for text in ("line 0", "line 1")]
    assert str(found[0]) == "2026-01-05/gone.csv: malformed: line 0"


def test_a_message_names_the_first_few_rows_each_on_a_line() -> None:
    found = [Sample(DAY, "a.csv", number, "malformed", "x\ty\r") for number in range(1, 9)]
    assert message(found).count("\n") == rejected._IN_MESSAGE
    assert "2026-01-05/a.csv, line 1: malformed: x\\ty\\r\n" in message(found)
    assert message([]) == ""
