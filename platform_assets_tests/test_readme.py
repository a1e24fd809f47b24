"""What the README says, done: its table in ten lines, its way to read tables elsewhere, its picture, its settings."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest
from deltalake import DeltaTable

from platform_assets.definitions import defs
from platform_assets.docs.readme import built_in, renewed
from platform_assets.registry import listed_settings
from platform_assets_tests.support.engines import SPARK_FOR_FEW_ROWS
from platform_assets_tests.support.processes.sites import ROOT
from platform_assets_tests.support.readme import BEYOND, ONE_MACHINE, README, TABLE, blocks, run, shell
from platform_assets_tests.support.services.s3 import S3Server, s3_server
from platform_assets_tests.support.settings import DOMAINS, settings_for

# What both engines build there.
TABLES = ("raw_events", "user_web_hits")


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the repository with the README's new table added, and the days of the samples materialised."""
    root = tmp_path_factory.mktemp("copy")
    shutil.copytree(ROOT / "platform_assets", root / "platform_assets", ignore=shutil.ignore_patterns("__pycache__"))
    for feed in ("web_events", "plays"):
        shutil.copytree(ROOT / "data" / "landing" / feed, root / "data" / "landing" / feed)
    file = re.search(r"`(platform_assets/domains/web/\w+\.py)`:\n\n```python", README)
    assert file
    (contract,) = (block for block in blocks("python") if "daily_users" in block)
    (root / file[1]).write_text(contract, encoding="utf-8")
    (command,) = (line for line in ONE_MACHINE.splitlines() if "--select 'group:web' --partition-range" in line)
    for group in ("web", "listening"):
        run(root, command.replace("group:web", f"group:{group}"), root / f"{group}.txt")
    return root


def test_the_table_of_the_readme_is_built_by_doing_what_the_readme_says(copy: Path, tmp_path: Path) -> None:
    (block,) = (block for block in blocks("sh") if "daily_users" in block)
    said = [run(copy, command, tmp_path / f"{n}.txt") for n, command in enumerate(block.strip().splitlines())]
    assert "users" in said[-1]


def test_tables_are_read_from_elsewhere_as_the_readme_shows(copy: Path) -> None:
    (program,) = (block for block in blocks("python") if "scan_delta" in block)
    (copy / "elsewhere.py").write_text(program, encoding="utf-8")
    printed = shell(copy, "python elsewhere.py").stdout
    assert "claim" in printed
    assert "url_level1" in printed


@pytest.mark.parametrize(
    "command",
    [
        line.split("#")[0].strip()
        for block in blocks("sh", ONE_MACHINE + TABLE)
        for line in block.splitlines()
        if line.startswith("platform-")
    ],
)
def test_every_command_of_the_readme_runs(copy: Path, command: str, tmp_path: Path) -> None:
    runnable = command.replace("/tmp/", f"{tmp_path}/")
    if "samples" in command:
        runnable = runnable.replace("--rows 10000", "--rows 100")
    run(copy, runnable, tmp_path / "said.txt")


@pytest.mark.java
@pytest.mark.timeout(1500)
def test_what_outgrows_one_machine_goes_on_with_other_settings_as_the_readme_shows(copy: Path, tmp_path: Path) -> None:
    with s3_server(tmp_path / "s3") as server:
        for place in ("landing", "lake", "exports"):
            server.make_bucket(place)
        server.upload(copy / "data" / "landing", "s3://landing")
        quick = {"PLATFORM_ENGINE_MEMORY": "2GiB", "PLATFORM_SPARK_CONFIG": json.dumps(SPARK_FOR_FEW_ROWS)}
        said = shell(copy, "".join(blocks("sh", BEYOND)), server.environment | quick)
        rows = {table: [rows_of(server, table, version) for version in (1, 2)] for table in TABLES}
        local = copy / "data" / "exports" / "web"
        documents = {path.relative_to(local): path.read_bytes() for path in local.rglob("*.csv")}
        on_s3 = server.buckets / "exports" / "web"
        assert {path.relative_to(on_s3): path.read_bytes() for path in on_s3.rglob("*.csv")} == documents
    assert "web/aggregated_web_page_stats" in said.stdout
    assert "2026-01-07" in said.stdout
    # Of Java, Spark and its jars nobody hears more than a few lines.
    others = [line for line in said.stderr.splitlines() if " - dagster - " not in line]
    assert len(others) < 20, others
    assert not [line for line in others if line.startswith(("::", "\tfound"))]
    for table, (by_sail, by_spark) in rows.items():
        assert by_spark == by_sail, table
    assert len(rows["user_web_hits"][0]) == 3348


def rows_of(server: S3Server, table: str, version: int) -> list[str]:
    """The rows of a version of a table of the web domain, as text in a fixed order."""
    found = DeltaTable(server.buckets / "lake" / "web" / table, version=version).to_pyarrow_table().to_pylist()
    return sorted(map(repr, found))


def test_every_guide_that_the_readme_names_is_there() -> None:
    named = re.findall(r"\]\((?!http)([^)#]+)\)", README)
    assert named
    assert [name for name in named if not (ROOT / name).exists()] == []


def test_the_picture_shows_the_asset_graph_as_it_is() -> None:
    (picture,) = blocks("mermaid")
    drawn = set(re.findall(r"^\s*([\w/]+)[^\n]*?--> ([\w/]+)", picture, flags=re.MULTILINE))
    graph = defs().resolve_asset_graph()
    real = {
        (parent.to_user_string(), key.to_user_string())
        for key in graph.get_all_asset_keys()
        for parent in graph.get(key).parent_keys
    }
    assert drawn == real


def test_the_generated_parts_of_the_readme_are_as_make_readme_writes_them() -> None:
    assert renewed(README, built_in(), settings_for()) == README


def test_every_variable_that_the_readme_names_is_a_setting() -> None:
    named = set(re.findall(r"PLATFORM_[A-Z_]+", README))
    assert named
    assert named <= {setting.variable for setting in listed_settings(DOMAINS, settings_for())}


@pytest.mark.parametrize("guide", sorted(path.name for path in (ROOT / "deploy").glob("*.md")))
def test_every_module_and_test_that_a_guide_names_is_there(guide: str) -> None:
    named = set(re.findall(r"`([\w/]+/\w+\.py)`", (ROOT / "deploy" / guide).read_text(encoding="utf-8")))
    roots = (ROOT, ROOT / "platform_assets", ROOT / "platform_assets_tests")
    assert [name for name in sorted(named) if not any((root / name).exists() for root in roots)] == []
