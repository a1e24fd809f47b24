"""What a store does not answer, or refuses, is no damage: nobody is told to move tables away because of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from deltalake import DeltaTable
from deltalake.exceptions import DeltaError, TableNotFoundError

from platform_assets.errors import PlatformError, TemporaryError
from platform_assets.lake import storage
from platform_assets.lake.engines.engine import Engine
from platform_assets.lake.storage import s3
from platform_assets.lake.storage.refusals import StoreError, is_denied, is_refused
from platform_assets.lake.tables import log, made, published
from platform_assets.lake.tables.log import Damaged, missing_file
from platform_assets.lake.tables.made import Made, Records
from platform_assets.lake.tables.published import open_delta
from platform_assets_tests.support.lake.visits import january, publish, visits_table
from platform_assets_tests.support.services.faults import Fault, faulty
from platform_assets_tests.support.services.s3 import S3Server, environment

CHECKPOINT = "http://store:9000/lake/shop/visits/_delta_log/00000000000000000099.checkpoint.parquet"
ASKED = f"Kernel error: Arrow error: External: Generic S3 error: Error performing GET {CHECKPOINT} in 4s"
AGAIN = f"{ASKED}, after 10 retries, max_retries: 10, retry_timeout: 180s "
REFUSED = f"Kernel error: Arrow error: External: The operation lacked the necessary privileges for {CHECKPOINT}: "
STATUS = "- Server returned non-2xx status code: "
# What `deltalake` says of a store, and whether its user may not do what was asked.
SAID = {
    "slow down": (f"{AGAIN}{STATUS}503 Service Unavailable: <Code>SlowDown</Code>", False),
    "internal error": (f"{AGAIN}{STATUS}500 Internal Server Error: <Code>InternalError</Code>", False),
    "no answer": (f"{AGAIN}- HTTP error: tcp connect error: Connection refused (os error 111)", False),
    "no such host": (f"{AGAIN}- HTTP error: dns error: failed to lookup address information: host not found", False),
    "answer cut": ("Kernel error: Arrow error: External: Generic S3 error: HTTP error: response body error", False),
    "no bucket": (f"{ASKED} {STATUS}404 Not Found: <Message>The specified bucket does not exist.</Message>", False),
    "no credentials": ("Operation not supported: no credentials found in chain. Attempted: Environment", False),
    "denied": (f"{REFUSED}{STATUS}403 Forbidden: <Code>AccessDenied</Code>", True),
    "key not known": (f"{REFUSED}<Message>The AWS Access Key Id you provided does not exist in our records.", True),
    "expired": (f"{ASKED} {STATUS}400 Bad Request: <Code>ExpiredToken</Code>", True),
    "wrong token": (f"{ASKED} {STATUS}400 Bad Request: <Code>InvalidToken</Code>", True),
    "unauthorized": (f"The operation lacked valid authentication credentials for path {CHECKPOINT}", True),
}


def raising(error: Exception) -> Callable[..., DeltaTable]:
    """What fails with an error."""

    def fail(*_: object, **__: object) -> DeltaTable:
        raise error

    return fail


@pytest.mark.parametrize("how", SAID)
def test_what_a_store_refuses_is_no_damage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: str) -> None:
    said, denied = SAID[how]
    table = visits_table(tmp_path)
    for error in (DeltaError(said), OSError(said)):
        assert (is_refused(error), is_denied(error)) == (True, denied)
        monkeypatch.setattr(published, "open_delta", raising(error))
        monkeypatch.setattr(made, "DeltaTable", raising(error))
        for use in (table.delta, table.records.delta, table.records.read):
            with pytest.raises(type(error)) as told:
                use()
            assert told.value is error


@pytest.mark.parametrize("how", SAID)
def test_a_data_file_that_a_store_refuses_is_not_said_to_be_gone(how: str) -> None:
    said = SAID[how][0].replace("_delta_log/00000000000000000099.checkpoint.parquet", "runs/1/2/part-0.parquet")
    assert missing_file(OSError(said)) is None


def test_a_log_that_the_library_cannot_read_is_damaged_though_each_of_its_files_is_whole(
    engine: Engine, tmp_path: Path
) -> None:
    table = visits_table(tmp_path)
    publish(engine, table, "run-1", [1], (1, "/a", 1, None))
    newest = Path(log.commit_file(table.url, 1))
    newest.write_text(newest.read_text() + '\n{"metaData": 3}\n')
    with pytest.raises(
        Damaged, match=rf"^shop/visits is damaged: {table.url}/_delta_log cannot be read \(Kernel error"
    ):
        table.delta()


@pytest.mark.parametrize(
    ("fault", "raised", "said"),
    [
        (Fault(503, "SlowDown"), TemporaryError, r"the store of the bucket test-.* failed \(503 .*, SlowDown\)"),
        (Fault(403, "InvalidAccessKeyId"), PlatformError, "PLATFORM_LAKE: the bucket test-.* refused access"),
        (
            Fault(400, "ExpiredToken"),
            PlatformError,
            "PLATFORM_LAKE: the credentials in use have expired, by what the b",
        ),
        (Fault(403, "RequestTimeTooSkewed"), PlatformError, "PLATFORM_LAKE: the clocks of this machine and of the sto"),
        (Fault(cut=True), TemporaryError, "HTTP error"),
    ],
)
def test_a_long_log_that_a_store_does_not_give_out_is_whole(
    engine: Engine, bucket: str, aws: S3Server, other_client: None, fault: Fault, raised: type[Exception], said: str
) -> None:
    table = visits_table(bucket)
    publish(engine, table, "run-1", [1], (1, "/a", 1, None))
    open_delta(table.url).create_checkpoint()
    with faulty(aws, lambda number, method, path: fault if ".checkpoint.parquet" in path else None) as proxy:
        s3.client.cache_clear()
        with environment({"AWS_ENDPOINT_URL": proxy.endpoint}), pytest.raises(raised, match=said) as told:
            table.delta()
    assert proxy.injected
    assert not isinstance(told.value, Damaged)


def test_a_checkpoint_that_a_store_does_not_give_out_is_not_called_damaged_beside_another_error(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = visits_table(tmp_path)
    publish(engine, table, "run-1", [1], (1, "/a", 1, None))
    open_delta(table.url).create_checkpoint()
    reading = storage.reading

    def refusing(url: str) -> object:
        if url.endswith(".checkpoint.parquet"):
            raise StoreError("the bucket lake answered SlowDown: Reduce your request rate.")
        return reading(url)

    monkeypatch.setattr(storage, "reading", refusing)
    with pytest.raises(StoreError, match="answered SlowDown"):
        log.first_damage(table.url)


def test_records_that_another_run_makes_at_this_moment_are_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    records = Records(str(tmp_path / "shop" / "visits"))
    records.append([Made(day=january(1), attempt="run/1", rows=1, fingerprint="1.1.1")])
    not_yet = iter([TableNotFoundError("no table")])

    def opened(*words: str, **options: dict[str, str]) -> DeltaTable:
        for error in not_yet:
            raise error
        return DeltaTable(*words, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(made, "DeltaTable", opened)
    assert len(records.read()) == 1
