"""What Dagster is told of the platform's own errors, and of those that it does not know."""

from __future__ import annotations

import dagster as dg
import pytest

from platform_assets.assets.failures import as_failures
from platform_assets.errors import DeclarationError, PlatformError, TemporaryError, naming


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
