"""Who is told: receivers, by URLs of the library apprise, of which no log ever shows anything."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Literal

Kind = Literal["failure", "warning", "success"]
# They write down addresses with all that is secret in them.
_TALKATIVE = ("apprise", "urllib3.connection", "urllib3.connectionpool", "urllib3.util.retry")
_silent: ContextVar[bool] = ContextVar("silent", default=False)


def urls(text: str) -> tuple[str, ...]:
    """The URLs of a text, with blanks between; raises `ValueError` for one that apprise does not take."""
    found = tuple(dict.fromkeys(text.split()))
    for number, url in enumerate(found, 1):
        if _service(url) is None:
            raise ValueError(
                f"number {number} of its {len(found)} URLs is none that the library apprise takes, such as "
                "json://host:8080/path (https://appriseit.com/services); in a password, @ is written %40, # %23, / %2F"
            )
    return found


class Receiver:
    """One of those who are told."""

    def __init__(self, url: str) -> None:
        self._service = _service(url)
        self.name = hashlib.sha256(url.encode()).hexdigest()[:8]
        """What it is known by where nothing of its URL may stand."""

    def takes(self, title: str, body: str, kind: Kind, seconds: float) -> bool:
        """Send it a notice; whether it has answered that it has it. It is waited for so many seconds, not longer."""
        from apprise import Apprise, NotifyFormat

        with _silence():
            try:
                _fit(self._service, body, seconds)
                result = Apprise(self._service).notify(
                    body, title, notify_type=kind, body_format=NotifyFormat.TEXT, timeout=seconds
                )
            except Exception:  # whatever a service raises may repeat its URL
                return False
        return bool(result)


def _fit(service: Any, body: str, seconds: float) -> None:
    """Have what is longer than the service takes sent in pieces; cut, when their pauses would take too long.

    Otherwise it would be refused each time, and all that comes later would wait behind it.
    """
    from apprise import OverflowMode

    if service.overflow_mode is OverflowMode.TRUNCATE:
        return
    pauses = len(body) / max(service.body_maxlen, 1) * service.request_rate_per_sec
    service.overflow_mode = OverflowMode.TRUNCATE if pauses > seconds else OverflowMode.SPLIT


def _service(url: str) -> Any:
    """What apprise makes of a URL, None when it does not take it."""
    from apprise import Apprise, AppriseAsset

    # Whoever follows a redirection asks for a page, without the notice, and takes the page for an answer.
    asset = AppriseAsset(app_id="platform_assets", async_mode=False, storage_mode="memory", http_redirects=False)
    with _silence():
        return Apprise.instantiate(url, asset=asset)


class _NotWhileSilent(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        return not _silent.get()


_FILTER = _NotWhileSilent()


@contextmanager
def _silence() -> Iterator[None]:
    """Keep out of all logs what is said in this context: this thread, and those that apprise starts for it."""
    for name in _TALKATIVE:
        logging.getLogger(name).addFilter(_FILTER)  # once, however often it is added
    before = _silent.set(True)
    try:
        yield
    finally:
        _silent.reset(before)
