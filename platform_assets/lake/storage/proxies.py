"""Proxies: a variable that some clients of a store follow and others do not is refused, as half of a run would fail."""

from __future__ import annotations

import os
from urllib.parse import urlsplit
from urllib.request import proxy_bypass

from platform_assets.errors import PlatformError

_ALL = ("ALL_PROXY", "all_proxy")


def refuse_unfollowed(endpoint: str) -> None:
    """Raise `PlatformError` where the way to a store is by ALL_PROXY, which boto3 and Java do not follow."""
    named = next((name for name in _ALL if os.environ.get(name)), None)
    address = urlsplit(endpoint)
    own = f"{address.scheme}_proxy"
    followed = os.environ.get(own) or os.environ.get(own.upper()) or proxy_bypass(address.hostname or "")
    if named and not followed:
        raise PlatformError(
            f"{named}={os.environ[named]} is set, which the clients of the tables follow to the store at {endpoint}, "
            f"and boto3 does not: set {own.upper()} to the proxy, or name {address.hostname} in NO_PROXY. Nothing was "
            "published."
        )
