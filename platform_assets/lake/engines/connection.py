"""How a session reaches the server of its engine: past proxies on this machine, and within a minute."""

from __future__ import annotations

import logging
import os
import socket
from ipaddress import ip_address
from urllib.parse import urlsplit

from platform_assets.errors import TemporaryError

LONGEST = 60.0
"""Seconds after which a server that does not answer is given up."""
DEFAULT_PORT = 15002
"""Where a Spark Connect server listens unless it is told another port."""
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
        where = url.split("/;")[0]
        raise TemporaryError(
            f"The engine at {where} did not answer within {longest:g} seconds{through}{_else(url)}. Nothing was "
            "published."
        ) from None
    finally:
        channel.close()


def _else(url: str) -> str:
    """What a server may be that takes connections and speaks no gRPC; empty where none does."""
    address = urlsplit(url)
    try:
        socket.create_connection((address.hostname or "", address.port or DEFAULT_PORT), timeout=5).close()
    except (OSError, ValueError):
        return ""
    with_tls = "use_ssl=true" in address.path
    other = "plain, without ;use_ssl=true" if with_tls else "with TLS, which ;use_ssl=true asks for"
    return (
        f", though its port takes connections: something else than Spark Connect may listen there, or it speaks {other}"
    )


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
