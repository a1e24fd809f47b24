"""What answers at the address of a store, and how: its own codes are told, and what is no store is called that."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from platform_assets.errors import PlatformError
from platform_assets.lake import storage
from platform_assets.lake.storage import s3
from platform_assets.lake.storage.refusals import Refused, StoreError, is_denied, is_refused, sentence
from platform_assets_tests.lake.storage.test_s3_says import through
from platform_assets_tests.lake.storage.test_storage import get, names, put
from platform_assets_tests.support.lake.visits import visits_table
from platform_assets_tests.support.services.faults import Fault
from platform_assets_tests.support.services.pretenders import Answer, pretending
from platform_assets_tests.support.services.s3 import S3Server, environment

KEYS = {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b", "AWS_REGION": "us-east-1", "AWS_ENDPOINT_URL": ""}
PAGE = "<!doctype html><html><head><meta charset=utf-8></head><body>Welcome<br></body></html>"
PLACES = {"PLATFORM_LAKE": "s3://lake/tables"}


@pytest.fixture(autouse=True)
def own_clients(other_client: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Clients that another test has made are not used; no proxy is but those that a test names."""
    for name in ("ALL_PROXY", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


@contextmanager
def instead(answer: Callable[[str, str], Answer]) -> Iterator[str]:
    """What answers in place of a store, for new clients of this process; its address."""
    with pretending(answer) as endpoint, environment(KEYS | {"AWS_ENDPOINT_URL": endpoint}):
        s3.client.cache_clear()
        yield endpoint


ELSE = {
    "a page": Answer(200, PAGE, {"Content-Type": "text/html"}),
    "a page that is XML": Answer(200, "<html><body>Welcome</body></html>"),
    "nothing": Answer(200),
    "a login": Answer(302, PAGE, {"Location": "/login"}),
    "a login, once more": Answer(307, "", {"Location": "/login"}),
    "not found": Answer(404, PAGE),
    "plain HTTP for HTTPS": Answer(400, "<html><body>The plain HTTP request was sent to HTTPS port</body></html>"),
}


@pytest.mark.parametrize("what", ELSE)
def test_what_is_no_store_is_called_that_at_once(what: str) -> None:
    with instead(lambda method, path: ELSE[what]) as endpoint:
        told = f"what answers at {endpoint} is no S3 store .*: correct AWS_ENDPOINT_URL"
        with pytest.raises(PlatformError, match=rf"^PLATFORM_LAKE=s3://lake/tables: {told}.*\. Nothing was published"):
            storage.check(PLACES)
        with pytest.raises(PlatformError, match=f"^PLATFORM_LAKE: {told}") as refused:
            visits_table(PLACES["PLATFORM_LAKE"]).delta()
        assert not refused.value.retry
        with pytest.raises(Refused, match=told):
            storage.exists("s3://lake/tables")


def test_a_store_behind_something_that_fails_may_do_better_later(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(s3, "ATTEMPTS", 1)
    with (
        instead(lambda method, path: Answer(502, PAGE)),
        pytest.raises(StoreError, match="the bucket lake answered 502") as told,
    ):
        storage.entries("s3://lake")
    assert not isinstance(told.value, Refused)


def test_a_bucket_of_another_region_is_told_with_the_region_that_is_set(bucket: str, aws: S3Server) -> None:
    told = f"the bucket {bucket[5:]} is in another region than eu-west-1: correct AWS_REGION"
    with environment({"AWS_REGION": "eu-west-1"}):
        with pytest.raises(PlatformError, match=f"^PLATFORM_LAKE={bucket}/lake: {told}"):
            storage.check({"PLATFORM_LAKE": f"{bucket}/lake"})
        with pytest.raises(PlatformError, match=f"^PLATFORM_LAKE: {told}"):
            visits_table(bucket).delta()


@pytest.mark.parametrize(
    ("status", "code", "said"),
    [
        (301, "PermanentRedirect", "Use the other endpoint."),
        (400, "IllegalLocationConstraintException", "The me-south-1 location constraint is incompatible."),
    ],
)
def test_no_client_goes_to_another_region_where_the_others_would_not_follow(
    bucket: str, aws: S3Server, status: int, code: str, said: str
) -> None:
    with (
        through(aws, lambda number, method, path: Fault(status, code, said=said)) as proxy,
        pytest.raises(Refused, match="is in another region than us-east-1: correct AWS_REGION"),
    ):
        storage.entries(bucket)
    assert proxy.requests == 1


def test_a_signature_that_is_refused_for_another_reason_than_the_region_is_told_as_it_is(
    bucket: str, aws: S3Server
) -> None:
    said = "The authorization header is malformed; a non-empty Access Key (AKID) must be provided."
    with (
        through(aws, lambda number, method, path: Fault(400, "AuthorizationHeaderMalformed", said=said)),
        pytest.raises(StoreError, match="answered AuthorizationHeaderMalformed: The authorization header is malformed"),
    ):
        storage.entries(bucket)


def of_rust(status: str, code: str, said: str) -> str:
    """What the tables' library, and the embedded engine, say of an answer."""
    return (
        "The operation lacked the necessary privileges to complete for path lake/x: Error performing PUT "
        f"http://store:9000/lake/x in 4ms - Server returned non-2xx status code: {status}: <?xml version='1.0'?>\n"
        f"<Error><Code>{code}</Code><Message>{said}</Message></Error>"
    )


@pytest.mark.parametrize("code", ["QuotaExceeded", "XMinioAdminBucketQuotaExceeded"])
def test_a_quota_that_is_full_is_no_want_of_rights(bucket: str, aws: S3Server, tmp_path: Path, code: str) -> None:
    told = f"the bucket {bucket[5:]} takes no more .{code}.: its quota, or that of its owner, is full"
    (tmp_path / "file").write_bytes(b"1")
    full = Fault(403, code, said="Access denied: no room")
    with (
        through(aws, lambda number, method, path: full if method == "PUT" else None),
        pytest.raises(Refused, match=f"^{told}"),
    ):
        storage.put(tmp_path / "file", f"{bucket}/file")
    found = sentence(OSError(of_rust("403 Forbidden", code, "no room")), bucket[5:])
    assert found is not None
    assert (found[0].startswith(told.replace(".", "(", 1).replace(".:", "):")), found[1]) == (True, False)


def test_other_codes_than_those_of_access_are_told_as_the_store_says_them(bucket: str, aws: S3Server) -> None:
    with (
        through(aws, lambda number, method, path: Fault(403, "TooManyBuckets", said="No more of them.")),
        pytest.raises(StoreError, match=r"answered TooManyBuckets: No more of them\."),
    ):
        storage.entries(bucket)
    error = OSError(of_rust("403 Forbidden", "TooManyBuckets", "No more of them."))
    assert (is_denied(error), is_refused(error)) == (False, True)
    assert sentence(error, "lake", "http://store:9000") == (
        "the store of the bucket lake at http://store:9000 failed (403 Forbidden, TooManyBuckets, No more of them)",
        True,
    )


def test_a_store_that_knows_no_checksums_is_not_said_to_have_no_conditional_writes(
    bucket: str, aws: S3Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = "A header that is not implemented: x-amz-checksum-crc32"
    place = f"PLATFORM_LAKE={bucket}/lake: the bucket {bucket[5:]} answered NotImplemented: {said}"
    knows_none = Fault(501, "NotImplemented", said=said)
    with through(aws, lambda number, method, path: knows_none if method == "PUT" else None):
        with pytest.raises(PlatformError) as told:
            storage.require_conditional_writes("PLATFORM_LAKE", f"{bucket}/lake")
        assert str(told.value) == (
            f"{place}: set AWS_REQUEST_CHECKSUM_CALCULATION=when_required, and no checksum is sent (deploy/s3.md). "
            "Nothing was published."
        )
        monkeypatch.setenv("AWS_REQUEST_CHECKSUM_CALCULATION", "when_required")
        with pytest.raises(PlatformError) as told:
            storage.require_conditional_writes("PLATFORM_LAKE", f"{bucket}/lake")
        assert str(told.value) == f"{place}. Nothing was published."


@pytest.mark.parametrize(
    "refusal",
    [
        Fault(400, "InvalidRequest", said="Missing required header for this request: Content-MD5"),
        Fault(400, "MissingContentMD5"),
        Fault(501, "NotImplemented"),
        Fault(405, "MethodNotAllowed"),
    ],
)
def test_a_store_that_does_not_remove_many_objects_at_once_is_asked_for_one_after_the_other(
    bucket: str, aws: S3Server, refusal: Fault
) -> None:
    for name in ("a", "b"):
        put(f"{bucket}/folder/{name}")
    put(f"{bucket}/other")
    with through(aws, lambda number, method, path: refusal if method == "POST" else None) as proxy:
        storage.remove(f"{bucket}/folder")
    assert proxy.injected
    assert names(bucket) == ["other"]


def test_an_object_without_an_etag_is_listed_and_named_when_it_is_read(bucket: str, aws: S3Server) -> None:
    # As it is after somebody has copied a file to where the server keeps its objects.
    (aws.buckets / bucket[5:] / "past it").write_bytes(b"1")
    put(f"{bucket}/by it", b"2")
    found = {entry.name: entry for entry in storage.entries(bucket)}
    assert found["past it"].size == 1
    assert "None" not in found["past it"].state
    assert get(f"{bucket}/by it") == b"2"
    told = rf"^{bucket}/past it has no ETag, which every object of the bucket {bucket[5:]} must have \(deploy/s3\.md\)"
    with pytest.raises(Refused, match=told):
        get(f"{bucket}/past it")
    with pytest.raises(Refused, match=told):
        storage.copy(f"{bucket}/past it", f"{bucket}/copy")


def test_the_tables_library_that_meets_no_etag_is_told_with_the_object() -> None:
    url = "http://store:9000/lake/x/_delta_log/_last_checkpoint"
    said = f"Kernel error: Generic S3 error: Error performing GET {url} in 2ms: ETag Header missing from response"
    found = sentence(OSError(said), "lake")
    assert found is not None
    assert found[0].startswith(f"{url} has no ETag, which every object of the bucket lake must have")


@pytest.mark.parametrize("name", ["ALL_PROXY", "all_proxy"])
def test_a_proxy_that_boto3_would_not_follow_is_refused_before_anything_is_asked(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv(name, "http://me:mark-3f9a1c@proxy:3128")
    with instead(lambda method, path: Answer(404)) as endpoint:
        with pytest.raises(PlatformError) as told:
            storage.check(PLACES)
        assert str(told.value) == (
            f"{name}=http://**********@proxy:3128 is set, which the clients of the tables follow to the store at "
            f"{endpoint}, and boto3 does not: set HTTP_PROXY to the proxy, or name 127.0.0.1 in NO_PROXY. Nothing was "
            "published."
        )
        monkeypatch.setenv("NO_PROXY", "elsewhere,127.0.0.1")
        with pytest.raises(PlatformError, match="is no S3 store"):
            storage.check(PLACES)
        monkeypatch.setenv("http_proxy", endpoint)
        monkeypatch.delenv("NO_PROXY")
        with pytest.raises(PlatformError, match="is no S3 store"):
            storage.check(PLACES)
    assert "HTTP_PROXY" not in os.environ


def test_a_store_that_the_engine_cannot_reach_is_named_with_its_address() -> None:
    said = "SparkRuntimeException: client error (Connect)\n tcp connect error\n Connection refused (os error 111)"
    with environment(KEYS | {"AWS_ENDPOINT_URL": "http://store:9000"}):
        s3.client()
        failed = storage.failure(OSError(said), "s3://lake/x", "PLATFORM_LAKE: ", "It is as it was.")
    assert str(failed) == (
        "PLATFORM_LAKE: the store of the bucket lake at http://store:9000 failed (Connection refused (os error 111)). "
        "It is as it was."
    )
