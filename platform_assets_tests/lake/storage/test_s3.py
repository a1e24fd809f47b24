"""What only S3 has: long listings, markers of folders, objects replaced while they are read, stores that refuse."""

from __future__ import annotations

from datetime import datetime, timezone
from io import BytesIO
from pathlib import Path

import pytest

from platform_assets.errors import PlatformError
from platform_assets.lake import storage
from platform_assets.lake.storage import s3
from platform_assets_tests.lake.storage.test_storage import get, names, put
from platform_assets_tests.support.services.faults import Fault, faulty
from platform_assets_tests.support.services.s3 import S3Server, environment


def test_a_folder_of_more_objects_than_one_answer_holds_is_listed_and_removed_whole(
    bucket: str, aws: S3Server, tmp_path: Path
) -> None:
    wanted = sorted(f"{n:04}" for n in range(2100))
    for name in wanted:
        (tmp_path / name).touch()
    aws.upload(tmp_path, f"{bucket}/many")
    assert [entry.name for entry in storage.entries(f"{bucket}/many")] == wanted
    assert names(f"{bucket}/many") == wanted
    storage.remove(f"{bucket}/many")
    assert names(bucket) == []


def test_an_empty_object_that_marks_a_folder_is_no_file_and_goes_with_the_folder(bucket: str, aws: S3Server) -> None:
    aws.client().put_object(Bucket=bucket.removeprefix("s3://"), Key="2026-01-01/", Body=b"")
    put(f"{bucket}/2026-01-01/a.json")
    assert [entry.name for entry in storage.entries(f"{bucket}/2026-01-01")] == ["a.json"]
    assert names(bucket) == ["2026-01-01/a.json"]
    storage.remove(f"{bucket}/2026-01-01")
    assert not storage.exists(f"{bucket}/2026-01-01")


def test_a_folder_that_is_marked_and_empty_is_there_and_does_not_lie_in_itself(bucket: str, aws: S3Server) -> None:
    aws.client().put_object(Bucket=bucket.removeprefix("s3://"), Key="feed/2026-01-01/", Body=b"")
    assert storage.exists(f"{bucket}/feed/2026-01-01")
    assert [entry.name for entry in storage.entries(f"{bucket}/feed")] == ["2026-01-01"]
    assert storage.entries(f"{bucket}/feed/2026-01-01") == []
    assert storage.entries(f"{bucket}/feed/2026-01-02") == []


def test_an_object_replaced_while_it_is_read_is_refused_not_mixed(bucket: str) -> None:
    url = f"{bucket}/large"
    put(url, b"a" * (20 << 20))
    with storage.reading(url) as file:
        assert file.read(1) == b"a"
        put(url, b"b" * (20 << 20))
        with pytest.raises(OSError, match="PreconditionFailed"):
            file.read()


class OneObject:
    """A client of a store in which an object lies."""

    content = bytes(range(256)) * 80_000
    tag = '"of-this-content"'

    def __init__(self) -> None:
        self.tags: list[str | None] = []

    def head_object(self, **_: object) -> dict[str, object]:
        """What the store says of it."""
        modified = datetime(2026, 1, 1, tzinfo=timezone.utc)
        return {"ContentLength": len(self.content), "LastModified": modified, "ETag": self.tag}

    def get_object(self, *, Range: str, IfMatch: str | None = None, **_: object) -> dict[str, object]:
        """Some of its bytes."""
        self.tags.append(IfMatch)
        first, last = map(int, Range.removeprefix("bytes=").split("-"))
        return {"Body": BytesIO(self.content[first : last + 1])}


