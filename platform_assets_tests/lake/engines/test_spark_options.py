"""What Apache Spark is started with: options, Java, jars, and what is refused before anything starts."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import pytest
from pydantic import ValidationError
from pyspark.sql import SparkSession

from platform_assets.errors import PlatformError, TemporaryError
from platform_assets.lake.engines.spark import Spark, SparkConnect
from platform_assets.lake.engines.spark_options import refuse_lost_options
from platform_assets.settings import Settings
from platform_assets_tests.support.lake.fresh_process import in_a_process_of_its_own
from platform_assets_tests.support.lake.other_sessions import OPTIONS
from platform_assets_tests.support.services.ports import free_port

PACKAGES = "spark.jars.packages"


def settings(**words: Any) -> Settings:
    """Settings of the `spark` engine that nothing outside the test decides."""
    return Settings(_env_file=None, **({"engine": "spark"} | words))


def put_java(folder: Path, version: str) -> None:
    """A `java` that says it is of some version."""
    folder.mkdir(parents=True)
    java = folder / "java"
    java.write_text(f"#!/bin/sh\necho 'openjdk version \"{version}\" 2020-01-01' >&2\n")
    java.chmod(0o755)


@pytest.fixture
def java(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, other_client: None) -> None:
    """A machine that has Java 17, and nothing in its environment that concerns Spark, or whom it trusts."""
    put_java(tmp_path / "java" / "bin", "17.0.1")
    monkeypatch.setenv("JAVA_HOME", str(tmp_path / "java"))
    for name in [name for name in os.environ if name.startswith(("SPARK_", "AWS_CA_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("SPARK_LOCAL_IP", "127.0.0.1")


@pytest.mark.usefixtures("java")
@pytest.mark.parametrize("home", [None, "/no/such/java"])
def test_spark_without_java_says_what_to_do(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, home: str | None) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("JAVA_HOME")
    if home:
        monkeypatch.setenv("JAVA_HOME", home)
    with pytest.raises(PlatformError, match=r"needs Java 17 or newer .*, and there is none: install it, or set "):
        Spark(settings()).spark_config()


@pytest.mark.usefixtures("java")
@pytest.mark.parametrize(
    ("version", "named"), [("11.0.2", "Java 11"), ("1.8.0_292", "Java 8"), ("16", "Java 16"), ("x", "not tell its")]
)
def test_a_java_that_is_too_old_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, version: str, named: str
) -> None:
    put_java(tmp_path / "old" / "bin", version)
    monkeypatch.setenv("JAVA_HOME", str(tmp_path / "old"))
    with pytest.raises(PlatformError, match=rf"needs Java 17 or newer in JAVA_HOME=.*/old, and .*/bin/java .*{named}"):
        Spark(settings()).spark_config()


@pytest.mark.usefixtures("java")
@pytest.mark.parametrize("version", ["17", "21.0.2", "25-ea"])
def test_a_newer_java_will_do(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, version: str) -> None:
    put_java(tmp_path / "new" / "bin", version)
    monkeypatch.setenv("JAVA_HOME", str(tmp_path / "new"))
    assert Spark(settings()).spark_config()["spark.master"] == "local[*]"


def test_a_spark_connect_server_needs_no_java_here_and_gets_no_option_that_it_has_itself(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("JAVA_HOME", raising=False)
    wanted = settings(spark_master="sc://spark:15002", spark_config={"spark.sql.ansi.enabled": "true"})
    assert SparkConnect(wanted).spark_config() == {
        "spark.sql.session.timeZone": "UTC",
        "spark.remote": "sc://spark:15002",
        "spark.databricks.delta.snapshotPartitions": "2",
        "spark.sql.ansi.enabled": "true",
    }


def test_a_spark_connect_server_that_does_not_answer_is_named_without_its_token() -> None:
    address = f"sc://127.0.0.1:{free_port()}"
    with pytest.raises(TemporaryError, match=f"No Spark Connect server answers at {address} \\(") as failed:
        print(SparkConnect(settings(spark_master=f"{address}/;token=secret")).session)
    assert "secret" not in str(failed.value)


@pytest.mark.usefixtures("java")
def test_options_of_the_user_win_over_those_of_the_platform() -> None:
    own = {"spark.sql.shuffle.partitions": "7", "spark.driver.memory": "3g", PACKAGES: "a:b:1"}
    config = Spark(settings(spark_master="yarn", spark_config=own)).spark_config()
    assert config.items() >= own.items()
    assert config["spark.master"] == "yarn"
    assert config["spark.sql.session.timeZone"] == "UTC"


@pytest.mark.parametrize(
    ("option", "value", "said"),
    [
        ("spark.sql.session.timeZone", "Europe/Berlin", "is Europe/Berlin: it must be UTC"),
        ("spark.master", "local", "set PLATFORM_SPARK_MASTER instead"),
        ("spark.remote", "sc://host", "set PLATFORM_SPARK_MASTER instead"),
    ],
)
def test_an_option_that_would_break_the_platform_is_refused(option: str, value: str, said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        settings(spark_config={option: value})


@pytest.mark.usefixtures("java")
@pytest.mark.parametrize("name", ["SPARK_REMOTE", "SPARK_CONNECT_MODE_ENABLED"])
def test_a_variable_that_leads_spark_to_another_server_is_refused(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(name, "sc://elsewhere")
    with pytest.raises(PlatformError, match=f"{name} in the environment would lead Spark past PLATFORM_SPARK_MASTER"):
        Spark(settings()).spark_config()


@pytest.mark.usefixtures("java")
def test_spark_loads_its_jars_itself_and_those_of_s3_only_where_something_lies_there() -> None:
    local = Spark(settings()).spark_config()
    assert local[PACKAGES].startswith("io.delta:delta-spark_4.2_2.13:")
    assert "hadoop" not in local[PACKAGES]
    assert "hadoop-client-api" in local["spark.jars.excludes"]
    for place in ("landing", "lake", "exports"):
        assert ",org.apache.hadoop:hadoop-aws:" in Spark(settings(**{place: "s3://bucket"})).spark_config()[PACKAGES]


@pytest.mark.usefixtures("java")
def test_all_jars_of_a_folder_are_taken_and_none_is_loaded(tmp_path: Path) -> None:
    folder = tmp_path / "my jars"
    folder.mkdir()
    for name in ("delta-spark_4.2.jar", "a.jar", "notes.txt"):
        (folder / name).touch()
    config = Spark(settings(spark_jars=str(folder))).spark_config()
    assert PACKAGES not in config
    assert config["spark.jars"].split(",") == [(folder / name).as_uri() for name in ("a.jar", "delta-spark_4.2.jar")]


@pytest.mark.usefixtures("java")
@pytest.mark.parametrize("there", [True, False])
def test_a_folder_without_jars_is_an_error_that_says_what_to_do(tmp_path: Path, there: bool) -> None:
    folder = tmp_path / "jars"
    if there:
        folder.mkdir()
    with pytest.raises(PlatformError, match=f"There is no jar in PLATFORM_SPARK_JARS={folder}: put Delta's jars there"):
        Spark(settings(spark_jars=str(folder))).spark_config()


def other_session(kind: str, *words: str) -> dict[str, Any]:
    """What engines say of a session of some kind that their process has already."""
    done = in_a_process_of_its_own("platform_assets_tests.support.lake.other_sessions", kind, *words)
    assert done.returncode == 0, done.stderr
    seen: dict[str, Any] = json.loads(done.stdout)
    return seen


@pytest.mark.java
def test_a_session_with_the_same_options_is_used_and_left_alone_and_one_with_others_is_an_error(jars: Path) -> None:
    seen = other_session("classic", str(jars))
    assert (seen["same"], seen["is used"], seen["works when stopped"]) == ("", True, 3)
    assert seen["other"].splitlines()[1:-1] == [
        "  - spark.sql.session.timeZone is Europe/Berlin there, not UTC",
        "  - spark.master is local[1] there, not local[2]",
        f"  - spark.sql.shuffle.partitions is 3 there, not {os.cpu_count()}",
    ]
    assert "Stop it first" in seen["other"]
    assert "which the platform did not start and cannot use for PLATFORM_ENGINE=sail" in seen["sail"]
    assert (seen["options"], seen["works"]) == (OPTIONS, 3)


def test_a_session_on_another_server_is_an_error_and_never_used() -> None:
    seen = other_session("connect")
    assert "which the platform did not start and cannot use for PLATFORM_ENGINE=sail" in seen["sail"]
    assert "which the platform did not start and cannot use for PLATFORM_ENGINE=spark" in seen["connect"]
    assert "would lead Spark past PLATFORM_SPARK_MASTER" in seen["other"]
    assert (seen["options"], seen["works"]) == (OPTIONS, 3)


@pytest.mark.usefixtures("java")
def test_a_folder_of_jars_without_delta_is_told_before_anything_starts(tmp_path: Path) -> None:
    (tmp_path / "hadoop-aws.jar").touch()
    told = f"None of the 1 jars in PLATFORM_SPARK_JARS={tmp_path} is delta-spark: put Delta's jars there"
    with pytest.raises(PlatformError, match=told):
        Spark(settings(spark_jars=str(tmp_path))).spark_config()


@pytest.mark.usefixtures("java")
def test_a_spark_home_that_is_none_is_told_before_anything_starts(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SPARK_HOME", str(tmp_path))
    with pytest.raises(PlatformError, match=f"SPARK_HOME={tmp_path} has no bin/spark-submit: correct it, or unset it"):
        Spark(settings()).spark_config()
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "spark-submit").touch()
    assert Spark(settings()).spark_config()


def test_what_options_keep_secret_is_in_no_refusal_of_a_server() -> None:
    class Session:
        """A session that takes no option."""

        def __init__(self) -> None:
            self.conf: Mapping[str, str] = {"spark.hadoop.fs.s3a.access.key": "secret-there"}

    given = {"spark.hadoop.fs.s3a.access.key": "secret-key", "spark.x": "1", "spark.y": "https://me:secret-pass@host"}
    with pytest.raises(PlatformError, match=r"spark\.x is not set there, not 1") as refused:
        refuse_lost_options(cast("SparkSession", Session()), settings(spark_config=given))
    assert "spark.hadoop.fs.s3a.access.key is ********** there, not **********" in str(refused.value)
    assert "secret" not in str(refused.value)


@pytest.mark.usefixtures("java")
def test_a_standalone_cluster_without_a_master_is_told_before_java_is_started() -> None:
    url = f"spark://127.0.0.1:{free_port()},127.0.0.1:{free_port()}"
    with pytest.raises(TemporaryError, match="No master of a standalone cluster answers at spark://127") as told:
        Spark(settings(spark_master=url)).spark_config()
    assert "correct PLATFORM_SPARK_MASTER" in str(told.value)
