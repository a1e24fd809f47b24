"""How credentials are found, and what is told when they cannot be had: that is never taken for an absent object."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import botocore.session
from botocore.exceptions import BotoCoreError, ClientError, CredentialRetrievalError, HTTPClientError

from platform_assets.errors import PlatformError
from platform_assets.lake.storage.refusals import Refused, StoreError

_PROCESS = "credential_process"
_OF_A_PROCESS = "custom-process"
_WITH_A_TOKEN = "AssumeRoleWithWebIdentity"
_TOKEN = "IDENTITY_TOKEN_FILE"
_SERVER_FAILED = 500


def seen_by(client: Any, session: Any) -> None:
    """Find the credentials of a client now, and again whenever they expire, with errors that are of nothing else.

    The client would do so when it signs a request: an error of that would pass for one of the object asked for.
    """

    def find(**_: Any) -> None:
        with finding():
            found = session.get_credentials()
            if found is not None:
                found.get_frozen_credentials()

    find()
    client.meta.events.register("before-sign.s3", find)


@contextmanager
def finding() -> Iterator[None]:
    """Raise `StoreError`, in a sentence, for whatever goes wrong while credentials are looked for."""
    try:
        yield
    except (StoreError, PlatformError):
        raise
    except Exception as error:
        # Not as its cause: what a program has said may hold the very secret that it was asked for.
        raise _told(error) from (None if _is_of_a_process(error) else error)


def _told(error: Exception) -> StoreError:
    if isinstance(error, ClientError):
        return _of_a_service(error)
    if isinstance(error, OSError) and error.filename:
        return Refused(_of_a_file(error))
    if _is_of_a_process(error):
        return Refused(
            f"the credentials cannot be had: the program of {_PROCESS}{_of_profile(_PROCESS)} failed, or printed none: "
            "run it by itself to see why (what it says is not shown here, as there may be secrets in it)"
        )
    may_pass = isinstance(error, (HTTPClientError, CredentialRetrievalError))
    kind = "" if isinstance(error, BotoCoreError) else f"{type(error).__name__}: "
    return (StoreError if may_pass else Refused)(f"the credentials cannot be had: {kind}{error}")


def _is_of_a_process(error: Exception) -> bool:
    return isinstance(error, CredentialRetrievalError) and error.kwargs.get("provider") == _OF_A_PROCESS


def _of_a_file(error: OSError) -> str:
    """What names a file that cannot be read, or a program that cannot be run, and what is wrong with that."""
    file = str(error.filename)
    wrong = "is not there" if isinstance(error, FileNotFoundError) else f"cannot be used ({error.strerror})"
    for name, value in os.environ.items():
        if name.startswith("AWS_") and value == file:
            return f"the credentials cannot be read: {name}={file} {wrong}: correct it, or unset {name}"
    for profile, lines in _profiles().items():
        for name, value in lines.items():
            if value == file or (name == _PROCESS and _program(value) == file):
                return f"the credentials cannot be read: {file} {wrong}: correct {name} of the profile {profile}"
    return f"the credentials cannot be read: {file} {wrong}"


def _program(command: object) -> str:
    with suppress(ValueError, IndexError):
        return shlex.split(str(command))[0]
    return ""


def _profiles() -> dict[str, dict[str, Any]]:
    """The profiles of this user, that in use first."""
    session = botocore.session.get_session()
    with suppress(BotoCoreError, OSError):
        profiles: dict[str, dict[str, Any]] = session.full_config.get("profiles", {})
        used = session.profile or "default"
        return {name: profiles[name] for name in sorted(profiles, key=lambda name: name != used)}
    return {}


def _of_profile(line: str) -> str:
    name = next((name for name, lines in _profiles().items() if line in lines), None)
    return f" of the profile {name}" if name else ""


def _of_a_service(error: ClientError) -> StoreError:
    """What STS, or the service of another way to credentials, has refused; the bucket was not even asked."""
    answer, asked = error.response, error.operation_name
    code, said = (answer.get("Error", {}).get(word, "") for word in ("Code", "Message"))
    service, role = "the service of the credentials", ""
    if asked.startswith("AssumeRole"):
        service, role = "STS", _role(asked)
    of_role = f" for the role {role}" if role else ""
    if answer.get("ResponseMetadata", {}).get("HTTPStatusCode", 0) >= _SERVER_FAILED:
        return StoreError(f"the credentials cannot be had: {service} failed at {asked}{of_role} ({code}: {said})")
    if asked == _WITH_A_TOKEN:
        file = next((f"{name}={value}" for name, value in os.environ.items() if name.endswith(_TOKEN)), "its file")
        remedy = f"have the token in {file} renewed, or "
    else:
        remedy = "renew the credentials that ask for it, or " if code.startswith("Expired") else ""
    if role:
        remedy += "let them take this role, or correct AWS_ROLE_ARN (role_arn of the profile)"
    else:
        remedy += "sign in again (aws sso login), or correct the profile"
    refused = f"{service} refused {asked}{of_role} ({code}: {said.rstrip('.')})"
    return Refused(f"the credentials cannot be had: {refused}: {remedy}")


def _role(asked: str) -> str:
    lines = [lines["role_arn"] for lines in _profiles().values() if "role_arn" in lines]
    by_variable = [arn for arn in (os.environ.get("AWS_ROLE_ARN"),) if arn]
    roles = [*by_variable, *lines] if asked == _WITH_A_TOKEN else [*lines, *by_variable]
    return str(roles[0]) if roles else ""
