"""The address of a store as AWS variables and profiles give it, before anything calls it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from urllib.parse import urlsplit

import botocore.session
from botocore.exceptions import BotoCoreError

from platform_assets.errors import PlatformError
from platform_assets.masking import HIDDEN, remember

_VARIABLES = ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL")
_IGNORE = "ignore_configured_endpoint_urls"


def require_url() -> None:
    """Raise `PlatformError` when what is set as the address of the store is none: libraries say that in many ways.

    Whoever wrote a name and password into it is told without them.
    """
    name, value = next(_given(), ("", ""))
    if not name or _is_url(value):
        return
    login, at, place = value.rpartition("@")
    remember([login, *login.split(":")])
    raise PlatformError(
        f"{name} is set to {HIDDEN + at if at else ''}{place}, which is no address of a store: write it as "
        "http://host:port or https://host. Nothing was published."
    )


def _is_url(value: str) -> bool:
    try:
        url = urlsplit(value)
        return url.scheme in ("http", "https") and bool(url.hostname) and url.port != 0
    except ValueError:
        return False


def _given() -> Iterator[tuple[str, str]]:
    """What says where the store is, with its value: the first is what boto3 calls."""
    session = botocore.session.get_session()
    try:
        if session.get_config_variable(_IGNORE):
            return
        yield from ((name, os.environ[name]) for name in _VARIABLES if os.environ.get(name))
        profile = session.get_scoped_config()
        services = session.full_config.get("services", {}).get(profile.get("services"), {})
    except BotoCoreError:
        return  # such as a profile that is not there: boto3 says so itself
    own = services.get("s3", {}) if isinstance(services, dict) else {}
    for found in (own.get("endpoint_url") if isinstance(own, dict) else None, profile.get("endpoint_url")):
        if found:
            yield f"endpoint_url of the profile {session.profile or 'default'}", str(found)
