"""How Spark's process is started: its jars are asked for once, its log is quiet, its secrets are nobody else's."""

from __future__ import annotations

import contextlib
import os
import stat
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import psutil
import pytest

from platform_assets.errors import PlatformError, TemporaryError
from platform_assets.lake.engines import spark_start
from platform_assets.lake.engines.engine import Engine
from platform_assets.lake.engines.spark import Spark
from platform_assets.lake.engines.spark_start import (
    PACKAGES,
    hidden_secrets,
    in_utf8,
    quiet,
    require_whole_jars,
    with_jars,
)
from platform_assets_tests.support.lake.fresh_process import in_a_process_of_its_own
from platform_assets_tests.support.settings import settings_for

ASKED = {PACKAGES: "a:b:1,c:d:2", "spark.jars.excludes": "e:f", "spark.x": "1"}


@pytest.fixture
def submit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A Spark that says which jars packages are, and writes down what it was asked; nothing is known from before."""
    monkeypatch.setenv("SPARK_HOME", str(tmp_path / "spark"))
    monkeypatch.delenv("SPARK_CONF_DIR", raising=False)
    monkeypatch.setattr(spark_start, "user_cache_path", lambda name: tmp_path / "cache" / name)
    jars = [tmp_path / "jars of it" / name for name in ("b-1.jar", "d-2.jar")]
    for jar in jars:
        archive(jar)
    says(tmp_path, f"echo '(spark.jars,{','.join(jar.as_uri() for jar in jars)})'")
    return tmp_path


def says(root: Path, line: str) -> None:
    """Let `spark-submit` do that when it was asked."""
    program = root / "spark" / "bin" / "spark-submit"
    program.parent.mkdir(parents=True, exist_ok=True)
    program.write_text(f'#!/bin/sh\necho "$@" >> {root}/asked.txt\n{line}\n')
    program.chmod(0o755)


def asked(root: Path) -> list[str]:
    """What Spark was asked, a line each time."""
    log = root / "asked.txt"
    return log.read_text().splitlines() if log.exists() else []


def test_packages_are_asked_for_once_and_their_jars_taken_every_time(
    submit: Path, caplog: pytest.LogCaptureFixture
) -> None:
    jars = ",".join((submit / "jars of it" / name).as_uri() for name in ("b-1.jar", "d-2.jar"))
    assert with_jars(ASKED) == {"spark.x": "1", "spark.jars": jars}
    assert with_jars(ASKED | {"spark.jars": "/own.jar"}) == {"spark.x": "1", "spark.jars": f"/own.jar,{jars}"}
    (only,) = asked(submit)
    assert f"--conf {PACKAGES}=a:b:1,c:d:2 --conf spark.jars.excludes=e:f" in only
    assert "spark.x" not in only
    assert caplog.messages == ["Spark loads a:b:1 and c:d:2 from the Java registry: once, and then they are kept."]


def test_other_packages_and_jars_that_are_gone_are_asked_for_again(submit: Path) -> None:
    with_jars(ASKED)
    with_jars(ASKED | {PACKAGES: "a:b:2"})
    assert len(asked(submit)) == 2
    (submit / "jars of it" / "b-1.jar").unlink()
    with_jars(ASKED)
    assert len(asked(submit)) == 3


@pytest.mark.parametrize("option", ["spark.jars.excludes", "spark.jars.repositories", "spark.jars.ivySettings"])
def test_packages_are_asked_for_again_when_they_are_to_be_found_in_another_way(submit: Path, option: str) -> None:
    for value in ("one", "other", "one"):
        with_jars(ASKED | {option: value})
    assert [f"{option}={value}" in said for said, value in zip(asked(submit), ("one", "other"), strict=True)] == [
        True
    ] * 2


def test_without_packages_nothing_is_asked_for(submit: Path) -> None:
    assert with_jars({"spark.jars": "/a.jar"}) == {"spark.jars": "/a.jar"}
    assert asked(submit) == []


def test_a_registry_that_does_not_answer_is_told_with_the_way_out_and_asked_again_next_time(submit: Path) -> None:
    says(submit, "echo ':: unresolved dependency: a#b;1: not found'; exit 1")
    for _ in range(2):
        with pytest.raises(
            TemporaryError, match=r"Spark could not load a:b:1,c:d:2 .*unresolved dependency: a#b;1"
        ) as told:
            with_jars(ASKED)
        assert "set PLATFORM_SPARK_JARS" in str(told.value)
    assert len(asked(submit)) == 2


def test_jars_are_taken_though_nothing_can_be_remembered(submit: Path, caplog: pytest.LogCaptureFixture) -> None:
    (submit / "cache").touch()
    assert "b-1.jar" in with_jars(ASKED)["spark.jars"]
    assert "Spark will load its jars again next time" in caplog.messages[-1]


def test_the_log_is_set_up_unless_somebody_has_done_so(submit: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (option,) = quiet({}).values()
    assert option.startswith("-Dlog4j2.configurationFile=file:///")
    assert Path(option.removeprefix("-Dlog4j2.configurationFile=file://")).is_file()
    for conf in (submit / "spark" / "conf", submit / "etc"):
        conf.mkdir()
        (conf / "log4j2.xml").touch()
        assert quiet({}) == {}
        (conf / "log4j2.xml").unlink()
        assert quiet({})
        monkeypatch.setenv("SPARK_CONF_DIR", str(submit / "etc"))


def test_the_log_is_set_up_along_with_other_options_of_java_which_win(
    submit: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = "spark.driver.defaultJavaOptions"
    told = quiet({name: "-Dmine=1", "spark.x": "1"})
    assert told["spark.x"] == "1"
    assert told[name].startswith("-Dlog4j2.configurationFile=file:///")
    assert told[name].endswith(" -Dmine=1")


SECRETS = {"spark.hadoop.fs.s3a.secret.key": "a b=c\\d:é", "spark.proxy": "http://me:secret@host"}


def test_secrets_are_in_a_file_of_their_own_for_as_long_as_spark_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYSPARK_SUBMIT_ARGS", "--name mine pyspark-shell")
    with hidden_secrets(SECRETS | {"spark.x": "1"}) as told:
        assert told == {"spark.x": "1"}
        words = os.environ["PYSPARK_SUBMIT_ARGS"].split()
        assert words[:2] == ["--load-spark-defaults", "--properties-file"]
        assert words[3:] == ["--name", "mine", "pyspark-shell"]
        file = Path(words[2])
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert file.read_text().splitlines() == [
            r"spark.hadoop.fs.s3a.secret.key=a\ b\=c\\d\:é",
            r"spark.proxy=http\://me\:secret@host",
        ]
    assert not file.exists()
    assert os.environ["PYSPARK_SUBMIT_ARGS"] == "--name mine pyspark-shell"


def test_secret_options_of_java_are_in_a_file_that_java_itself_reads() -> None:
    words = "-Da=1 -Dx.trustStorePassword='of nobody\"s'"
    with hidden_secrets({"spark.driver.extraJavaOptions": words, "spark.x": "1"}) as told:
        at, file = told["spark.driver.extraJavaOptions"][:1], Path(told["spark.driver.extraJavaOptions"][1:])
        assert (at, told["spark.x"]) == ("@", "1")
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert file.read_text() == '"-Da=1"\n"-Dx.trustStorePassword=of nobody\\"s"\n'
    assert not file.exists()


def test_a_spark_that_does_not_start_leaves_no_secrets_and_the_environment_as_it_was(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PYSPARK_SUBMIT_ARGS", "--name mine pyspark-shell")
    files = []

    def fails() -> None:
        files.append(Path(os.environ["PYSPARK_SUBMIT_ARGS"].split()[2]))
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), hidden_secrets(SECRETS):
        fails()
    assert [file.exists() for file in files] == [False]
    assert os.environ["PYSPARK_SUBMIT_ARGS"] == "--name mine pyspark-shell"


def test_without_secrets_spark_is_started_as_the_environment_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PYSPARK_SUBMIT_ARGS", raising=False)
    with hidden_secrets({"spark.x": "1"}) as told:
        assert told == {"spark.x": "1"}
        assert "PYSPARK_SUBMIT_ARGS" not in os.environ
    with hidden_secrets(SECRETS):
        assert "PYSPARK_SUBMIT_ARGS" in os.environ
    assert "PYSPARK_SUBMIT_ARGS" not in os.environ


def archive(path: Path) -> Path:
    """A whole jar."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with ZipFile(path, "w") as jar:
        jar.writestr("META-INF/MANIFEST.MF", "Manifest-Version: 1.0\n" * 50)
    return path


