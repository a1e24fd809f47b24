"""What a store says is what its user reads, whichever library asked it; and what a store must be able to do."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from platform_assets.errors import PlatformError
from platform_assets.lake import storage
from platform_assets.lake.storage import s3
from platform_assets.lake.storage.refusals import Refused, StoreError
from platform_assets_tests.lake.storage.test_storage import names
from platform_assets_tests.support.lake.visits import visits_table
from platform_assets_tests.support.platforms import Platform, failure
from platform_assets_tests.support.processes.sites import DAYS, events
from platform_assets_tests.support.services.faults import Fault, Faults, faulty
from platform_assets_tests.support.services.s3 import S3Server, environment

Choose = Callable[[int, str, str], Fault | None]
LOCK = "Access Denied because object protected by object lock."
SAYS = {
    "expired": (Fault(400, "ExpiredToken"), "the credentials in use have expired, by what the bucket {} says: get new"),
    "expired request": (
        Fault(403, "RequestExpired"),
        "the credentials in use have expired, by what the bucket {} says",
    ),
    "clock": (
        Fault(403, "RequestTimeTooSkewed"),
        "the clocks of this machine and of the store of the bucket {} differ",
    ),
    "lock": (Fault(403, "AccessDenied", said=LOCK), "the bucket {} keeps what lies in it from being replaced or remov"),
    "worm": (Fault(400, "ObjectLocked"), "the bucket {} keeps what lies in it from being replaced or removed"),
    "denied": (Fault(403, "AccessDenied"), "the bucket {} refused access: give the credentials in use"),
}


@contextmanager
def through(aws: S3Server, choose: Choose) -> Iterator[Faults]:
    """The store, reached through a proxy by new clients of this process."""
    with faulty(aws, choose) as proxy, environment({"AWS_ENDPOINT_URL": proxy.endpoint}):
        s3.client.cache_clear()
        yield proxy


@pytest.mark.parametrize("how", SAYS)
def test_why_a_store_refuses_is_told_the_same_whichever_library_asked(
    bucket: str, aws: S3Server, other_client: None, tmp_path: Path, how: str
) -> None:
    fault, sentence = SAYS[how]
    told = sentence.format(bucket.removeprefix("s3://"))
    (tmp_path / "file").write_bytes(b"1")
    # To a question by HEAD no store gives a reason.
    with through(aws, lambda number, method, path: fault if method != "HEAD" else None):
        with pytest.raises(Refused, match=f"^{told}"):
            storage.put(tmp_path / "file", f"{bucket}/file")
        with pytest.raises(Refused, match=f"^{told}"):
            storage.entries(bucket)
        with pytest.raises(PlatformError, match=f"^PLATFORM_LAKE: {told}.* shop/visits is as it was") as refused:
            visits_table(bucket).delta()
        assert not refused.value.retry


def test_a_file_of_many_parts_that_is_refused_is_told_as_any_other(
    bucket: str, aws: S3Server, other_client: None, tmp_path: Path
) -> None:
    (tmp_path / "file").write_bytes(b"1" * (20 << 20))
    denied = Fault(403, "AccessDenied")
    with (
        through(aws, lambda number, method, path: denied if "partNumber=2" in path else None),
        pytest.raises(Refused, match="refused access"),
    ):
        storage.put(tmp_path / "file", f"{bucket}/file")
    assert names(bucket) == []


def test_a_store_that_fails_may_do_better_later(bucket: str, aws: S3Server, other_client: None) -> None:
    with (
        through(aws, lambda number, method, path: Fault(400, "Whatever", said="No.")),
        pytest.raises(StoreError, match=r"answered Whatever: No\.") as failed,
    ):
        storage.entries(bucket)
    assert not isinstance(failed.value, Refused)


def ignoring_conditions(server: S3Server) -> Choose:
    """A store for which nothing is there that a write must not replace."""

    def choose(number: int, method: str, path: str) -> Fault | None:
        bucket, _, key = path.partition("?")[0].strip("/").partition("/")
        if method == "PUT" and key:
            server.client().delete_object(Bucket=bucket, Key=key)
        return None

    return choose


def test_a_store_with_conditional_writes_is_asked_once_and_then_by_one_request(
    bucket: str, aws: S3Server, other_client: None
) -> None:
    asked = []
    for _ in range(2):
        with through(aws, lambda number, method, path: None) as proxy:
            storage.require_conditional_writes("PLATFORM_LAKE", f"{bucket}/lake")
            storage.require_conditional_writes("PLATFORM_LAKE", f"{bucket}/lake")
        storage._try_conditional_writes.cache_clear()
        asked.append(proxy.requests)
    assert asked == [2, 1]
    assert names(bucket) == ["lake/.conditional_writes"]


@pytest.mark.parametrize("fault", [Fault(409, "ConditionalRequestConflict"), Fault(412, "PreconditionFailed")])
def test_a_store_in_which_another_run_asks_the_same_at_this_moment_has_conditional_writes(
    bucket: str, aws: S3Server, other_client: None, fault: Fault
) -> None:
    with through(aws, lambda number, method, path: fault if method == "PUT" else None):
        storage.require_conditional_writes("PLATFORM_LAKE", f"{bucket}/lake")


@pytest.mark.parametrize("how", ["ignored", "unknown"])
def test_a_lake_in_a_store_without_conditional_writes_is_refused_before_anything_is_written(
    bucket: str, aws: S3Server, other_client: None, tmp_path: Path, how: str
) -> None:
    platform = Platform(tmp_path, lake=f"{bucket}/lake")
    platform.deliver("web_events", DAYS[0], "events.jsonl", events(DAYS[0], "a1"))

    puts: list[str] = []

    def unknown(number: int, method: str, path: str) -> Fault | None:
        # Of the writes the first alone has a condition.
        puts.extend([path] if method == "PUT" else [])
        return Fault(501, "NotImplemented", said="What is that?") if len(puts) == 1 and method == "PUT" else None

    with through(aws, ignoring_conditions(aws) if how == "ignored" else unknown):
        said = failure(platform.materialise(DAYS[0], select="web/raw_events", check=False))
    assert f"PLATFORM_LAKE={bucket}/lake: the store of the bucket {bucket[5:]} has no conditional writes" in said
    assert ("(NotImplemented: What is that?)" in said) == (how == "unknown")
    assert [name for name in names(bucket) if "raw_events" in name] == []


def test_a_lake_that_may_not_be_written_is_told_before_anything_is_computed(
    bucket: str, aws: S3Server, other_client: None
) -> None:
    with (
        through(aws, lambda number, method, path: Fault(403, "AccessDenied") if method == "PUT" else None),
        pytest.raises(PlatformError, match=f"^PLATFORM_LAKE={bucket}/lake: the bucket .* refused access"),
    ):
        storage.require_conditional_writes("PLATFORM_LAKE", f"{bucket}/lake")


def test_a_folder_of_this_machine_needs_no_conditional_writes(tmp_path: Path) -> None:
    storage.require_conditional_writes("PLATFORM_LAKE", str(tmp_path))
    assert list(tmp_path.iterdir()) == []


def test_what_has_failed_first_is_told_and_not_that_something_could_not_be_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(url: str) -> None:
        raise StoreError(f"{url} was not removed")

    (tmp_path / "spool").mkdir()
    with storage.removed_afterwards(str(tmp_path / "spool")):
        assert (tmp_path / "spool").exists()
    assert not (tmp_path / "spool").exists()
    monkeypatch.setattr(storage, "remove", fails)
    with pytest.raises(ValueError, match="first"), storage.removed_afterwards("a", "b"):
        raise ValueError("first")
    with pytest.raises(StoreError, match="a was not removed"), storage.removed_afterwards("a", "b"):
        pass
