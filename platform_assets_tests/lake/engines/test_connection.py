"""How a session reaches its server: past proxies on this machine, not for ever, and until somebody ends the wait."""

from __future__ import annotations

import logging
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import grpc
import pytest

from platform_assets.errors import TemporaryError
from platform_assets.lake.engines.connection import LONGEST, go_past_proxies, hush, is_loopback, reach
from platform_assets.lake.engines.sail import Sail
from platform_assets_tests.support.lake.fresh_process import ROOT, in_a_process_of_its_own
from platform_assets_tests.support.services.ports import free_port, listening
from platform_assets_tests.support.services.pretenders import Answer, pretending
from platform_assets_tests.support.settings import settings_for

NOWHERE = "http://127.0.0.1:9"
PROXIES = ("grpc_proxy", "https_proxy", "http_proxy", "all_proxy")
VARIABLES = (*PROXIES, "no_grpc_proxy", "no_proxy", "NO_PROXY")


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    """No proxy but those that a test names; what the platform sets is taken back."""
    for name in VARIABLES:
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)


@contextmanager
def server() -> Iterator[str]:
    """A server that speaks gRPC, and knows nothing."""
    running = grpc.server(ThreadPoolExecutor(1))
    port = running.add_insecure_port("127.0.0.1:0")
    running.start()
    try:
        yield f"sc://127.0.0.1:{port}"
    finally:
        running.stop(0)


@pytest.mark.parametrize("name", PROXIES)
def test_a_server_on_this_machine_is_reached_whatever_proxy_the_environment_names(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv(name, NOWHERE)
    with server() as url:
        reach(url, 20)


@pytest.mark.parametrize("name", ["no_grpc_proxy", "no_proxy"])
def test_the_hosts_that_need_no_proxy_stay_those_and_no_other_client_is_told_of_more(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv("http_proxy", NOWHERE)
    monkeypatch.setenv(name, "store.example.org,.corp")
    before = dict(os.environ)
    go_past_proxies("sc://spark.example.org:15002")
    assert dict(os.environ) == before
    go_past_proxies("sc://127.0.0.1:15002")
    go_past_proxies("sc://127.0.0.1:15003")
    assert dict(os.environ) == before | {"no_grpc_proxy": "store.example.org,.corp,127.0.0.1"}


@pytest.mark.parametrize(
    ("host", "here"),
    [("127.0.0.1", True), ("127.1.2.3", True), ("::1", True), ("localhost", True), ("10.0.0.1", False)],
)
def test_this_machine_is_known_by_its_addresses(host: str, here: bool) -> None:
    assert is_loopback(host) is here
    assert not is_loopback("spark.example.org")


def test_a_server_that_does_not_answer_is_given_up_in_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    with listening() as silent:
        url = f"sc://127.0.0.1:{silent.getsockname()[1]}"
        with pytest.raises(TemporaryError, match=rf"^The engine at {url} did not answer within 1 seconds, though"):
            reach(f"{url}/;token=sesame", 1)
        monkeypatch.setenv("https_proxy", NOWHERE)
        with pytest.raises(
            TemporaryError, match=re.escape("(https_proxy may lead elsewhere: name the host in no_grpc")
        ):
            reach(url, 1)


@pytest.mark.parametrize(
    ("words", "other"), [("", "with TLS, which ;use_ssl=true asks for"), ("/;use_ssl=true", "plain, without ;use_ssl=")]
)
def test_a_server_that_speaks_something_else_is_told_with_what_that_may_be(words: str, other: str) -> None:
    with pretending(lambda method, path: Answer(400)) as web:
        url = f"sc://{web.removeprefix('http://')}"
        with pytest.raises(
            TemporaryError, match=f"though its port takes connections: something else than Spark Connect .*{other}"
        ):
            reach(f"{url}{words}", 1)


def test_a_server_that_is_not_there_is_told_without_guesses() -> None:
    with pytest.raises(TemporaryError, match=r"did not answer within 1 seconds\. Nothing was published\."):
        reach(f"sc://127.0.0.1:{free_port()}", 1)


@pytest.mark.only("sail")
def test_the_engine_starts_and_works_behind_a_proxy_that_nobody_answers_for() -> None:
    program = "platform_assets_tests.support.lake.counting"
    done = in_a_process_of_its_own(program, variables=dict.fromkeys(PROXIES, NOWHERE), timeout=90)
    assert (done.returncode, done.stdout) == (0, "3\n"), done.stderr


@pytest.mark.parametrize("ends", [signal.SIGTERM, signal.SIGINT])
def test_a_process_that_waits_for_a_server_is_ended_within_seconds(ends: signal.Signals) -> None:
    with listening() as silent:
        url = f"sc://127.0.0.1:{silent.getsockname()[1]}"
        program = f"from platform_assets.lake.engines.connection import reach; reach('{url}')"
        waiting = subprocess.Popen([sys.executable, "-c", program], cwd=ROOT, stderr=subprocess.DEVNULL)
        try:
            connection, _ = silent.accept()
            with connection:
                time.sleep(0.5)
                assert waiting.poll() is None
                waiting.send_signal(ends)
                assert waiting.wait(timeout=10) != 0
        finally:
            waiting.kill()
            waiting.wait()


def test_a_session_waits_for_its_server_before_it_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    class Elsewhere(Sail):
        def spark_config(self) -> dict[str, str]:
            return {"spark.remote": "sc://127.0.0.1:4711"}

    def silent(url: str) -> None:
        raise TemporaryError(f"nobody at {url}")

    monkeypatch.setattr("platform_assets.lake.engines.engine.active_session", lambda: None)
    monkeypatch.setattr("platform_assets.lake.engines.engine.reach", silent)
    for name in ("MASTER", "SPARK_REMOTE", "SPARK_LOCAL_REMOTE"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(TemporaryError, match=r"nobody at sc://127\.0\.0\.1:4711"):
        _ = Elsewhere(settings_for()).session


def test_a_server_that_does_not_answer_is_given_up_within_a_minute() -> None:
    assert LONGEST <= 60


def test_the_clients_log_is_silent_unless_it_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    log = logging.getLogger("pyspark.sql.connect.logging")
    monkeypatch.setattr(log, "level", logging.INFO)
    monkeypatch.setenv("SPARK_CONNECT_LOG_LEVEL", "info")
    hush()
    assert log.level == logging.INFO
    monkeypatch.delenv("SPARK_CONNECT_LOG_LEVEL")
    hush()
    assert log.level > logging.CRITICAL