def cut(path: Path) -> Path:
    """A jar that a full disk or a lost connection has cut short."""
    path.write_bytes(archive(path).read_bytes()[:-30])
    return path


def test_a_jar_that_is_cut_short_is_named_with_what_it_was_copied_from(tmp_path: Path) -> None:
    whole = archive(tmp_path / "ivy" / "jars" / "a_b-1.jar")
    archive(tmp_path / "ivy" / "cache" / "a" / "b" / "jars" / "b-1.jar")
    require_whole_jars({"spark.jars": f"{whole.as_uri()},https://host/other.jar,/no/such.jar"})
    require_whole_jars({})
    broken = cut(tmp_path / "ivy" / "jars" / "c_d-2.jar")
    options = {"spark.jars": f"{whole.as_uri()},{broken.as_uri()}"}
    with pytest.raises(PlatformError, match=f"^{broken} is cut short, or no jar: remove it, and Spark loads"):
        require_whole_jars(options)
    kept = cut(tmp_path / "ivy" / "cache" / "c" / "d" / "jars" / "d-2.jar")
    with pytest.raises(PlatformError, match=f"^{broken} and {kept} are cut short, or no jar: remove them"):
        require_whole_jars(options)


@pytest.mark.parametrize("from_a_folder", [False, True])
def test_spark_is_not_started_with_a_jar_that_is_cut_short(submit: Path, from_a_folder: bool) -> None:
    jar = cut(submit / "jars of it" / "d-2.jar")
    archive(submit / "jars of it" / "b-1.jar")
    config = {"spark.jars": jar.as_uri()} if from_a_folder else ASKED
    engine = Spark(settings_for(engine="spark"))
    with pytest.raises(PlatformError, match=f"{jar} is cut short"), engine.starting(config):
        raise AssertionError("it is started")


