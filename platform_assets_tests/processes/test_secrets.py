"""Secrets, in every place that may hold one, while everything fails: no output, event, table or file has them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from platform_assets_tests.processes.test_s3 import RAW, on_s3
from platform_assets_tests.support.processes.sites import DAYS, Site, events
from platform_assets_tests.support.services.faults import Fault, faulty
from platform_assets_tests.support.services.ports import free_port
from platform_assets_tests.support.services.s3 import S3Server, s3_server

MARK = "mark-3f9a1c7e"
OPTIONS = {"spark.hadoop.fs.s3a.secret.key": MARK, "spark.proxy": f"http://me:{MARK}@proxy"}


def places_of(mark: str, root: Path) -> list[str]:
    """The files below a folder that hold it, as UTF-8 or as UTF-16."""
    files = [path for path in root.rglob("*") if path.is_file()]
    assert [path for path in files if path.name.startswith("output-")], "nothing was said"
    marks = (mark.encode(), mark.encode("utf-16-le"))
    return [str(path) for path in files if any(one in path.read_bytes() for one in marks)]


def failing(site: Site) -> str:
    """What a run that fails says, with all that is known of the failure, and what a command says then."""
    site.variables["PLATFORM_DEBUG"] = "1"
    done = site.dagster(*RAW, DAYS[0])
    assert done.returncode != 0
    site.run("platform_assets.cli", "tables")
    return done.stdout


def test_a_server_that_is_not_there_is_told_without_token_and_options(tmp_path: Path) -> None:
    address = f"sc://127.0.0.1:{free_port()}"
    site = Site(tmp_path, engine="spark", spark_master=f"{address}/;token={MARK};user_id=me", spark_config=OPTIONS)
    site.deliver("web_events", DAYS[0], "events.jsonl", events(DAYS[0], "a1"))
    assert f"No Spark Connect server answers at {address} (" in failing(site)
    shown = site.commands(["settings"], ["settings", "--json"])
    assert all(f"{address}/;token=**********;user_id=me" in one for one in shown)
    assert places_of(MARK, tmp_path) == []


@pytest.mark.parametrize("how", ["denied", "failing", "away", "proxy"])
def test_a_store_that_fails_is_told_without_its_keys(tmp_path: Path, how: str) -> None:
    with s3_server(tmp_path / "s3") as server:
        site = on_s3(server, tmp_path / "site", spark_config=OPTIONS)
        site.deliver("web_events", DAYS[0], "events.jsonl", events(DAYS[0], "a1"))
        server.upload(site.root / "landing", site.settings.landing)
        said = _told(site, server, how)
    assert said
    assert places_of(MARK, site.root) == []


def _told(site: Site, server: S3Server, how: str) -> str:
    quick = {"AWS_MAX_ATTEMPTS": "1"}
    site.variables |= {"AWS_SESSION_TOKEN": MARK} | quick
    if how == "denied":
        server.make_user("marked", MARK)
        site.variables |= server.environment_of("marked", MARK)
        return failing(site)
    if how == "away":
        site.variables |= {"AWS_ENDPOINT_URL": f"http://me:{MARK}@127.0.0.1:{free_port()}"}
        return failing(site)
    if how == "proxy":
        proxy = f"http://me:{MARK}@127.0.0.1:{free_port()}"
        site.variables |= {"AWS_ENDPOINT_URL": "https://store.example.com", "HTTPS_PROXY": proxy}
        return failing(site)
    with faulty(server, lambda number, method, path: Fault(400, "InvalidRequest", said=f"no {MARK}")) as through:
        site.variables["AWS_ENDPOINT_URL"] = through.endpoint
        return failing(site)


def test_settings_that_are_wrong_are_told_without_what_they_keep_secret(tmp_path: Path) -> None:
    wrong = {
        "PLATFORM_LAKE": f"s3://me:{MARK}@bucket/lake",
        "PLATFORM_LANDING": f"gs://me:{MARK}@bucket",
        "PLATFORM_SPARK_CONFIG": json.dumps(OPTIONS | {"spark.master": f"sc://host/;token={MARK}"}),
        "PLATFORM_REJECT_ROWS": f"https://me:{MARK}@host",
    }
    for variable, value in wrong.items():
        site = Site(tmp_path / variable, {variable: value})
        assert variable in failing(site)
    broken = Site(tmp_path / "broken", {"PLATFORM_SPARK_CONFIG": f'{{"spark.password": "{MARK}"'})
    assert "PLATFORM_SPARK_CONFIG must be JSON" in failing(broken)
    assert places_of(MARK, tmp_path) == []
