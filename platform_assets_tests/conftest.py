"""Fixtures that more than one folder of tests needs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from platform_assets.lake.engine import Engine, start
from platform_assets_tests.platform import Platform
from platform_assets_tests.services.s3 import S3Server, environment, s3_server, versitygw
from platform_assets_tests.services.spark import fill_with_jars, need_java


@pytest.fixture(scope="session")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server | None]:
    """The S3 server that the AWS variables of this process name; None where none is installed."""
    if versitygw() is None:
        yield None
        return
    # An engine that was started for a local platform does not know that this store speaks plain HTTP.
    plain = {"AWS_ALLOW_HTTP": "true"}
    with s3_server(tmp_path_factory.mktemp("s3")) as server, environment(server.environment | plain):
        yield server


@pytest.fixture
def bucket(aws: S3Server | None, tmp_path: Path) -> str:
    """The URL of an empty bucket of the test."""
    return (aws or S3Server(tmp_path)).make_bucket(f"test-{uuid4().hex[:12]}")


@pytest.fixture(params=["disk", "s3"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty folder of this machine, and an empty bucket: what holds of one must hold of the other."""
    return str(tmp_path) if request.param == "disk" else str(request.getfixturevalue("bucket"))


@pytest.fixture(scope="session")
def engine(aws: S3Server | None) -> Engine:
    """The engine of this test process."""
    return start()


@pytest.fixture
def platform(tmp_path: Path) -> Platform:
    """An empty platform whose web domain starts on 2026-01-01."""
    return Platform(tmp_path)


@pytest.fixture
def platforms(tmp_path: Path) -> Callable[..., Platform]:
    """Makes platforms of their own folder and settings: `platforms("name", web_hosts="bare")`."""

    def make(name: str, **settings: Any) -> Platform:
        return Platform(tmp_path / name, **settings)

    return make


@pytest.fixture(scope="session")
def official() -> Path:
    """The folder of the official inputs, which lies beside the repository and is no part of it."""
    folder = Path(__file__).resolve().parents[2] / "shared" / "data"
    if not folder.is_dir():
        pytest.skip(f"the official inputs are not on this machine: there is no {folder}")
    return folder


@pytest.fixture(scope="session")
def jars(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the jars of Delta, for `PLATFORM_SPARK_JARS`."""
    need_java()
    return fill_with_jars(tmp_path_factory.mktemp("jars"))