@pytest.mark.parametrize(
    ("locale", "inside"),
    [
        ({"LC_ALL": "C", "LANG": "de_DE.UTF-8"}, {"LC_ALL": "C.UTF-8", "LANG": "de_DE.UTF-8"}),
        ({"LANG": "POSIX"}, {"LC_CTYPE": "C.UTF-8", "LANG": "POSIX"}),
        ({}, {"LC_CTYPE": "C.UTF-8"}),
        ({"LANG": "de_DE.utf8"}, {"LANG": "de_DE.utf8"}),
    ],
)
def test_java_is_started_in_a_locale_in_which_it_finds_files_of_any_name(
    monkeypatch: pytest.MonkeyPatch, locale: dict[str, str], inside: dict[str, str]
) -> None:
    names = ("LC_ALL", "LC_CTYPE", "LANG")
    for name in names:
        monkeypatch.delenv(name, raising=False)
    for name, value in locale.items():
        monkeypatch.setenv(name, value)
    with in_utf8():
        assert {name: os.environ[name] for name in names if name in os.environ} == inside
    assert {name: os.environ[name] for name in names if name in os.environ} == locale


@pytest.mark.java
@pytest.mark.only("sail")
def test_spark_reads_files_of_any_name_also_in_the_plain_locale(tmp_path: Path) -> None:
    folder = tmp_path / "für é"
    folder.mkdir()
    (folder / "日.txt").write_text("a\n")
    variables = {"LC_ALL": "C", "PYTHONIOENCODING": "utf-8"}
    done = in_a_process_of_its_own(
        "platform_assets_tests.support.lake.odd_names", str(folder / "日.txt"), variables=variables
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert done.stdout.splitlines()[-1] == "a für é 日.txt"


@pytest.mark.only("spark")
def test_spark_knows_its_secrets_and_no_command_line_shows_them(engine: Engine) -> None:
    assert engine.session.conf.get("spark.test.password") == "for nobody: else"
    started = command_lines()
    (java,) = (words for words in started if "org.apache.spark.deploy.SparkSubmit" in words)
    assert "spark.sql.shuffle.partitions=1" in java
    assert "of nobody" not in " ".join(word for words in started for word in words)
    assert java_property(engine, "x.test.password") == "of nobody"
    assert "for nobody" not in " ".join(word for words in started for word in words)


def command_lines() -> list[list[str]]:
    """Of every process that this one has started, and that has not ended."""
    found = []
    for process in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess):  # a zombie is one, too
            found.append(process.cmdline())
    return found


def java_property(engine: Engine, name: str) -> Any:
    """What the session's Java was told by an option of its own."""
    return engine.session._jvm.java.lang.System.getProperty(name)  # type: ignore[union-attr]
