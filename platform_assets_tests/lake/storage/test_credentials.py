"""Credentials that cannot be had are told as that: with what names them, and never as an object that is not there."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from pathlib import Path

import dagster as dg
import pytest

from platform_assets.assets.failures import as_failures
from platform_assets.errors import PlatformError
from platform_assets.lake import storage
from platform_assets.lake.storage import s3
from platform_assets.lake.storage.refusals import Refused, StoreError
from platform_assets.masking import is_told_whole
from platform_assets_tests.support.lake.visits import visits_table
from platform_assets_tests.support.services.pretenders import Answer, error, pretending

GONE = "/nonexist/token"
ROLE = "arn:aws:iam::123456789012:role/etl"
LAKE = "s3://lake/tables"
TOKEN = "mark-3f9a1c"
_KEYS = ("aws_access_key_id = a", "aws_secret_access_key = b", "")
BY_A_TOKEN = {"AWS_ROLE_ARN": ROLE, "AWS_WEB_IDENTITY_TOKEN_FILE": GONE}
BY_A_CONTAINER = {
    "AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://127.0.0.1:9/",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": GONE,
}


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch: pytest.MonkeyPatch, other_client: None) -> None:
    """An environment that says nothing of credentials, and of a store that nobody asks."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, "/no/such/file")


def set_all(monkeypatch: pytest.MonkeyPatch, variables: Mapping[str, str]) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)


def with_profile(monkeypatch: pytest.MonkeyPatch, folder: Path, *lines: str) -> None:
    """Use a profile of these lines; others lie before and after it, of which the last has keys."""
    config = folder / "config"
    config.write_text("\n".join(("[default]", "region = us-east-1", "[profile etl]", *lines, "[profile z]", *_KEYS)))
    set_all(monkeypatch, {"AWS_PROFILE": "etl", "AWS_CONFIG_FILE": str(config)})


def program(folder: Path, line: str) -> Path:
    """A program that gives out credentials, or does not."""
    file = folder / "give out"
    file.write_text(f"#!/bin/sh\n{line}\n")
    file.chmod(0o755)
    return file


def refused(kind: type[Exception] = Refused) -> str:
    """What everything that looks into the store says, which is the same."""
    said = set()
    for ask in (storage.exists, storage.state, storage.entries, lambda url: storage.same(url, url), storage.options):
        s3.client.cache_clear()
        with pytest.raises(kind) as told:
            ask(LAKE)
        said.add(str(told.value))
    (sentence,) = said
    return sentence


@pytest.mark.parametrize(
    ("variables", "name"),
    [
        (BY_A_TOKEN, "AWS_WEB_IDENTITY_TOKEN_FILE"),
        (BY_A_CONTAINER, "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"),
    ],
)
def test_a_file_with_credentials_that_is_not_there_is_no_object_that_is_not_there(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], name: str
) -> None:
    set_all(monkeypatch, variables)
    sentence = f"the credentials cannot be read: {name}={GONE} is not there: correct it, or unset {name}"
    assert refused() == sentence
    # As people see it: the variable holds no secret, only where one is.
    with pytest.raises(PlatformError) as told:
        storage.check({"PLATFORM_LAKE": LAKE})
    assert str(told.value) == f"PLATFORM_LAKE={LAKE}: {sentence}. Nothing was published."
    with pytest.raises(PlatformError) as told:
        visits_table(LAKE).delta()
    assert str(told.value) == f"PLATFORM_LAKE: {sentence}. shop/visits is as it was."


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("credential_process = /nonexist/token --for lake", "credential_process"),
        (f"role_arn = {ROLE}\nweb_identity_token_file = {GONE}", "web_identity_token_file"),
    ],
)
def test_the_line_of_a_profile_is_named_that_leads_to_what_is_not_there(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, line: str, name: str
) -> None:
    with_profile(monkeypatch, tmp_path, line)
    assert refused() == (f"the credentials cannot be read: {GONE} is not there: correct {name} of the profile etl")


