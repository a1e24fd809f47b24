"""What is set as the address of a store, and is none: said in a sentence, without the password in it."""

from __future__ import annotations

from pathlib import Path

import pytest

from platform_assets.errors import PlatformError
from platform_assets.lake import storage
from platform_assets.lake.storage.endpoint import require_url

MARK = "mark-3f9a1c"
NAMES = ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "AWS_PROFILE")


@pytest.fixture(autouse=True)
def profile(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The file of a profile, and no other word of an address."""
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    return tmp_path / "config"


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (f"user:{MARK}@127.0.0.1:7914", "**********@127.0.0.1:7914"),
        ("127.0.0.1:7914", "127.0.0.1:7914"),
        ("http:/127.0.0.1:7914", "http:/127.0.0.1:7914"),
        ("http://", "http://"),
        ("http://h:port", "http://h:port"),
        ("ftp://minio:9000", "ftp://minio:9000"),
    ],
)
@pytest.mark.parametrize("name", ["AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3"])
@pytest.mark.usefixtures("other_client")
def test_a_place_on_a_store_whose_address_is_none_is_refused_by_the_variables_name(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, shown: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(PlatformError, match=r"no address of a store: write it as http://host:port") as told:
        storage.check({"PLATFORM_LAKE": "s3://bucket/lake"})
    assert str(told.value).startswith(f"{name} is set to {shown}, ")
    assert MARK not in str(told.value)


def test_an_address_of_a_profile_is_refused_by_the_profiles_name(profile: Path) -> None:
    profile.write_text(
        "[default]\nservices = mine\nendpoint_url = http://fine\n[services mine]\ns3 =\n  endpoint_url = h:1\n"
    )
    with pytest.raises(PlatformError, match=r"^endpoint_url of the profile default is set to h:1, "):
        require_url()


def test_what_is_not_called_is_not_looked_at(monkeypatch: pytest.MonkeyPatch, profile: Path) -> None:
    require_url()
    profile.write_text("[default]\nendpoint_url = h:1\n")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "h:1")
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "https://minio:9000/")
    require_url()
    monkeypatch.delenv("AWS_ENDPOINT_URL_S3")
    monkeypatch.setenv("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true")
    require_url()
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    require_url()
