"""What Dagster is told of the platform's own errors, of those of engines and disks, and of others."""

import logging
from pathlib import Path

import dagster as dg
import pytest
from deltalake.exceptions import DeltaError
from pyspark.errors import AnalysisException

from platform_assets.assets import failures
from platform_assets.assets.failures import as_failures, of_writing
from platform_assets.errors import DeclarationError, Outdated, PlatformError, TemporaryError, naming
from platform_assets_tests.support.platforms import failure


@pytest.fixture(autouse=True)
def quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody asks for what lies beyond sentences."""
    monkeypatch.setattr(failures, "debugging", lambda: False)


@pytest.mark.parametrize(
    ("error", "again"),
    [(PlatformError("the lake is full"), False), (TemporaryError("the server is away"), True)],
)
def test_an_error_of_the_platform_is_a_failure_that_is_tried_again_only_when_that_may_help(
    error: PlatformError, again: bool
) -> None:
    with pytest.raises(dg.Failure) as told, as_failures():
        raise error from KeyError("cause")
    assert (told.value.description, told.value.allow_retries) == (str(error), again)
    assert told.value.__cause__ is None
    assert told.value.__suppress_context__


def test_what_led_to_an_error_is_shown_when_it_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(failures, "debugging", lambda: True)
    error = PlatformError("the lake is full")
    with pytest.raises(dg.Failure) as told, as_failures():
        raise error from KeyError("cause")
    assert told.value.__cause__ is error


@pytest.mark.parametrize("error", [ValueError("not ours"), KeyboardInterrupt(), dg.Failure("one"), dg.RetryRequested()])
def test_any_other_error_stays_what_it_is(error: BaseException) -> None:
    with pytest.raises(type(error)) as told, as_failures():
        raise error
    assert told.value is error


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


SPARK_SAYS = (
    "[CAST_INVALID_INPUT] The value 'x' cannot be cast to INT. SQLSTATE: 22018\n== DataFrame ==\n\tat org.apache.spark"
)


@pytest.mark.parametrize(
    ("error", "sentence", "again"),
    [
        (AnalysisException(SPARK_SAYS), "shop/visits: AnalysisException: The value 'x' cannot be cast to INT. ", False),
        (DeltaError("no room\nstack"), "shop/visits: DeltaError: no room. ", True),
        (
            OSError(28, "No space left on device"),
            "shop/visits: a disk is full (OSError: [Errno 28] No space left",
            True,
        ),
        (
            OSError("Object at location /x/shop/visits/runs/a/b/day=1/part-0.parquet not found"),
            "shop/visits is damaged: /x/shop/visits/runs/a/b/day=1/part-0.parquet is not there, and the current",
            False,
        ),
    ],
)
def test_what_engines_stores_and_disks_say_is_a_sentence_with_the_table(
    tmp_path: Path, error: Exception, sentence: str, again: bool
) -> None:
    with (
        pytest.raises(dg.Failure) as told,
        as_failures(None, of_writing("shop/visits", "PLATFORM_LAKE", str(tmp_path))),
    ):
        raise error
    assert str(told.value.description).startswith(sentence)
    assert str(told.value.description).endswith("shop/visits was not published, what was there before still is.")
    assert told.value.allow_retries is again


def test_a_place_comes_before_what_is_said_of_a_declaration_whose_kind_and_cause_stay() -> None:
    class Wrong(DeclarationError):
        pass

    with pytest.raises(Wrong, match=r"^a\.py: column b: it is wrong$") as told, naming("a.py"), naming("column b"):
        raise Wrong("it is wrong") from KeyError("cause")
    assert isinstance(told.value.__cause__, KeyError)
