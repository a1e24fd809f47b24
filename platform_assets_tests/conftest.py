"""Fixtures that more than one folder of tests needs, and the choice of the engine that this process tests."""

from __future__ import annotations

import gc
import os
import signal
import sys
from collections.abc import Callable, Iterator
from importlib.metadata import EntryPoints
from itertools import chain, groupby
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from platform_assets import registry
from platform_assets.assets import interrupts
from platform_assets.assets.files_tables import FilesTableDefinition
from platform_assets.lake import storage
from platform_assets.lake.engines import running
from platform_assets.lake.engines.engine import Engine
from platform_assets.lake.engines.running import start
from platform_assets.lake.storage import s3
from platform_assets.registry import found
from platform_assets.settings import Settings
from platform_assets_tests.support.bases import base, base_of, maria, postgresql
from platform_assets_tests.support.engines import SPARK_FOR_MANY_TESTS
from platform_assets_tests.support.packages import Packages
from platform_assets_tests.support.platforms import Platform
from platform_assets_tests.support.services.missing import missing, there
from platform_assets_tests.support.services.s3 import S3Server, environment, s3_server, versitygw
from platform_assets_tests.support.services.spark import INSTALL_JAVA, filled_with_jars, find_java
from platform_assets_tests.support.settings import settings_for

__all__ = ["base", "base_of", "maria", "postgresql"]
"""Fixtures that are written elsewhere."""

