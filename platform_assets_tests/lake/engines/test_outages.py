"""How long a session tries a server that has gone away."""

from __future__ import annotations

import grpc
import pytest
from pyspark.errors.exceptions.connect import SparkConnectGrpcException
from pyspark.sql.connect.client import ChannelBuilder

from platform_assets.lake.engines import outages
from platform_assets.lake.engines.engine import Engine
from platform_assets.lake.engines.outages import PATIENCE, Patience
from platform_assets.lake.engines.refusals import is_gone


class Away(grpc.RpcError):
    """What the client gets when nobody answers."""

    def code(self) -> grpc.StatusCode:
        """That of a server that is not there."""
        return grpc.StatusCode.UNAVAILABLE

    def trailing_metadata(self) -> None:
        """Nothing."""


class Wrong(Away):
    """What a server says of a wrong request."""

    def code(self) -> grpc.StatusCode:
        """That of a wrong request."""
        return grpc.StatusCode.INVALID_ARGUMENT


class Clock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def monotonic(self) -> float:
        """The seconds that it shows."""
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The clock of the sessions."""
    clock = Clock()
    monkeypatch.setattr(outages, "time", clock)
    return clock


def test_a_server_that_is_away_is_tried_for_a_while_and_then_by_no_request_again(clock: Clock) -> None:
    patience = Patience()
    tried = []
    for _ in range(12):
        tried.append(patience.can_retry(Away()))
        clock.now += PATIENCE / 4
    assert tried == [True] * 4 + [False] * 8


def test_an_attempt_that_takes_longer_than_the_patience_is_the_last(clock: Clock) -> None:
    patience = Patience()
    assert patience.can_retry(Away())
    clock.now += PATIENCE + 5
    assert not patience.can_retry(Away())


def test_a_later_outage_is_waited_for_anew(clock: Clock) -> None:
    patience = Patience()
    assert patience.can_retry(Away())
    clock.now += PATIENCE
    assert not patience.can_retry(Away())
    clock.now += 3600
    assert patience.can_retry(Away())


def test_what_a_server_refuses_is_not_tried_again() -> None:
    assert not Patience().can_retry(Wrong())


def test_the_waits_between_attempts_are_short() -> None:
    state = Patience().to_state()
    waits = [state.next_attempt(Away()) for _ in range(20)]
    assert max(wait for wait in waits if wait is not None) <= 3_000
    assert None not in waits


def test_sessions_ask_their_server_for_signs_of_life_and_keep_their_other_options() -> None:
    outages.expect()
    outages.expect()
    options = [name for name, _ in ChannelBuilder.GRPC_DEFAULT_OPTIONS]
    assert {"grpc.keepalive_time_ms", "grpc.max_receive_message_length"} <= set(options)
    assert len(options) == len(set(options))


def test_of_a_server_of_this_process_no_sign_of_life_is_asked_for_however_busy_it_is() -> None:
    outages.expect(of_this_process=True)
    options = [name for name, _ in ChannelBuilder.GRPC_DEFAULT_OPTIONS]
    assert "grpc.max_receive_message_length" in options
    assert not [name for name in options if "keepalive" in name or "ping" in name]


def test_a_server_that_died_with_its_machine_is_noticed_within_half_a_minute() -> None:
    outages.expect()
    options = dict(ChannelBuilder.GRPC_DEFAULT_OPTIONS)
    assert 1_000 <= options["grpc.keepalive_time_ms"] + options["grpc.keepalive_timeout_ms"] <= 30_000
    assert options["grpc.http2.max_pings_without_data"] == 0, "the third sign of life is no longer asked for"


@pytest.mark.only("sail")
def test_every_session_with_a_server_has_patience_and_no_more(engine: Engine) -> None:
    (policy,) = engine.session.client.get_retry_policies()
    assert isinstance(policy, Patience)


@pytest.mark.parametrize(
    ("said", "gone"),
    [
        ("<_InactiveRpcError of RPC that terminated with:\n\tstatus = StatusCode.UNAVAILABLE\n", True),
        ("[INVALID_HANDLE.SESSION_CHANGED] The handle is invalid. The existing Spark server was restarted", True),
        ("[INVALID_HANDLE.OPERATION_NOT_FOUND] The handle is invalid.", True),
        ("[UNRESOLVED_COLUMN] there is no such column", False),
        ("status = StatusCode.INTERNAL", False),
    ],
)
def test_a_server_that_is_gone_or_was_started_again_is_known_by_what_its_client_says(said: str, gone: bool) -> None:
    assert is_gone(SparkConnectGrpcException(said)) is gone
    assert not is_gone(ValueError(said))
