"""Who is told: which URLs are taken, that nothing is waited for too long, and that no log tells a secret."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

import pytest

from platform_assets.masking import told
from platform_assets.receivers import Receiver, urls
from platform_assets.settings import PREFIX, Settings, WrongSettings, listed, read
from platform_assets_tests.support.services.listener import listening

SECRETS = ("hidden-user", "hidden-password", "hidden-path", "hidden-key")
# As services write those that they give out.
_TOKEN = "3ccdd113474722377935511fc85d3dd4"
Variable = Callable[[str, str], None]


def with_secrets(url: str) -> str:
    host = url.removeprefix("json://").rstrip("/")
    return f"json://hidden-user:hidden-password@{host}/hidden-path?-key=hidden-key"


def test_a_receiver_gets_title_text_and_kind() -> None:
    with listening() as listener:
        assert Receiver(listener.url).takes("web/hits has failed", "a\n\nb & <c>", "failure", 10)
    ((title, text, kind),) = [(one["title"], one["message"], one["type"]) for one in listener.heard]
    assert (title, text, kind) == ("web/hits has failed", "a\n\nb & <c>", "failure")


def test_a_receiver_that_shows_html_or_markdown_shows_the_text_as_it_is() -> None:
    with listening() as listener:
        for shows in ("html", "markdown"):
            assert Receiver(f"{listener.url}?format={shows}").takes("a", "<b>*not* bold", "failure", 10)
    html, markdown = (one["message"] for one in listener.heard)
    assert html.replace("&nbsp;", " ").startswith("&lt;b&gt;*not* bold")
    assert markdown.startswith("<b\\>\\*not\\* bold")


def test_a_receiver_that_refuses_or_is_not_there_has_not_taken_it() -> None:
    with listening() as listener:
        listener.status = 503
        assert not Receiver(listener.url).takes("a", "b", "warning", 10)
        assert [one["title"] for one in listener.refused] == ["a"]
    assert not Receiver(listener.url).takes("a", "b", "warning", 10)


@pytest.mark.parametrize("status", [301, 302, 303])
def test_a_receiver_that_sends_to_another_place_has_not_taken_it_whatever_is_shown_there(status: int) -> None:
    with listening() as listener:
        listener.status, listener.elsewhere = status, "/welcome"
        assert not Receiver(listener.url).takes("a", "b", "failure", 10)
    assert listener.heard == []


def test_what_is_longer_than_a_service_takes_comes_in_pieces_that_it_takes() -> None:
    body = "\n".join(f"line {number} of a long notice" for number in range(400))
    with listening() as listener:
        assert Receiver(f"mmost://127.0.0.1:{listener.port}/{_TOKEN}").takes("web failed", body, "failure", 10)
    texts = [one["text"] for one in listener.heard]
    assert max(map(len, texts)) <= 4000
    assert texts[0].startswith("web failed")
    assert [line for line in body.splitlines() if not any(line in text for text in texts)] == []


def test_of_a_service_that_wants_long_pauses_between_pieces_only_the_first_is_waited_for() -> None:
    with listening() as listener:
        receiver = Receiver(f"rocket://{_TOKEN}/{_TOKEN}@127.0.0.1:{listener.port}/#here")
        began = time.monotonic()
        assert receiver.takes("web failed", "a rather long notice\n" * 400, "failure", 10)
        assert time.monotonic() - began < 5
    (text,) = [one["text"] for one in listener.heard]
    assert "web failed" in text
    assert len(text) <= 1000


def test_an_answer_is_not_waited_for_longer_than_is_said() -> None:
    with listening() as listener:
        listener.seconds = 3
        began = time.monotonic()
        assert not Receiver(listener.url).takes("a", "b", "success", 0.5)
        assert time.monotonic() - began < 2


def test_a_service_that_raises_whatever_error_has_not_taken_it_and_its_error_is_nowhere(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def notify(*_: object, **__: object) -> bool:
        raise KeyError("json://hidden-user:hidden-password@host/")

    receiver = Receiver("json://hidden-user:hidden-password@host/")
    monkeypatch.setattr("apprise.Apprise.notify", notify)
    with caplog.at_level(1):
        assert not receiver.takes("a", "b", "failure", 10)
    assert "hidden" not in caplog.text


def test_whoever_is_named_twice_is_told_once() -> None:
    assert urls(" json://host/ json://other/\tjson://host/\n") == ("json://host/", "json://other/")
    assert urls(" ") == ()


def test_nothing_of_a_url_is_logged_whatever_becomes_of_the_notice(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(1), listening() as listener:
        receiver = Receiver(with_secrets(listener.url))
        for status in (200, 500):
            listener.status = status
            receiver.takes("a", "b", "failure", 10)
        with pytest.raises(ValueError, match="number 2 of its 2 URLs"):
            urls(f"{listener.url} nowhere://hidden-user:hidden-password@there/hidden-path")
        assert listener.paths == ["/hidden-path?key=hidden-key"] * 2
    Receiver(with_secrets(listener.url)).takes("a", "b", "failure", 10)
    assert [secret for secret in (*SECRETS, str(listener.port)) if secret in caplog.text] == []


def test_what_others_log_is_logged_still(caplog: pytest.LogCaptureFixture) -> None:
    with listening() as listener:
        Receiver(listener.url).takes("a", "b", "failure", 10)
    with caplog.at_level(logging.DEBUG):
        logging.getLogger("urllib3.connectionpool").debug("of a store")
        logging.getLogger("apprise").debug("of somebody else")
    assert caplog.messages == ["of a store", "of somebody else"]


@pytest.mark.parametrize("sign", ["@", "#", "/", "?"])
def test_a_password_whose_signs_mean_something_in_a_url_is_refused_with_how_to_write_it(sign: str) -> None:
    with pytest.raises(ValueError, match="in a password, @ is written %40"):
        urls(f"mailto://user:pass{sign}word@example.com")
    assert urls("mailto://user:pass%40word@example.com")


def test_a_receiver_is_known_by_a_name_that_tells_nothing_and_stays() -> None:
    one, other = (Receiver(f"json://user:{password}@host/") for password in ("password-1", "password-2"))
    assert one.name == Receiver("json://user:password-1@host/").name
    assert one.name != other.name
    assert len(one.name) == 8


def test_receivers_are_set_with_blanks_between(variable: Variable) -> None:
    variable("PLATFORM_NOTIFY", " json://user:hidden-password@host/  mailto://user:hidden-key@example.com ")
    settings = read(Settings, PREFIX)
    assert [url.get_secret_value() for url in settings.notify] == [
        "json://user:hidden-password@host/",
        "mailto://user:hidden-key@example.com",
    ]
    shown = {one.variable: one.value for one in listed(settings, PREFIX)}
    assert shown["PLATFORM_NOTIFY"] == "**********,**********"
    assert "hidden" not in repr(settings)
    assert (
        told("it was hidden-password, or json://user:hidden-password@host/ alone")
        == "it was **********, or ********** alone"
    )
    assert Settings(_env_file=None, notify=()).notify == ()


@pytest.mark.parametrize("url", ["nowhere://hidden-path", "hidden-path", "json://", "slack://hidden-path"])
def test_a_url_that_apprise_does_not_take_is_refused_without_being_shown(variable: Variable, url: str) -> None:
    variable("PLATFORM_NOTIFY", f"json://host/ {url}")
    with pytest.raises(WrongSettings) as refused:
        read(Settings, PREFIX)
    assert str(refused.value).startswith(
        "PLATFORM_NOTIFY is set to '**********', which it does not take: number 2 of its 2 URLs is none that"
    )
    assert "hidden" not in str(refused.value)
