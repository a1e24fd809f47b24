"""Which servers are trusted: what boto3 is told of it reaches the other clients of the store, too."""

from __future__ import annotations

import os
import re
from pathlib import Path

import botocore.session

from platform_assets.errors import PlatformError

_CERTIFICATE = re.compile("-----BEGIN CERTIFICATE-----(.*?)-----END", re.DOTALL)


def bundle_of_boto3() -> str | None:
    """The file of certificates by which alone boto3 trusts servers, None for those that everybody trusts."""
    bundle: str | None = botocore.session.get_session().get_config_variable("ca_bundle")
    return bundle


def share(bundle: str) -> None:
    """Let `deltalake` and the embedded engine trust what boto3 does; they read SSL_CERT_FILE when they first connect.

    Raises `PlatformError` when that names another file, without these certificates.
    """
    wanted, other = certificates_of(bundle), os.environ.get("SSL_CERT_FILE") or bundle
    os.environ["SSL_CERT_FILE"] = other
    if missing := wanted - certificates_of(other):
        raise PlatformError(
            f"boto3 trusts the store by AWS_CA_BUNDLE={bundle} (or ca_bundle of the profile), the other clients by "
            f"SSL_CERT_FILE={other}, in which {len(missing)} of its certificates are missing: add them there, or unset "
            "SSL_CERT_FILE. Nothing was published."
        )


def certificates_in(text: str) -> set[str]:
    """The certificates in a text as files have them, each as one word."""
    return {re.sub(r"\s", "", block) for block in _CERTIFICATE.findall(text)}


def certificates_of(file: str) -> set[str]:
    """The certificates in a file; raises `PlatformError` when it cannot be read."""
    try:
        return certificates_in(Path(file).read_text(encoding="utf-8", errors="replace"))
    except OSError as error:
        raise PlatformError(
            f"The certificates of {file} cannot be read ({error.strerror}): correct AWS_CA_BUNDLE, ca_bundle of the "
            "profile, or SSL_CERT_FILE."
        ) from error
