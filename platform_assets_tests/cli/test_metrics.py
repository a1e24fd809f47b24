"""The command metrics."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from unittest.mock import Mock

import pytest
from prometheus_client.parser import text_string_to_metric_families
from typer.testing import Result

from platform_assets.lake import storage
from platform_assets_tests.support.platforms import Platform

Cli = Callable[..., Result]
RAW = {"domain": "web", "table": "raw_events"}


def samples(output: str) -> dict[str, float]:
    """The values of web/raw_events, by metric."""
    families = list(text_string_to_metric_families(output))
    return {one.name: one.value for family in families for one in family.samples if one.labels == RAW}


def test_what_the_lake_knows_is_told_without_an_instance(cli: Cli) -> None:
    done = cli("metrics")
    assert done.exit_code == 0
    assert done.stderr == "DAGSTER_HOME is not set: platform_failed_days is left out.\n"
    found = samples(done.stdout)
    assert (found["platform_rows"], found["platform_rejected_rows"], found["platform_due_days"]) == (13, 4, 0)
    assert "platform_failed_days" not in done.stdout


def test_what_has_failed_is_told_by_the_instance(cli: Cli, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))
    done = cli("metrics")
    assert (done.exit_code, done.stderr) == (0, "")
    assert samples(done.stdout)["platform_failed_days"] == 0


def test_what_cannot_be_read_is_told_and_all_else_is_there(copy: Platform, at: Callable[[Platform], Cli]) -> None:
    max((copy.folder("web/user_web_hits") / "_delta_log").glob("*.json")).write_bytes(b"")
    done = at(copy)("metrics")
    assert done.exit_code == 1
    assert "web/user_web_hits" in done.stderr
    assert samples(done.stdout)["platform_rows"] == 13


def test_a_lake_that_does_not_answer_is_told_once(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(storage, "_reach", Mock(side_effect=OSError("nobody answers")))
    done = cli("metrics")
    assert (done.exit_code, done.stdout) == (1, "")
    assert (done.stderr.startswith("PLATFORM_LAKE="), done.stderr.count("nobody answers")) == (True, 1)
