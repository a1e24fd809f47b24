"""A Spark that does not start with the options that it is given: why, and which to correct, in a sentence."""

from __future__ import annotations

from pathlib import Path

import pytest
from py4j.protocol import Py4JError
from pyspark.errors import PySparkRuntimeError
from pyspark.errors.exceptions.base import IllegalArgumentException

from platform_assets.errors import PlatformError
from platform_assets.lake.engines.spark_refusals import explained
from platform_assets_tests.support.settings import settings_for

GONE = PySparkRuntimeError(errorClass="JAVA_GATEWAY_EXITED", messageParameters={})
TRACE = """Error while instantiating 'SessionStateBuilder':

JVM stacktrace:
java.lang.IllegalArgumentException: Error while instantiating 'SessionStateBuilder':
\tat org.apache.spark.Something
Caused by: java.lang.IllegalArgumentException: spark.sql.shuffle.partitions should be int, but was two
\tat org.apache.spark.Other
"""


def said(error: Exception, options: dict[str, str] | None = None, **settings: object) -> str:
    """What is said of a Spark that fails to start."""
    own = settings_for((), engine="spark", spark_config=options or {}, **settings)
    with pytest.raises(PlatformError) as told, explained(own, options or {}):
        raise error
    assert told.value.__cause__ is None
    return str(told.value)


@pytest.fixture
def java(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A Spark that ends with what stands in a file."""
    program = tmp_path / "bin" / "spark-submit"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\necho "$@" > {tmp_path}/asked\ncat {tmp_path}/says >&2\nexit 1\n')
    program.chmod(0o755)
    monkeypatch.setenv("SPARK_HOME", str(tmp_path))
    return tmp_path


@pytest.mark.parametrize(
    ("lines", "why"),
    [
        (
            "Invalid maximum heap size: -Xmx4gg\nError: Could not create the Java Virtual Machine.",
            "Invalid maximum heap ",
        ),
        (
            'WARNING: x\nException in thread "main" org.apache.spark.XError: Memory must be positive 4gg\n\tat x',
            "Memory must be positive 4gg",
        ),
        ("Error: Not allowed to specify -Xmx4gg.\n\nUsage: spark-submit", "Not allowed to specify -Xmx4gg"),
        ("", "Java ended, and what it said stands above"),
    ],
)
def test_of_a_java_that_ends_at_once_its_own_reason_is_told_with_the_option(java: Path, lines: str, why: str) -> None:
    (java / "says").write_text(lines)
    options = {"spark.driver.memory": "4gg"} if lines else {}
    told = said(GONE, options)
    assert told.startswith(f"Spark did not start ({why}")
    if options:
        assert told.endswith("): correct spark.driver.memory in PLATFORM_SPARK_CONFIG.")
        assert "--conf spark.driver.memory=4gg --master local" in (java / "asked").read_text()
    else:
        assert told.endswith("): correct PLATFORM_SPARK_MASTER=local[*] or PLATFORM_ENGINE_MEMORY.")


def test_of_a_session_that_is_refused_the_last_cause_is_told_and_only_the_option_that_it_speaks_of() -> None:
    options = {"spark.x": "1234", "spark.sql.shuffle.partitions": "two"}
    told = said(IllegalArgumentException(TRACE), options)
    assert told == (
        "Spark did not start (spark.sql.shuffle.partitions should be int, but was two): correct "
        "spark.sql.shuffle.partitions in PLATFORM_SPARK_CONFIG."
    )


def test_a_reason_that_names_no_option_is_told_with_all_of_them() -> None:
    told = said(Py4JError("An error\n: org.apache.spark.SparkException: no way\n\tat x"), {"a.b": "1", "c.d": "2"})
    assert told == "Spark did not start (no way): correct a.b, c.d in PLATFORM_SPARK_CONFIG."


def test_what_is_no_refusal_of_spark_stays_what_it_is() -> None:
    with pytest.raises(KeyError), explained(settings_for(()), {}):
        raise KeyError("other")
