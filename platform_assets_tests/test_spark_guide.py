"""The guide to Spark clusters: every setting that it exports is one, with a value that it takes."""

from __future__ import annotations

import json
import os
import re
import subprocess

import pytest

from platform_assets.lake.storage.s3 import spark_options
from platform_assets.settings import Settings
from platform_assets_tests.support.services.spark import GUIDE, environment, guide

EXPORTS = [
    block.split("dagster asset")[0]
    for block in re.findall(r"```sh\n(.*?)```", GUIDE.read_text(encoding="utf-8"), flags=re.DOTALL)
    if block.startswith("export")
]


def test_a_spark_connect_server_is_told_of_s3_all_that_a_spark_of_the_platform_is(
    monkeypatch: pytest.MonkeyPatch, other_client: None
) -> None:
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://minio:9000")
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    told = guide("fs.s3a.endpoint=", {}).split("--conf")
    assert dict(option.strip().split("=") for option in told if option.strip()) == spark_options()


@pytest.mark.parametrize("exports", EXPORTS)
def test_the_settings_of_the_guide_are_settings(exports: str, monkeypatch: pytest.MonkeyPatch) -> None:
    done = subprocess.run(
        ["bash", "-c", f"{exports}\npython -c 'import json, os; print(json.dumps(dict(os.environ)))'"],
        env=environment(),
        capture_output=True,
        text=True,
        check=True,
    )
    exported = {name: value for name, value in json.loads(done.stdout).items() if name.startswith("PLATFORM_")}
    assert {name.removeprefix("PLATFORM_").lower() for name in exported} <= set(Settings.model_fields)
    for name, value in exported.items():
        monkeypatch.setenv(name, value)
    settings = Settings(_env_file=None)
    assert settings.engine == "spark"
    assert settings.spark_master == exported["PLATFORM_SPARK_MASTER"]
