"""What Dagster is told of the platform's own errors, and of those that it does not know."""

from __future__ import annotations

import dagster as dg
import pytest
from deltalake.exceptions import DeltaError
from pyspark.errors import AnalysisException

from platform_assets.assets.failures import as_failures
from platform_assets.errors import DeclarationError, Outdated, PlatformError, TemporaryError, naming


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
    assert isinstance(told.value.__cause__, KeyError)


@pytest.mark.parametrize(("attempts", "raised"), [(0, dg.RetryRequested), (1, dg.Failure)])
def test_what_others_have_replaced_meanwhile_is_worth_one_more_attempt(attempts: int, raised: type[Exception]) -> None:
    with pytest.raises(raised) as told, as_failures(attempts):
        raise Outdated("another run was quicker")
    failure = told.value.__cause__ if attempts == 0 else told.value
    assert isinstance(failure, dg.Failure)
    assert failure.description == "another run was quicker"
    assert getattr(told.value, "max_retries", 1) == 1


@pytest.mark.parametrize("error", [KeyboardInterrupt(), dg.Failure("already one"), dg.RetryRequested()])
def test_what_is_dagsters_own_stays_what_it_is(error: BaseException) -> None:
    with pytest.raises(type(error)) as told, as_failures():
        raise error
    assert told.value is error


def test_an_error_of_somebody_else_is_a_failure_that_says_it_in_a_line_and_keeps_its_cause() -> None:
    with pytest.raises(dg.Failure) as told, as_failures():
        raise ValueError("not ours\nat line 2")
    assert (told.value.description, told.value.allow_retries) == ("ValueError: not ours", False)
    assert isinstance(told.value.__cause__, ValueError)


SPARK_SAYS = (
    "[CAST_INVALID_INPUT] The value 'x' cannot be cast to INT. SQLSTATE: 22018\n== DataFrame ==\n\tat org.apache.spark"
)


@pytest.mark.parametrize("debug", [False, True])
@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (AnalysisException(SPARK_SAYS), "The value 'x' cannot be cast to INT."),
        (DeltaError("no such table\nstack"), "no such table"),
        (AnalysisException("x" * 9999), "x" * 500 + "..."),
        (AnalysisException(""), "AnalysisException"),
    ],
    ids=["spark", "delta", "long", "silent"],
)
def test_what_an_engine_says_is_cut_to_its_sentence_and_shown_whole_only_when_asked_for(
    error: Exception, sentence: str, debug: bool
) -> None:
    with pytest.raises(dg.Failure) as told, as_failures(debug=debug):
        raise error
    assert told.value.description == sentence
    assert (told.value.__cause__ is error) is debug
    assert told.value.__suppress_context__
    with pytest.raises(dg.Failure) as told, as_failures(debug=debug):
        raise PlatformError("the lake is full") from error
    assert told.value.description == "the lake is full"
    assert (told.value.__cause__ is error) is debug


def test_a_place_comes_before_what_is_said_of_a_declaration_whose_kind_and_cause_stay() -> None:
    class Wrong(DeclarationError):
        pass

    with pytest.raises(Wrong, match=r"^a\.py: column b: it is wrong$") as told, naming("a.py"), naming("column b"):
        raise Wrong("it is wrong") from KeyError("cause")
    assert isinstance(told.value.__cause__, KeyError)
