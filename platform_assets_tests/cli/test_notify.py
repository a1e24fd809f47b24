"""The command notify."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from typer.testing import Result

from platform_assets import settings
from platform_assets_tests.support.services.listener import Listener, listening

Cli = Callable[..., Result]


@pytest.fixture
def listener() -> Iterator[Listener]:
    """A receiver of notices."""
    with listening() as listener:
        yield listener


def notify(cli: Cli, monkeypatch: pytest.MonkeyPatch, receivers: str, *words: str) -> Result:
    """What the command says with these receivers."""
    monkeypatch.setenv("PLATFORM_NOTIFY", receivers)
    settings.current.cache_clear()
    return cli("notify", *words)


def test_a_notice_by_hand_comes(cli: Cli, monkeypatch: pytest.MonkeyPatch, listener: Listener) -> None:
    done = notify(cli, monkeypatch, listener.url, "Is anybody there?")
    assert (done.exit_code, done.stdout, done.stderr) == (0, "receiver 1 of 1 has taken it\n", "")
    (heard,) = listener.heard
    assert (heard["message"], heard["type"]) == ("Is anybody there?", "success")


def test_who_does_not_take_it_is_told_by_number_and_all_others_have_it(
    cli: Cli, monkeypatch: pytest.MonkeyPatch, listener: Listener
) -> None:
    done = notify(cli, monkeypatch, f"json://somebody:s3cret@127.0.0.1:1/ {listener.url}")
    assert (done.exit_code, done.stdout) == (1, "receiver 2 of 2 has taken it\n")
    assert done.stderr.startswith("Receiver 1 of 2 has not taken it: see that the URL in PLATFORM_NOTIFY is right")
    assert "s3cret" not in done.output
    assert [heard["message"] for heard in listener.heard] == ["Notices of failed runs, checks and recovery come here."]


def test_without_receivers_nobody_is_told(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    done = notify(cli, monkeypatch, "")
    assert done.exit_code == 1
    assert done.stderr.startswith("PLATFORM_NOTIFY is not set, so there is nobody to be told")
