"""Where errors become those of Dagster: the one place that knows both, and the only way out of a step."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import dagster as dg
from deltalake.exceptions import DeltaError

from platform_assets.assets import interrupts
from platform_assets.assets.interrupts import INTERRUPTED, INTERRUPTS, say_last
from platform_assets.errors import Outdated, OutsideError, PlatformError, TemporaryError
from platform_assets.lake import storage
from platform_assets.lake.engines import running
from platform_assets.lake.engines.refusals import ENGINE_ERRORS, is_gone, is_of_the_plan, told
from platform_assets.lake.storage.refusals import is_full
from platform_assets.lake.tables.log import missing_file
from platform_assets.masking import is_told_whole
from platform_assets.settings import debugging

Context = dg.OpExecutionContext | dg.AssetExecutionContext | dg.InputContext | dg.OutputContext
Explain = Callable[[Exception], PlatformError | None]
MAY_PASS = "may pass"
"""What the metadata of a failure has when the same work may go well later, though the platform sees no change."""
_KINDS = (OSError, DeltaError, *ENGINE_ERRORS)


@contextmanager
def as_failures(context: Context | None = None, explain: Explain = lambda error: None) -> Iterator[None]:
    """Raise `dagster.Failure` for a `PlatformError`: the UI shows its sentence, and repeats no work in vain.

    So for what `explain` makes one of; any other error stays what it is. With the context of a step the sentence is
    told once more: as an error in the log, and as the last that a command of Dagster prints. Its causes are only
    shown with `PLATFORM_DEBUG=1`, and never an error, of whatever kind, that repeats a secret. What others have
    replaced meanwhile is worth one more attempt of the step. A step that was told to stop says what that means.
    """
    try:
        yield
    except dg.RetryRequested:
        raise
    except dg.Failure as told_already:
        _tell(context, str(told_already.description))
        raise
    except INTERRUPTS:
        interrupts.told()
        _tell(context, _interrupted(context))
        raise
    except Exception as error:
        wrong = error if isinstance(error, PlatformError) else explain(error) or storage.failure(error, "", "", "")
        may_be_shown = is_told_whole(error) and (wrong is None or wrong.is_whole)
        if wrong is None and may_be_shown:
            raise
        wrong = wrong or PlatformError(f"{type(error).__name__}: {error}")
        metadata = {MAY_PASS: True} if wrong.may_pass else None
        failure = dg.Failure(str(wrong), metadata=metadata, allow_retries=wrong.retry)
        failure.__cause__ = error if debugging() and may_be_shown else None
        if isinstance(wrong, Outdated) and _is_first_attempt(context):
            raise dg.RetryRequested(max_retries=1) from failure
        _tell(context, str(failure.description))
        raise failure from failure.__cause__


def of_reading(key: str, url: str) -> Explain:
    """Explains errors of engines, stores and disks, for a table at `url` that is read."""

    def explain(error: Exception) -> PlatformError | None:
        if not isinstance(error, _KINDS):
            return None
        if is_gone(error):
            return _of_a_server_that_is_gone(key)
        if failed := storage.failure(error, url, f"{key} cannot be read: ", ""):
            return failed
        missing = missing_file(error)
        return PlatformError(missing) if missing else TemporaryError(f"{key} cannot be read: {told(error)}.")

    return explain


def of_writing(key: str, variable: str, url: str, *, hides_values: bool = False) -> Explain:
    """Explains errors of engines, stores and disks, for what is written to `url`, in a place that a variable names.

    With `hides_values`, no value of a row is told that an engine has failed at.
    """
    kept = f"{key} was not published, what was there before still is."

    def explain(error: Exception) -> PlatformError | None:
        if not isinstance(error, _KINDS):
            return None
        if is_gone(error):
            return _of_a_server_that_is_gone(key, kept)
        if missing := missing_file(error):
            return PlatformError(f"{missing} {kept}")
        if is_full(error):
            return TemporaryError(
                f"{key}: a disk is full ({told(error)}): make room where {url} lies ({variable}), and the temporary "
                f"files of the engine (PLATFORM_ENGINE_TEMP). {kept}"
            )
        if failed := storage.failure(error, url, f"{variable}: ", kept):
            return failed
        if why := storage.not_writable(url):
            return OutsideError(f"{variable}: {url} cannot be written: {why}. {kept}")
        kind = PlatformError if is_of_the_plan(error) else TemporaryError
        failed_at = kind(f"{key}: {told(error, hides_values=hides_values)}. {kept}")
        failed_at.is_whole = not hides_values
        return failed_at

    return explain


def _of_a_server_that_is_gone(key: str, kept: str = "") -> PlatformError:
    gone = f"{key}: {running.server()} was there, and no longer answers. Start it again, and then this run."
    return TemporaryError(f"{gone} {kept}".strip())


def _is_first_attempt(context: Context | None) -> bool:
    """Whether a step is tried for the first time in its run; not where nothing can try it again, such as in a test."""
    if isinstance(context, (dg.OpExecutionContext, dg.AssetExecutionContext)):
        return context.retry_number == 0
    try:
        return context is not None and context.step_context.previous_attempt_count == 0
    except dg.DagsterInvariantViolationError:
        return False


def _interrupted(context: Context | None) -> str:
    """What it means for the tables that a step was told to stop."""
    if isinstance(context, dg.OutputContext):
        key = context.asset_key.to_user_string()
        return f"Interrupted while {key} was published: it is whole, as before or as new, and the plan says which."
    if isinstance(context, dg.InputContext):
        key = context.asset_key.to_user_string()
        return f"Interrupted while {key} was read: nothing was published of what is made from it."
    if isinstance(context, dg.AssetExecutionContext) and context.has_assets_def:
        keys = ", ".join(sorted(key.to_user_string() for key in context.selected_asset_keys))
        return f"Interrupted: nothing of {keys} was published, what was there before still is."
    return INTERRUPTED


def _tell(context: Context | None, sentence: str) -> None:
    if context is not None:
        context.log.error(sentence)
        say_last(sentence)
