"""The one engine of a process: it is that of the settings, and nobody gets another without being told."""

from __future__ import annotations

from pathlib import Path
from types import MethodType

import dagster as dg
import pytest

from platform_assets.assets.resources import EngineResource
from platform_assets.errors import PlatformError
from platform_assets.lake.engines import running
from platform_assets.lake.engines.engine import Engine
from platform_assets.lake.engines.sail import Sail
from platform_assets.lake.engines.spark import Spark, SparkConnect
from platform_assets_tests.support.platforms import Platform, failure
from platform_assets_tests.support.settings import settings_for

EVENT = {
    "event_id": "1",
    "user": {"id": 1},
    "action": "view",
    "url": "https://a.org/",
    "timestamp": "01/01/2026 10:00:00",
}
OTHERS = {
    "engine": "spark",
    "engine_memory": "123MiB",
    "engine_temp": "/elsewhere",
    "spark_master": "local[7]",
    "spark_jars": "/jars",
    "spark_config": {"spark.executor.memory": "1g"},
}


def test_two_platforms_with_the_same_engine_settings_share_the_engine(engine: Engine, tmp_path: Path) -> None:
    one, other = Platform(tmp_path / "one"), Platform(tmp_path / "other", web_hosts="bare", reject_share=1.0)
    assert running.start(one.settings) is running.start(other.settings) is engine
    assert EngineResource.of(other.settings).spark_session is engine.session


@pytest.mark.parametrize("name", OTHERS)
def test_a_platform_with_other_engine_settings_is_refused_by_their_names(engine: Engine, name: str) -> None:
    with pytest.raises(PlatformError, match=rf"started with other settings \(PLATFORM_{name.upper()}\)"):
        running.start(settings_for(**{name: OTHERS[name]}))
    assert running.start() is engine


def test_each_platforms_resource_keeps_the_settings_of_its_own() -> None:
    one, other = settings_for(lake="one"), settings_for(lake="other")
    resources = [EngineResource.of(one), EngineResource.of(other), EngineResource()]
    assert [resource.settings for resource in resources] == [one, other, None]


def test_a_run_of_a_platform_with_other_engine_settings_fails_in_a_sentence_and_publishes_nothing(
    engine: Engine, tmp_path: Path
) -> None:
    platform = Platform(tmp_path, engine_memory="123MiB")
    platform.deliver("web_events", "2026-01-01", "a.jsonl", [EVENT])
    result = platform.materialise("2026-01-01", check=False)
    assert not result.success
    assert failure(result).startswith("This process already runs an engine that was started with other settings (PLA")
    assert platform.version("web/raw_events") is None


def test_spark_that_was_started_for_local_places_refuses_a_bucket() -> None:
    spark = Spark(settings_for(engine="spark"))
    spark.reach({"PLATFORM_LAKE": "data/lake", "PLATFORM_LANDING": "/landing"})
    with pytest.raises(PlatformError, match="started without what it needs for PLATFORM_LAKE=s3://lake: run"):
        spark.reach({"PLATFORM_LAKE": "s3://lake", "PLATFORM_LANDING": "/landing"})
    Spark(settings_for(engine="spark", exports="s3://exports")).reach({"PLATFORM_LAKE": "s3://lake"})
    SparkConnect(settings_for(engine="spark", spark_master="sc://host")).reach({"PLATFORM_LAKE": "s3://lake"})


def test_an_engine_that_runs_is_told_of_the_places_of_every_platform_that_uses_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    local = settings_for(engine="spark")
    monkeypatch.setattr(running, "_running", Spark(local))
    assert running.start(local) is running.running()
    with pytest.raises(PlatformError, match="started without what it needs for PLATFORM_EXPORTS=s3://exports: run"):
        running.start(settings_for(exports="s3://exports"))


@pytest.mark.parametrize(("kind", "stops"), [(Spark, []), (SparkConnect, ["stopped"])])
def test_after_a_run_only_a_session_on_a_server_of_others_is_given_back(
    monkeypatch: pytest.MonkeyPatch, kind: type[Spark], stops: list[str]
) -> None:
    seen: list[str] = []
    monkeypatch.setattr(kind, "stop", lambda engine: seen.append("stopped"))
    monkeypatch.setattr(running, "_running", kind(settings_for(engine="spark")))
    EngineResource().teardown_after_execution(dg.build_init_resource_context())
    assert seen == stops


def test_an_engine_leaves_when_its_process_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    at_exit: list[MethodType] = []
    monkeypatch.setattr(running, "_running", None)
    monkeypatch.setattr(running.atexit, "register", at_exit.append)
    assert running.start(settings_for(engine="sail")) is running.start()
    assert [leave.__func__ for leave in at_exit] == [Sail.leave]