# What an engine does differently shows here. Other tests start processes with an engine of their own, test what no
# engine does, or need hundreds of runs, of which a cold Spark makes three a minute.
WITH_EVERY_ENGINE = (
    "domains/actions/test_actions_end_to_end.py",
    "domains/actions/test_dirty_actions.py",
    "contracts",
    "domains/telemetry/test_telemetry_end_to_end.py",
    "landing/test_any_delimited.py",
    "landing/test_any_file.py",
    "landing/test_dirty_lines.py",
    "landing/test_delimited.py",
    "landing/test_files.py",
    "landing/test_named_values.py",
    "landing/test_numbers_in_json.py",
    "landing/test_odd_good_lines.py",
    "landing/test_parsing.py",
    "landing/test_rejected.py",
    "lake/tables/test_growing_schemas.py",
    "lake/tables/test_one_day.py",
    "lake/test_audit.py",
    "lake/test_fingerprints.py",
    "lake/engines/test_engine.py",
    "lake/engines/test_spark_start.py",
    "lake/engines/test_workarounds_of_spark.py",
    "assets/test_explanations.py",
    "assets/test_io_managers.py",
    "exports/sql/test_spool.py",
    "lake/tables/test_schemas.py",
    "lake/tables/test_table.py",
    "lake/tables/test_values.py",
    "domains/listening/test_dirty_plays.py",
    "domains/listening/test_listening_end_to_end.py",
    "domains/purchases/test_purchases_end_to_end.py",
    "landing/test_rows_known_by_keys.py",
    "processes/test_engines_continue_each_other.py",
    "transforms/test_counts.py",
    "transforms/test_events.py",
    "transforms/test_lasting.py",
    "transforms/test_newest.py",
    "transforms/test_ranking.py",
    "transforms/test_scd2_any_history.py",
    "transforms/test_sessions.py",
    "transforms/test_times.py",
    "transforms/test_totals.py",
    "transforms/test_urls.py",
    "transforms/test_windows.py",
)
# Tests that wait for processes of their own, while the machine has nothing to do.
WITH_PROCESSES = ("deploy", "processes", "test_readme.py")
# Were they last, one worker would be at it long after the others.
LONGEST = (
    *("test_readme.py", "deploy/test_production.py", "processes/test_automation.py", "processes/test_cluster.py"),
    "plan/test_law_of_repair.py",
)


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--engine=spark` runs the tests that use an engine, and only these, with Apache Spark."""
    parser.addoption("--engine", choices=("sail", "spark"), default="sail", help="the engine that is tested")
    parser.addoption("--long", action="store_true", help="with Spark, also what takes it too long for every change")


def pytest_configure(config: pytest.Config) -> None:
    """Decide the engine of this process, before any test asks for it."""
    # What a shell starts in the background ignores SIGINT, and Dagster's processes would then ignore SIGTERM, too.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    chosen = config.getoption("engine")
    if chosen == "spark":
        if not find_java():
            pytest.exit(f"Java is missing: {INSTALL_JAVA}", returncode=1 if os.environ.get("CI") else 0)
        # What snapshots are of, no engine changes: the tests that look at them are left out.
        config.option.warn_unused_snapshots = True
    start(Settings(_env_file=None, engine=chosen, spark_config=SPARK_FOR_MANY_TESTS))


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave to the pass with Sail what no other engine can change; begin with what takes longest."""
    engine = config.getoption("engine")
    if engine == "sail":
        items[:] = _in_turn(items)
    long = config.getoption("long")
    chosen = [item for item in items if _is_for(engine, item) and (engine == "sail" or _uses_engine(item, long))]
    config.hook.pytest_deselected(items=[item for item in items if item not in chosen])
    items[:] = chosen


def _in_turn(items: list[pytest.Item]) -> Iterator[pytest.Item]:
    """The tests by their files: up to the middle one that waits after some that compute, so that no core is idle."""
    files = sorted(((place, list(its)) for place, its in groupby(items, _place)), key=lambda one: one[0] not in LONGEST)
    waiting = [its for place, its in files if place.startswith(WITH_PROCESSES)]
    computing = [its for place, its in files if not place.startswith(WITH_PROCESSES)]
    between = max(len(computing) // (2 * len(waiting) + 1), 1)
    for number, its in enumerate(computing):
        if number % between == 0 and waiting:
            yield from waiting.pop(0)
        yield from its
    yield from chain.from_iterable(waiting)


def pytest_collection_finish() -> None:
    """What has been loaded stays: Python need not look through all of it for garbage again and again."""
    gc.collect()
    gc.freeze()


def pytest_unconfigure() -> None:
    """What stayed may go."""
    gc.unfreeze()


def _place(item: pytest.Item) -> str:
    return item.path.relative_to(Path(__file__).parent).as_posix()


def _is_for(engine: str, item: pytest.Item) -> bool:
    """Whether a test, if it is about one engine only, is about this one."""
    only = item.get_closest_marker("only")
    return only is None or only.args == (engine,)


def _uses_engine(item: pytest.Item, long: bool) -> bool:
    fixtures = getattr(item, "fixturenames", ())
    # Spark must know a store before it starts: whole processes test that.
    on_s3 = "bucket" in fixtures or item.name.endswith("[s3]") or "[s3-" in item.name
    return "engine" in fixtures and (long or _place(item).startswith(WITH_EVERY_ENGINE)) and not on_s3


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip what is marked `java` where there is none."""
    if item.get_closest_marker("java") and not find_java():
        missing("Java", INSTALL_JAVA)


@pytest.fixture(autouse=True)
def told_to_stop_by_nobody() -> Iterator[None]:
    """That a test told this process to stop, the next ones do not feel."""
    yield
    if interrupts._is_told or hasattr(sys, "tracebacklimit"):
        interrupts._is_told = False
        vars(sys).pop("tracebacklimit", None)
        if engine := running.running():
            engine.goes_on()


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


@pytest.fixture
def other_client() -> Iterator[None]:
    """A test that changes the AWS variables: clients of before are not used, and its own by nobody after it."""
    caches = (s3.client, storage._reach, storage._try_conditional_writes)
    for cache in caches:
        cache.cache_clear()
    yield
    for cache in caches:
        cache.cache_clear()


@pytest.fixture(params=["disk", "s3"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty folder of this machine, and an empty bucket: what holds of one must hold of the other."""
    return str(tmp_path) if request.param == "disk" else str(request.getfixturevalue("bucket"))


@pytest.fixture(scope="session")
def engine(aws: S3Server | None) -> Engine:
    """The engine of this test process."""
    return start()


@pytest.fixture
def platform(engine: Engine, tmp_path: Path) -> Platform:
    """An empty platform whose web domain starts on 2026-01-01."""
    return Platform(tmp_path)


@pytest.fixture
def platforms(engine: Engine, tmp_path: Path) -> Callable[..., Platform]:
    """Makes platforms of their own folder and settings: `platforms("name", web_hosts="bare")`."""

    def make(name: str, **settings: Any) -> Platform:
        return Platform(tmp_path / name, **settings)

    return make


@pytest.fixture
def variable(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[[str, str], None]:
    """Sets an environment variable, in a folder without a `.env` file."""
    monkeypatch.chdir(tmp_path)
    return monkeypatch.setenv


@pytest.fixture(scope="session")
def official() -> Path:
    """The folder of the official inputs, which lies beside the repository and is no part of it."""
    return there(
        Path(__file__).resolve().parents[2] / "shared" / "data", "The folder of the official inputs", "put them there"
    )


@pytest.fixture(scope="session")
def jars(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """A folder with the jars of Delta, for `PLATFORM_SPARK_JARS`, which all workers of a run of the tests share."""
    own = tmp_path_factory.getbasetemp()
    return filled_with_jars((own if worker_id == "master" else own.parent) / "jars")


@pytest.fixture
def packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Packages:
    """No package but those that a test adds."""
    made = Packages(tmp_path, [])
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(registry, "entry_points", lambda: EntryPoints(made.entries))
    return made


@pytest.fixture
def load(packages: Packages) -> Callable[..., list[str]]:
    """Finds the domains with some settings, and tells what they declare."""

    def names(**settings: object) -> list[str]:
        domains = found(settings_for((), **settings))
        every = [declared for domain in domains for declared in domain.declared]
        return [declared.text_key for declared in every if not isinstance(declared, FilesTableDefinition)]

    return names
