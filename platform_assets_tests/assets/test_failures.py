"""What Dagster is told of the platform's own errors, and of those that it does not know."""

import logging
import re
import traceback
from pathlib import Path

import click
import dagster as dg
import pytest
from deltalake.exceptions import DeltaError
from pyspark.errors.exceptions.connect import NumberFormatException, SparkConnectGrpcException

from platform_assets.assets.failures import as_failures, of_reading, of_writing
from platform_assets.errors import DeclarationError, Outdated, PlatformError, TemporaryError, naming
from platform_assets.lake.storage.refusals import Refused, StoreError
from platform_assets_tests.support.platforms import failure


@pytest.mark.parametrize(
    ("error", "again"),
    [(PlatformError("the lake is full"), False), (TemporaryError("the server is away"), True)],
)
@pytest.mark.parametrize("debug", [False, True])
def test_an_error_of_the_platform_is_a_failure_whose_causes_are_shown_to_those_who_ask_for_them(
    error: PlatformError, again: bool, debug: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("platform_assets.assets.failures.debugging", lambda: debug)
    with pytest.raises(dg.Failure) as told, as_failures():
        raise error from KeyError("cause")
    assert (told.value.description, told.value.allow_retries) == (str(error), again)
    assert told.value.__cause__ is (error if debug else None)
    assert told.value.__suppress_context__


def test_a_failure_of_a_step_is_told_once_more_in_its_log_and_when_the_command_ends(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with click.Context(click.Command("dagster")), dg.build_op_context() as context:
        with pytest.raises(dg.Failure), as_failures(context), as_failures():
            raise PlatformError("the lake is dry")
        with pytest.raises(dg.Failure), as_failures(context):
            raise PlatformError("so is the next")
        before = capsys.readouterr().err
    assert [line.split(" - ")[-1] for line in before.splitlines()] == ["the lake is dry", "so is the next"]
    assert before.count(" ERROR ") == 2
    assert capsys.readouterr().err == "ERROR: the lake is dry\nERROR: so is the next\n"


def test_what_others_have_replaced_meanwhile_is_worth_one_more_attempt() -> None:
    sentences = []

    @dg.op
    def overtaken(context: dg.OpExecutionContext) -> None:
        with as_failures(context):
            raise Outdated(f"overtaken {context.retry_number}")

    @dg.job
    def job() -> None:
        overtaken()

    with dg.DagsterInstance.ephemeral() as instance:
        result = job.execute_in_process(instance=instance, raise_on_error=False)
        sentences = [log.user_message for log in instance.all_logs(result.run_id) if log.level == logging.ERROR]
    assert not result.success
    assert [event.step_retry_data is not None for event in result.all_events if event.is_step_up_for_retry] == [True]
    assert failure(result) == "overtaken 1"
    assert "overtaken 1" in sentences
    assert "overtaken 0" not in sentences


class Full(Exception):
    """What a library makes of a full disk."""


@pytest.mark.parametrize(
    ("error", "said", "again"),
    [
        (
            OSError(28, "No space left on device"),
            "shop/hats: a disk is full (OSError: [Errno 28] No space left on ",
            True,
        ),
        (DeltaError("Generic LocalFileSystem error"), "shop/hats: DeltaError: Generic LocalFileSystem error.", True),
        (NumberFormatException("Cast error"), "shop/hats: NumberFormatException: Cast error.", False),
        (
            OSError("Object at location /x/shop/hats/runs/a/b/day=1/part-0.parquet not found"),
            "shop/hats is damaged: /x/shop/hats/runs/a/b/day=1/part-0.parquet is not there, and the current",
            False,
        ),
        (SparkConnectGrpcException("gone away"), "shop/hats: SparkConnectGrpcException: gone away.", True),
    ],
)
def test_an_error_of_a_library_is_told_with_the_table_and_what_became_of_it(
    tmp_path: Path, error: Exception, said: str, again: bool
) -> None:
    with pytest.raises(dg.Failure) as told, as_failures(None, of_writing("shop/hats", "PLATFORM_LAKE", str(tmp_path))):
        raise error
    assert str(told.value.description).startswith(said)
    assert str(told.value.description).endswith("shop/hats was not published, what was there before still is.")
    assert told.value.allow_retries is again


def test_a_full_disk_is_known_by_what_lies_behind_an_error(tmp_path: Path) -> None:
    behind = DeltaError("cannot write")
    behind.__cause__ = Full("failed: No space left on device (os error 28)")
    told = of_writing("shop/hats", "PLATFORM_LAKE", str(tmp_path))(behind)
    assert "a disk is full" in str(told)
    assert f"make room where {tmp_path} lies (PLATFORM_LAKE)" in str(told)


def test_a_place_that_cannot_be_written_is_told_with_its_variable(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    url = str(tmp_path / "file" / "lake")
    told = of_writing("shop/hats", "PLATFORM_LAKE", url)(DeltaError("no log in there"))
    assert str(told).startswith(
        f"PLATFORM_LAKE: {url} cannot be written: {tmp_path}/file: Not a directory. shop/hats was "
    )
    reading = of_reading("shop/hats", "/lake/shop/hats")
    assert str(reading(DeltaError("no log in there"))) == "shop/hats cannot be read: DeltaError: no log in there."


def test_a_bucket_that_refuses_access_is_told_with_its_variable() -> None:
    told = of_writing("shop/hats", "PLATFORM_EXPORTS", "s3://bucket/exports")(PermissionError("Access Denied"))
    assert str(told).startswith("PLATFORM_EXPORTS: the bucket bucket refused access: give the credentials in use ")
    assert told is not None
    assert not told.retry


@pytest.mark.parametrize(
    ("error", "said", "again"),
    [
        (StoreError("the bucket b answered SlowDown"), "the bucket b answered SlowDown.", True),
        (DeltaError("Generic S3 error: 503 Service Unavailable"), "the store of the bucket b", True),
        (Refused("the bucket b is closed"), "the bucket b is closed.", False),
        (OSError("<Code>ExpiredToken</Code>"), "the credentials in use have expired, by what the bucket b says", False),
    ],
)
def test_what_a_store_did_not_do_is_tried_again_where_that_may_help(error: Exception, said: str, again: bool) -> None:
    reading = of_reading("shop/hats", "s3://b/lake/shop/hats")(error)
    writing = of_writing("shop/hats", "PLATFORM_LAKE", "s3://b/lake/shop/hats")(error)
    for told, before in ((reading, "shop/hats cannot be read: "), (writing, "PLATFORM_LAKE: ")):
        assert told is not None
        assert str(told).startswith(before + said)
        assert told.retry is again


@pytest.mark.parametrize(("error", "again"), [(StoreError("the store is away"), True), (Refused("it is shut."), False)])
def test_what_a_store_did_not_do_is_told_also_where_nobody_explains_it(error: Exception, again: bool) -> None:
    with pytest.raises(dg.Failure) as told, as_failures():
        raise error
    assert (told.value.description, told.value.allow_retries) == (f"{str(error).rstrip('.')}.", again)


def test_a_server_that_is_gone_is_told_whether_a_table_is_read_or_written(tmp_path: Path) -> None:
    gone = SparkConnectGrpcException("status = StatusCode.UNAVAILABLE")
    for explain in (of_reading("shop/hats", str(tmp_path)), of_writing("shop/hats", "PLATFORM_LAKE", str(tmp_path))):
        told = explain(gone)
        assert isinstance(told, TemporaryError)
        assert re.match("shop/hats: .* was there, and no longer answers. Start it again", str(told))


def test_what_nobody_has_foreseen_is_explained_by_nothing(tmp_path: Path) -> None:
    for explain in (
        of_reading("shop/hats", "/lake/shop/hats"),
        of_writing("shop/hats", "PLATFORM_LAKE", str(tmp_path)),
    ):
        assert explain(KeyError("not ours")) is None


@pytest.mark.parametrize("error", [ValueError("not ours"), KeyboardInterrupt(), dg.Failure("already one")])
def test_any_other_error_stays_what_it_is(error: BaseException) -> None:
    with pytest.raises(type(error)) as told, as_failures():
        raise error
    assert told.value is error


def test_a_place_comes_before_what_is_said_of_a_declaration_whose_kind_and_cause_stay() -> None:
    class Wrong(DeclarationError):
        pass

    with pytest.raises(Wrong, match=r"^a\.py: column b: it is wrong$") as told, naming("a.py"), naming("column b"):
        raise Wrong("it is wrong") from KeyError("cause")
    assert isinstance(told.value.__cause__, KeyError)


def test_a_file_of_a_version_that_is_gone_is_damage_and_not_tried_again() -> None:
    told = of_reading("shop/hats", "/lake/shop/hats")(
        OSError("Object at location /x/shop/hats/runs/a/b/day=1/part-0.parquet not found")
    )
    assert isinstance(told, PlatformError)
    assert (str(told).startswith("shop/hats is damaged: "), told.retry) == (True, False)


@pytest.mark.parametrize("debug", [False, True])
def test_an_error_that_repeats_a_secret_is_told_without_it_and_its_causes_not_at_all(
    monkeypatch: pytest.MonkeyPatch, debug: bool
) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "mark-3f9a1c")
    monkeypatch.setattr("platform_assets.assets.failures.debugging", lambda: debug)
    for error in (ValueError("key mark-3f9a1c"), PlatformError("key mark-3f9a1c")):
        with pytest.raises(dg.Failure) as told, as_failures():
            raise error
        assert str(told.value.description).endswith("key **********")
        assert "mark-3f9a1c" not in "".join(traceback.format_exception(told.value))