def test_a_file_with_credentials_that_goes_away_while_the_process_runs_is_told_as_well(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    token = tmp_path / "token"
    token.write_text(TOKEN)
    # They are asked for anew whenever less than ten minutes of them are left.
    until = (datetime.now(timezone.utc) + timedelta(minutes=5)).isoformat()
    given = json.dumps({"AccessKeyId": "a", "SecretAccessKey": "b", "Token": "c", "Expiration": until})
    with pretending(lambda method, path: Answer(404)) as store, pretending(lambda *_: Answer(content=given)) as service:
        set_all(
            monkeypatch,
            {
                "AWS_ENDPOINT_URL_S3": store,
                "AWS_CONTAINER_CREDENTIALS_FULL_URI": f"{service}/",
                "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": str(token),
            },
        )
        assert s3.client()
        token.unlink()
        with pytest.raises(Refused, match=f"AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE={token} is not there"):
            storage.exists(LAKE)


@pytest.mark.parametrize("line", [f"echo '{TOKEN}' >&2; exit 3", f'echo \'{{"SecretAccessKey": "{TOKEN}"}}\''])
def test_what_a_program_says_that_gives_out_no_credentials_is_shown_to_nobody(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, line: str
) -> None:
    monkeypatch.setenv("PLATFORM_DEBUG", "1")
    with_profile(monkeypatch, tmp_path, f'credential_process = "{program(tmp_path, line)}"')
    assert refused().startswith(
        "the credentials cannot be had: the program of credential_process of the profile etl failed, or printed none: "
        "run it by itself to see why"
    )
    with pytest.raises(dg.Failure) as failed, as_failures():
        storage.check({"PLATFORM_LAKE": LAKE})
    shown: BaseException | None = failed.value
    while shown is not None:
        assert TOKEN not in str(shown)
        shown = shown.__cause__ or (None if shown.__suppress_context__ else shown.__context__)


def test_a_program_that_prints_no_json_is_told_without_what_it_printed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with_profile(monkeypatch, tmp_path, f'credential_process = "{program(tmp_path, f"echo {TOKEN}")}"')
    assert TOKEN not in refused()
    assert "the credentials cannot be had: " in refused()


@pytest.mark.parametrize(
    ("code", "said", "remedy"),
    [
        ("AccessDenied", "User x may not", "let them take this role, or correct AWS_ROLE_ARN"),
        ("ExpiredToken", "It is old.", "renew the credentials that ask for it, or let them take"),
    ],
)
def test_a_role_that_sts_does_not_give_is_not_blamed_on_the_bucket(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, code: str, said: str, remedy: str
) -> None:
    with_profile(monkeypatch, tmp_path, f"role_arn = {ROLE}", "source_profile = z")
    with pretending(lambda method, path: error(403, code, said)) as sts:
        set_all(
            monkeypatch,
            {"AWS_ENDPOINT_URL_STS": sts},
        )
        sentence = refused()
    said = said.rstrip(".")
    assert sentence.startswith(
        f"the credentials cannot be had: STS refused AssumeRole for the role {ROLE} ({code}: {said}): {remedy}"
    )


@pytest.mark.parametrize("code", ["ExpiredTokenException", "InvalidIdentityToken"])
def test_a_token_that_sts_does_not_take_is_told_with_the_file_it_is_in(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, code: str
) -> None:
    token = tmp_path / "token"
    token.write_text(TOKEN)
    with pretending(lambda method, path: error(400, code, "No.")) as sts:
        set_all(monkeypatch, BY_A_TOKEN | {"AWS_WEB_IDENTITY_TOKEN_FILE": str(token), "AWS_ENDPOINT_URL_STS": sts})
        sentence = refused()
    assert f"STS refused AssumeRoleWithWebIdentity for the role {ROLE} ({code}: No): have the token in " in sentence
    assert f"AWS_WEB_IDENTITY_TOKEN_FILE={token} renewed" in sentence


def test_a_service_of_credentials_that_fails_may_do_better_later(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    token = tmp_path / "token"
    token.write_text(TOKEN)
    with pretending(lambda method, path: error(500, "InternalFailure", "Oh.")) as sts:
        set_all(monkeypatch, BY_A_TOKEN | {"AWS_WEB_IDENTITY_TOKEN_FILE": str(token), "AWS_ENDPOINT_URL_STS": sts})
        with pytest.raises(StoreError, match="STS failed at AssumeRoleWithWebIdentity") as told:
            storage.exists(LAKE)
    assert not isinstance(told.value, Refused)
    assert is_told_whole(told.value)


def test_a_profile_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    assert refused() == "the credentials cannot be had: The config profile (nobody) could not be found"
