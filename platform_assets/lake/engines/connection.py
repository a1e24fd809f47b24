"""How a session reaches the server of its engine: past proxies on this machine, and within a minute."""

from __future__ import annotations

import logging
import os
from ipaddress import ip_address
from urllib.parse import urlsplit

from platform_assets.errors import TemporaryError

LONGEST = 60.0
"""Seconds after which a server that does not answer is given up."""
# What no server does: it says so at once, and nothing of it in its log.
_NOTHING = "/platform_assets/nothing"
# The first of them that is set counts, for gRPC alone; other clients of this process read none but the second.
_NO_PROXY = ("no_grpc_proxy", "no_proxy")
_PROXIES = ("grpc_proxy", "https_proxy", "http_proxy")


def reach(url: str, longest: float = LONGEST) -> None:
    """Wait until a Spark Connect server at `sc://host:port` answers.

    Raises `TemporaryError` when it does not in so many seconds: a session would try for ten minutes, without a word
    (workaround: connect-tries-ten-minutes).
    """
    # Imported only where it is needed: it takes a second, which commands that start no engine need not wait for.
    import grpc
    from pyspark.sql.connect.client import DefaultChannelBuilder

    go_past_proxies(url)
    channel = DefaultChannelBuilder(url).toChannel()
    try:
        channel.unary_unary(_NOTHING)(b"", wait_for_ready=True, timeout=longest)
    except grpc.RpcError as error:
        if error.code() not in (grpc.StatusCode.DEADLINE_EXCEEDED, grpc.StatusCode.UNAVAILABLE):
            return
        proxies = [name for name in _PROXIES if os.environ.get(name)]
        through = f" ({' and '.join(proxies)} may lead elsewhere: name the host in no_grpc_proxy)" if proxies else ""
        raise TemporaryError(
            f"The engine at {url.split('/;')[0]} did not answer within {longest:g} seconds{through}. Nothing was "
            "published."
        ) from None
    finally:
        channel.close()


def go_past_proxies(url: str) -> None:
    """Tell gRPC, and nothing else, that a server on this machine is reached without a proxy.

    It would ask the proxy of the environment for it (workaround: connect-loopback-through-proxies).
    """
    host = urlsplit(url).hostname or ""
    if not is_loopback(host):
        return
    direct = next((os.environ[name] for name in _NO_PROXY if os.environ.get(name)), "")
    hosts = [name for name in direct.split(",") if name.strip()]
    if host not in hosts:
        os.environ[_NO_PROXY[0]] = ",".join([*hosts, host])


def hush() -> None:
    """Keep the client's log silent, as it is meant to be unless `SPARK_CONNECT_LOG_LEVEL` asks for it.

    It switches itself off, and others that set up logs switch it on (workaround: connect-log-comes-on).
    """
    if "SPARK_CONNECT_LOG_LEVEL" not in os.environ:
        logging.getLogger("pyspark.sql.connect.logging").setLevel(logging.CRITICAL + 1)


def is_loopback(host: str) -> bool:
    """Whether a host is this machine."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
