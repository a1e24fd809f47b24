"""Servers that tests start at the same time never get each other's port."""

from __future__ import annotations

import socket

import pytest

from platform_assets_tests.support.services import ports
from platform_assets_tests.support.services.ports import answers, free_port


def test_a_port_is_given_once_and_never_while_somebody_has_it(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        theirs = server.getsockname()[1]
        free = free_port()
        monkeypatch.setattr(ports, "_SERVED", (theirs, free))
        with pytest.raises(StopIteration):
            free_port()
        assert answers(theirs)
        assert not answers(free)
