"""What Dagster is told: the asset graph as it was agreed, and what every asset must say of itself."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from dagster_aws.s3 import S3Resource
from syrupy.assertion import SnapshotAssertion

from platform_assets.definitions import build_definitions, defs
from platform_assets.lake.storage import s3
from platform_assets_tests.support.processes.sites import outside
from platform_assets_tests.support.settings import settings_for

ROOT = Path(__file__).parents[1]


WHOLE = ("purchases/history", "retail/customers", "retail/products", "retail/sales_team", "retail/stores")
"""The tables without days."""


@pytest.fixture(scope="module")
def definitions() -> dg.Definitions:
    """The definitions with every setting at its default."""
    return build_definitions(settings_for())


@pytest.fixture(scope="module")
def built(definitions: dg.Definitions) -> dict[str, dg.AssetsDefinition]:
    """The assets that the platform builds itself, by key."""
    graph = definitions.resolve_asset_graph()
    return {key.to_user_string(): graph.get(key).assets_def for key in graph.executable_asset_keys}


def described(graph: Any, key: dg.AssetKey) -> dict[str, Any]:
    """What the graph says of one asset, as plain values."""
    node = graph.get(key)
    days = node.partitions_def
    assert isinstance(days, dg.DailyPartitionsDefinition) or key.to_user_string() in WHOLE
    return {
        "group": node.group_name,
        "owners": ", ".join(sorted(node.owners)),
        "kinds": ", ".join(sorted(node.kinds)),
        "deps": ", ".join(sorted(parent.to_user_string() for parent in node.parent_keys)),
        "first day": f"{days.start:%Y-%m-%d}" if days else "none: it has no days",
        "time zone": days.timezone if days else "",
        "runs of a backfill": node.backfill_policy.policy_type.name if node.backfill_policy else None,
        "pools": ", ".join(sorted(node.pools or ())),
        "checks": {
            check.name: "stops publication" if graph.get(check).blocking else "warns"
            for check in sorted(node.check_keys, key=lambda key: key.name)
        },
    }


def test_the_asset_graph_is_the_one_agreed(definitions: dg.Definitions, snapshot: SnapshotAssertion) -> None:
    graph = definitions.resolve_asset_graph()
    found = {key.to_user_string(): described(graph, key) for key in graph.get_all_asset_keys()}
    assert dict(sorted(found.items())) == snapshot


def test_every_asset_that_is_built_says_what_it_is_whose_it_is_and_where_it_belongs(
    built: dict[str, dg.AssetsDefinition],
) -> None:
    assert len(built) >= 4
    for name, asset in built.items():
        (spec,) = asset.specs
        assert spec.owners, name
        assert spec.description, name
        assert spec.group_name == name.split("/")[0], name
        assert spec.kinds, name


def test_every_table_describes_all_its_columns(built: dict[str, dg.AssetsDefinition]) -> None:
    tables = {name: asset for name, asset in built.items() if "delta" in next(iter(asset.specs)).kinds}
    assert tables
    for name, asset in tables.items():
        (spec,) = asset.specs
        schema = spec.metadata["dagster/column_schema"]
        assert isinstance(schema, dg.TableSchema)
        assert all(column.description for column in schema.columns), name
        has_days = bool({"day", "delivery_day"} & {column.name for column in schema.columns})
        assert has_days is (name not in WHOLE), name


def test_a_range_of_days_is_always_one_run(built: dict[str, dg.AssetsDefinition]) -> None:
    single_run = dg.BackfillPolicy.single_run()
    assert {name: asset.backfill_policy for name, asset in built.items()} == dict.fromkeys(built, single_run)


def test_the_text_of_what_is_delivered_keeps_its_path_in_markdown(definitions: dg.Definitions) -> None:
    node = definitions.resolve_asset_graph().get(dg.AssetKey(["landing", "plays"]))
    assert str(node.description).endswith("data/landing/plays/<YYYY-MM-DD>/`.")
    assert str(node.description).count("`") == 2


def test_every_check_says_what_it_checks(built: dict[str, dg.AssetsDefinition]) -> None:
    silent = [str(check.key) for asset in built.values() for check in asset.check_specs if not check.description]
    assert silent == []


def test_the_first_day_is_a_setting() -> None:
    graph = build_definitions(settings_for(web_start="2020-02-29")).resolve_asset_graph()
    days = graph.get(dg.AssetKey(["web", "raw_events"])).partitions_def
    assert isinstance(days, dg.DailyPartitionsDefinition)
    assert days.get_first_partition_key() == "2020-02-29"


def test_no_domains_that_are_given_are_none() -> None:
    assert not list(build_definitions(settings_for(), []).assets or [])


@pytest.mark.parametrize("name", ["landing", "lake", "exports"])
def test_a_place_on_s3_brings_the_client_of_the_lake_as_a_resource(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_REGION", "eu-central-1")
    assert "s3" not in (build_definitions(settings_for(), []).resources or {})
    resources = build_definitions(settings_for(**{name: "s3://bucket"}), []).resources or {}
    assert isinstance(resources["s3"], S3Resource)
    assert resources["s3"].get_client().meta.region_name == "eu-central-1"
    assert resources["s3"].max_attempts == s3.ATTEMPTS


@pytest.mark.parametrize("name", ["in_process", "multiprocess"])
def test_the_executor_is_a_setting(name: str) -> None:
    executor = build_definitions(settings_for(executor=name)).executor
    assert isinstance(executor, dg.ExecutorDefinition)
    assert executor.name == name


def test_definitions_load_without_starting_an_engine_and_without_java(tmp_path: Path) -> None:
    program = (
        "from platform_assets.definitions import defs; from platform_assets.lake.engines import running; "
        "defs().resolve_asset_graph(); print(running.running())"
    )
    foreign = ("PLATFORM_", "DAGSTER_", "SPARK_", "SAIL_", "JAVA_")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        env=environment | {"PATH": str(tmp_path), "PLATFORM_ENGINE": "spark"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "None\n", "")


def test_a_process_builds_its_definitions_once_however_often_dagster_asks_for_them() -> None:
    assert defs() is defs()


def test_the_module_of_the_definitions_needs_no_settings_before_dagster_asks_for_them() -> None:
    program = "from platform_assets import *; import platform_assets.definitions as d; print(Feed.__name__); d.defs()"
    done = subprocess.run(
        [sys.executable, "-c", program],
        env=os.environ | {"PLATFORM_ENGINE": "flink"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout == "Feed\n"
    assert "NotLoaded: PLATFORM_ENGINE is set to 'flink'" in done.stderr


@pytest.mark.parametrize(("debug", "lines"), [("", 1), ("1", 30)])
def test_what_keeps_definitions_from_loading_is_the_last_line_of_a_command_and_alone_unless_more_is_asked_for(
    debug: str, lines: int, tmp_path: Path
) -> None:
    words = ("asset", "materialize", "-m", "platform_assets.definitions", "--select", "*", "--partition", "2026-01-01")
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "dagster", *words],
        cwd=tmp_path,
        env=outside() | {"PLATFORM_REJECT_LIMITS": '{"no_such_feed": 0.5}', "PLATFORM_DEBUG": debug},
        capture_output=True,
        text=True,
        check=False,
    )
    said = done.stderr.strip().splitlines()
    assert done.returncode == 1
    assert "PLATFORM_REJECT_LIMITS names no_such_feed, which is no feed. " in said[-1]
    assert lines == 1 == len(said) or len(said) > lines
