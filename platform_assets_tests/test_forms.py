"""How settings are written, and that others are refused with an example that would be right."""

from __future__ import annotations

from pathlib import Path

import pytest

from platform_assets.settings import PREFIX, Settings, WrongSettings, read


@pytest.fixture(autouse=True)
def nowhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A folder without a `.env` file."""
    monkeypatch.chdir(tmp_path)


def refused(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> str:
    """What is said of a variable that its setting does not take."""
    monkeypatch.setenv(name, value)
    with pytest.raises(WrongSettings) as told:
        read(Settings, PREFIX)
    return str(told.value)


MASTERS = (
    *("local", "local[*]", "local[2]", "local[4,2]", "local[*, 3]", "local-cluster[2,1,1024]", "yarn"),
    *("spark://host:7077", "spark://one:7077,two:7077", "spark://[::1]:7077", "k8s://https://host:6443"),
    *("sc://host", "sc://host:15002", "sc://host:15002/", "sc://host:1/;token=x;use_ssl=true", "sc://[::1]:1"),
)


@pytest.mark.parametrize("master", MASTERS)
def test_every_kind_of_master_is_taken(monkeypatch: pytest.MonkeyPatch, master: str) -> None:
    monkeypatch.setenv("PLATFORM_SPARK_MASTER", master)
    assert read(Settings, PREFIX).spark_master == master


@pytest.mark.parametrize(
    "master",
    [
        *("locl[*]", "local[x]", "local[0]", "local[]", "local[2", "sc:/h;token=mark-3f9a1c", "sc://", "spark://host"),
        *("spark://", "yarn-client", "mesos://host:5050", "http://host:7077", "host:7077"),
    ],
)
def test_what_is_no_master_is_refused_with_those_there_are(monkeypatch: pytest.MonkeyPatch, master: str) -> None:
    said = refused(monkeypatch, "PLATFORM_SPARK_MASTER", master)
    assert said.startswith("PLATFORM_SPARK_MASTER is set to ")
    assert (
        "a master is local, local[*], local[4], local[4,2], spark://host:7077, sc://host:15002, yarn or k8s://" in said
    )
    assert "mark-3f9a1c" not in said


def test_an_empty_master_is_as_if_it_was_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLATFORM_SPARK_MASTER", "")
    assert read(Settings, PREFIX).spark_master == "local[*]"


@pytest.mark.parametrize("place", ["S3://bucket/x", "s3a://bucket/x", "s3n://bucket/x", "S3A://bucket/x/"])
def test_a_place_on_s3_under_another_name_is_refused_with_the_right_one(
    monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    said = refused(monkeypatch, "PLATFORM_LAKE", place)
    assert said == f"PLATFORM_LAKE is set to {place!r}, which it does not take: write s3://bucket/x."


@pytest.mark.parametrize("size", ["4GG", "much"])
def test_what_is_no_size_is_refused_with_one(monkeypatch: pytest.MonkeyPatch, size: str) -> None:
    said = refused(monkeypatch, "PLATFORM_ENGINE_MEMORY", size)
    assert said.endswith("which it does not take: a size is written as 4GiB, 512MiB or 4GB.")


@pytest.mark.parametrize(
    ("name", "example"),
    [("PLATFORM_SPARK_CONFIG", '{"spark.executor.memory": "4g"}'), ("PLATFORM_REJECT_LIMITS", '{"plays": 0.02}')],
)
def test_what_is_no_json_is_refused_with_some_that_fits(
    monkeypatch: pytest.MonkeyPatch, name: str, example: str
) -> None:
    assert refused(monkeypatch, name, "a=1") == f"{name} must be JSON, such as {example}: see `settings`."
