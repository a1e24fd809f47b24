"""The engines: started once, bound in memory, stopped cleanly, and exact about file names."""

import gzip
import json
import os
import socket
from collections import Counter
from hashlib import md5
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pysail.spark
import pytest
from pydantic import ByteSize

from platform_assets.errors import PlatformError
from platform_assets.lake.engines import running as engines
from platform_assets.lake.engines.engine import Engine
from platform_assets.lake.engines.sail import Sail
from platform_assets.lake.engines.spark import Spark, SparkConnect
from platform_assets.settings import Settings
from platform_assets_tests.support.lake.engine_life import ROWS
from platform_assets_tests.support.lake.fresh_process import in_a_process_of_its_own


def settings(**words: Any) -> Settings:
    """Settings that nothing outside the test decides."""
    return Settings(_env_file=None, **words)


def test_a_process_has_one_engine_that_needs_no_proxy_spills_keeps_its_session_stops_and_starts(
    tmp_path: Path,
) -> None:
    bounds = {"PLATFORM_ENGINE": "sail", "PLATFORM_ENGINE_MEMORY": "128MiB", "PLATFORM_ENGINE_TEMP": str(tmp_path)}
    # Sail would forget a session that rests for a second, or whose query takes longer.
    bounds |= {"SAIL_SPARK__SESSION_TIMEOUT_SECS": "1"}
    # Nothing answers there.
    bounds |= {f"{kind}_proxy": "http://127.0.0.1:9" for kind in ("http", "https", "grpc", "all")}
    done = in_a_process_of_its_own("platform_assets_tests.support.lake.engine_life", str(tmp_path), variables=bounds)
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout) == {
        "one engine": True,
        "one session": True,
        "time zone": "UTC",
        "hashes": ROWS,
        "first": min(md5(str(n).encode(), usedforsecurity=False).hexdigest() for n in range(ROWS)),
        "after a rest": 3,
        "spilled": True,
        "listening": True,
        "listening when stopped": False,
        "again": 3,
    }
    assert list(tmp_path.iterdir()) == []


def test_memory_is_bound_before_the_server_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    environment: dict[str, str] = {}

    listener = socket.create_server(("127.0.0.1", 0))

    class Server:
        listening_address = listener.getsockname()

        def __init__(self, ip: str, port: int) -> None:
            environment.update(os.environ)

        def start(self) -> None:
            environment["started"] = "yes"

    for name in ("SAIL_RUNTIME__MEMORY_POOL__TYPE", "SAIL_RUNTIME__MEMORY_POOL__FAIR__MAX_SIZE"):
        monkeypatch.setenv(name, "unbounded")
    monkeypatch.setenv("SAIL_RUNTIME__TEMPORARY_FILES__PATHS", "[]")
    monkeypatch.setattr(pysail.spark, "SparkConnectServer", Server)
    config = Sail(settings(engine_memory=ByteSize(123_456_789), engine_temp="/spill")).spark_config()
    listener.close()
    port = Server.listening_address[1]
    assert config == {"spark.sql.session.timeZone": "UTC", "spark.remote": f"sc://127.0.0.1:{port}"}
    assert environment["started"] == "yes"
    assert environment["SAIL_RUNTIME__MEMORY_POOL__TYPE"] == "fair"
    assert environment["SAIL_RUNTIME__MEMORY_POOL__FAIR__MAX_SIZE"] == "123456789"
    assert environment["SAIL_RUNTIME__TEMPORARY_FILES__PATHS"] == '["/spill"]'


@pytest.mark.parametrize(
    ("engine_name", "master", "kind"),
    [("sail", "local[*]", Sail), ("spark", "spark://host:7077", Spark), ("spark", "sc://host:15002", SparkConnect)],
)
def test_the_settings_choose_the_engine(
    monkeypatch: pytest.MonkeyPatch, engine_name: str, master: str, kind: type[Engine]
) -> None:
    monkeypatch.setattr(engines, "_running", None)
    monkeypatch.setattr(engines, "atexit", SimpleNamespace(register=lambda stop: None))
    assert type(engines.start(settings(engine=engine_name, spark_master=master))) is kind


# Name of a file, and of one that the name would mean too, or instead, if it were a pattern or an encoded URL.
NAMES = {
    "a b": "ab",
    "[1]": "1",
    "what?": "whata",
    "*": "star",
    "{a,b}": "a",
    "a%20b": "a b",
    "100%": "100",
    "#1.txt": "1.txt",
    "jörg": "jorg",
    "it's": "its",
    "a:b": "b",
    "a+b&c=d;e": "a b",
    "~": "tilde",
    "a\\b": "ab",
}


@pytest.mark.parametrize("name", list(NAMES))
def test_exactly_the_named_file_is_read_whatever_characters_its_name_has(
    engine: Engine, tmp_path: Path, name: str
) -> None:
    for each in (name, NAMES[name]):
        (tmp_path / each).write_text(each)
        (tmp_path / f"{name} folder").mkdir(exist_ok=True)
        (tmp_path / f"{name} folder" / each).write_text(each)
    for path in (tmp_path / name, tmp_path / f"{name} folder" / name):
        (text,) = engine.texts([str(path)])
        assert text.collect() == [(name, path.parent.name, name)]


def test_the_lines_of_many_files_each_come_with_the_name_of_theirs(engine: Engine, tmp_path: Path) -> None:
    for n, name in enumerate(NAMES):
        (tmp_path / name).write_text(f"{n}\r\n\n{n} again\u2028\n")
    packed = gzip.compress(b"one\ntwo")
    (tmp_path / "packed.gz").write_bytes(packed)
    texts = engine.texts([f"{tmp_path}/{name}" for name in (*NAMES, "packed.gz")])
    lines = Counter((row["name"], row["value"]) for text in texts for row in text.collect())
    expected = Counter((name, line) for n, name in enumerate(NAMES) for line in (f"{n}\r", "", f"{n} again\u2028"))
    assert lines == expected + Counter([("packed.gz", "one"), ("packed.gz", "two")])
    assert engine.texts([]) == []


def test_tables_in_a_bucket_are_named_as_each_engine_wants_it() -> None:
    assert Sail(settings()).folder("s3://bucket/lake/web/x") == "s3://bucket/lake/web/x"
    assert Spark(settings()).folder("s3://bucket/lake/web/x") == "s3a://bucket/lake/web/x"


@pytest.mark.parametrize("variables", [{"MASTER": "local"}, {"SPARK_REMOTE": "sc://a", "SPARK_LOCAL_REMOTE": "1"}])
def test_variables_that_lead_spark_elsewhere_are_told_in_a_sentence(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str]
) -> None:
    class Elsewhere(Sail):
        def spark_config(self) -> dict[str, str]:
            return {"spark.remote": "sc://127.0.0.1:1"}

    monkeypatch.setattr("platform_assets.lake.engines.engine.active_session", lambda: None)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(PlatformError, match=f"PLATFORM_ENGINE=sail .*: unset {' and '.join(variables)}"):
        _ = Elsewhere(settings()).session