def test_every_block_of_an_object_is_asked_for_with_the_tag_that_it_had_when_it_was_opened(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    store = OneObject()
    monkeypatch.setattr(s3, "client", lambda: store)
    with storage.reading("s3://bucket/large") as file:
        assert file.read(1) + file.read() == store.content
    assert len(store.tags) > 1
    assert set(store.tags) == {store.tag}


def test_an_object_replaced_while_it_is_copied_is_refused_not_mixed(
    bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = f"{bucket}/report.csv"
    put(url, b"old")
    info = s3.S3FileSystem.info

    def then_replaced(self: s3.S3FileSystem, path: str) -> object:
        seen = info(self, path)
        put(url, b"new")
        return seen

    monkeypatch.setattr(s3.S3FileSystem, "info", then_replaced)
    with pytest.raises(storage.Replaced, match="was replaced while it was read"):
        storage.copy(url, f"{bucket}/copy.csv")
    assert names(bucket) == ["report.csv"]


def test_a_connection_that_breaks_in_the_middle_of_a_block_is_made_again(
    bucket: str, aws: S3Server, other_client: None
) -> None:
    put(f"{bucket}/large", b"a" * (20 << 20))
    with faulty(aws, lambda number, method, path: Fault(cut=True) if number in (2, 3) else None) as proxy:
        s3.client.cache_clear()
        with environment({"AWS_ENDPOINT_URL": proxy.endpoint}):
            assert get(f"{bucket}/large") == b"a" * (20 << 20)
    assert len(proxy.injected) == 2


def test_a_bucket_that_is_not_there_is_told_with_its_setting(aws: S3Server | None, bucket: str) -> None:
    with pytest.raises(PlatformError, match="LAKE=s3://no-such-bucket/lake: there is no bucket no-such-bucket"):
        storage.check({"PLATFORM_LAKE": "s3://no-such-bucket/lake"})
    storage.check({"PLATFORM_LAKE": f"{bucket}/not/written/yet"})


def test_a_store_that_answers_errors_is_asked_ten_times_the_first_included(
    bucket: str, aws: S3Server, other_client: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("botocore.retries.standard.ExponentialBackoff.delay_amount", lambda self, context: 0)
    with (
        faulty(aws, lambda number, method, path: Fault(503, "SlowDown")) as proxy,
        environment({"AWS_ENDPOINT_URL": proxy.endpoint}),
        pytest.raises(PlatformError, match="PLATFORM_LAKE"),
    ):
        storage.check({"PLATFORM_LAKE": f"{bucket}/lake"})
    assert len({path for _, _, path in proxy.injected}) == 1
    assert proxy.requests == s3.ATTEMPTS == 10


def test_missing_credentials_are_told_with_the_bucket(bucket: str, other_client: None, tmp_path: Path) -> None:
    nothing = {"AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "none"), "AWS_CONFIG_FILE": str(tmp_path / "none")}
    with environment(nothing), pytest.MonkeyPatch.context() as patch:
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            patch.delenv(name)
        with pytest.raises(PlatformError, match=f"no credentials were found for the bucket {bucket[5:]}: set AWS"):
            storage.check({"PLATFORM_LAKE": bucket})


def test_a_store_that_does_not_answer_is_told_with_its_address(
    bucket: str, other_client: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(s3, "ATTEMPTS", 1)
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    with pytest.raises(PlatformError, match=r"does not answer at http://127\.0\.0\.1:9"):
        storage.check({"PLATFORM_LAKE": bucket})


def test_wrong_keys_are_told_with_the_bucket(bucket: str, other_client: None) -> None:
    with (
        environment({"AWS_SECRET_ACCESS_KEY": "wrong"}),
        pytest.raises(PlatformError, match=f"the bucket {bucket[5:]} refused access"),
    ):
        storage.check({"PLATFORM_EXPORTS": bucket})


def test_the_standard_variables_configure_every_library(bucket: str, aws: S3Server, other_client: None) -> None:
    with environment({"AWS_REGION": "eu-central-1"}):
        assert s3.client().meta.region_name == "eu-central-1"
        assert s3.delta_options()["AWS_ENDPOINT"] == aws.endpoint
        spark = s3.spark_options()
    assert spark["spark.hadoop.fs.s3a.endpoint"] == aws.endpoint
    assert spark["spark.hadoop.fs.s3a.endpoint.region"] == "eu-central-1"
    assert spark["spark.hadoop.fs.s3a.connection.ssl.enabled"] == "false"


def test_amazons_own_store_needs_a_region_and_nothing_else(other_client: None, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ENDPOINT_URL", "AWS_REGION"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    assert s3.endpoint() is None
    assert s3.delta_options() == {"AWS_REGION": "eu-west-1"}
    assert "spark.hadoop.fs.s3a.endpoint" not in s3.spark_options()


def test_objects_that_a_store_did_not_remove_are_told(bucket: str, monkeypatch: pytest.MonkeyPatch) -> None:
    refused = {"Errors": [{"Key": "a", "Message": "it is locked"}]}
    monkeypatch.setattr(s3.client(), "delete_objects", lambda **_: refused)
    put(f"{bucket}/a")
    with pytest.raises(OSError, match="a was not removed: it is locked"):
        storage.remove(f"{bucket}/a")
