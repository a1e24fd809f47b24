"""What must not be shown is in nothing that is: neither by its name, nor in a URL, nor by its value."""

from __future__ import annotations

import json

import pytest
from pydantic import SecretStr

from platform_assets import masking
from platform_assets.errors import PlatformError, TemporaryError
from platform_assets.masking import HIDDEN, is_secret, is_told_whole, masked, told
from platform_assets.settings import DomainSettings, Settings, WrongSettings, read

MARK = "mark-3f9a1c"


@pytest.fixture(autouse=True)
def nothing_known(monkeypatch: pytest.MonkeyPatch) -> None:
    """No secret that another test has made known."""
    monkeypatch.setattr(masking, "_known", set())


@pytest.mark.parametrize(
    ("option", "value", "shown"),
    [
        ("spark.hadoop.fs.s3a.secret.key", MARK, HIDDEN),
        ("spark.hadoop.fs.s3a.access.key", MARK, HIDDEN),
        ("spark.ssl.keyPassword", MARK, HIDDEN),
        ("spark.store.credential", MARK, HIDDEN),
        ("spark.x", f"https://me:{MARK}@host/path", f"https://{HIDDEN}@host/path"),
        ("spark.remote", f"sc://host:1/;token={MARK};use_ssl=true", f"sc://host:1/;token={HIDDEN};use_ssl=true"),
        ("spark.hadoop.fs.azure.account.key.acct.dfs.core.windows.net", MARK, HIDDEN),
        ("spark.hadoop.fs.s3a.encryption.key", MARK, HIDDEN),
        (
            "spark.driver.extraJavaOptions",
            f"-Da=1 -Dx.trustStorePassword={MARK}",
            f"-Da=1 -Dx.trustStorePassword={HIDDEN}",
        ),
        ("spark.x", f"jdbc:mysql://h/db?user=a&password={MARK}&b=1", f"jdbc:mysql://h/db?user=a&password={HIDDEN}&b=1"),
        ("spark.x", f"jdbc:sqlserver://h;pwd={MARK};b=1", f"jdbc:sqlserver://h;pwd={HIDDEN};b=1"),
        ("spark.x", f'Login user="a" password="{MARK} {MARK}";', f'Login user="a" password={HIDDEN};'),
        ("spark.x", f"https://h/a?X-Amz-Signature={MARK}&b=1", f"https://h/a?X-Amz-Signature={HIDDEN}&b=1"),
        ("spark.x", f"https://h/a?sv=1&sig={MARK}", f"https://h/a?sv=1&sig={HIDDEN}"),
        ("spark.x", f"https://h/a?api_key={MARK}", f"https://h/a?api_key={HIDDEN}"),
        ("spark.x", "https://h/a?list-type=2&prefix=lake&key=a", "https://h/a?list-type=2&prefix=lake&key=a"),
        (
            "spark.x",
            "-Dkeystore=/srv/s3.jks -Daws.useDualstackEndpoint=false",
            "-Dkeystore=/srv/s3.jks -Daws.useDualstackEndpoint=false",
        ),
        ("spark.x", "signature_version=s3v4 design=1", "signature_version=s3v4 design=1"),
        ("spark.hadoop.fs.s3a.aws.credentials.provider", "a.b.Provider", "a.b.Provider"),
        ("spark.store.private.keyfile", "/srv/key.pem", "/srv/key.pem"),
        ("spark.executor.memory", "1g", "1g"),
    ],
)
def test_the_value_of_an_option_is_hidden_by_its_name_and_in_urls(option: str, value: str, shown: str) -> None:
    assert masked(option, value) == shown
    assert is_secret(option, value) == (value != shown)


@pytest.mark.parametrize("name", ["AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "PGPASSWORD", "MY_API_TOKEN"])
def test_what_variables_of_others_keep_secret_is_in_no_text(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(name, MARK)
    assert told(f"wrong key {MARK}, or {MARK}!") == f"wrong key {HIDDEN}, or {HIDDEN}!"


@pytest.mark.parametrize("name", ["AWS_WEB_IDENTITY_TOKEN_FILE", "PGPASSFILE", "SECRETS_DIR", "MY_TOKEN_PATH"])
def test_where_a_secret_lies_is_none(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(name, "/run/secrets/token")
    assert told("/run/secrets/token is not there") == "/run/secrets/token is not there"


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("the store says: No.. Nothing was done.", "the store says: No. Nothing was done."),
        ("it ends so..", "it ends so."),
        ("wait... and see ../.. or a/.. too", "wait... and see ../.. or a/.. too"),
        ("2026-01-01..2026-01-02", "2026-01-01..2026-01-02"),
    ],
)
def test_no_sentence_ends_twice(said: str, told: str) -> None:
    assert str(PlatformError(said)) == told


def test_a_proxy_is_told_without_its_password(monkeypatch: pytest.MonkeyPatch) -> None:
    said = f"Failed to connect to proxy URL: 'http://me:{MARK}@proxy:3128'"
    assert told(said) == f"Failed to connect to proxy URL: 'http://{HIDDEN}@proxy:3128'"


def test_a_short_value_is_no_secret_that_hides_other_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGPASSWORD", "lake")
    assert told("the lake is full") == "the lake is full"


def test_every_error_of_the_platform_is_told_without_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", MARK)
    for kind in (PlatformError, TemporaryError, WrongSettings):
        assert str(kind(f"no {MARK}")) == f"no {HIDDEN}"


class ShopSettings(DomainSettings):
    """The settings of a shop."""

    key: SecretStr = SecretStr("")
    keys: dict[str, SecretStr] = {}


def test_secrets_of_settings_are_known_once_these_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    marks = [f"{MARK}-{n}" for n in range(6)]
    monkeypatch.setenv("PLATFORM_SHOP_KEY", marks[0])
    monkeypatch.setenv("PLATFORM_SHOP_KEYS", f'{{"a": "{marks[1]}"}}')
    monkeypatch.setenv("PLATFORM_SPARK_MASTER", f"sc://host:1/;token={marks[2]}")
    config = {
        "spark.hadoop.fs.s3a.secret.key": marks[3],
        "spark.proxy": f"http://me:{marks[4]}@host",
        "spark.java": f"-Dpassword={marks[5]}",
    }
    monkeypatch.setenv("PLATFORM_SPARK_CONFIG", json.dumps(config))
    said = " ".join(marks)
    assert told(said) == said
    read(ShopSettings, "PLATFORM_SHOP_")
    read(Settings, "PLATFORM_")
    assert MARK not in told(said)


@pytest.mark.parametrize(
    "value",
    [
        f'{{"spark.hadoop.fs.s3a.secret.key": {{"x": "{MARK}"}}}}',
        f'{{"spark.hadoop.fs.s3a.secret.key": ["{MARK}"]}}',
        f'{{"spark.x": {{"password": "{MARK}"}}}}',
        f'["{MARK}"]',
        f'"{MARK}"',
    ],
)
def test_options_of_a_wrong_type_are_refused_without_what_they_keep_secret(
    monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    monkeypatch.setenv("PLATFORM_SPARK_CONFIG", value)
    with pytest.raises(WrongSettings, match="PLATFORM_SPARK_CONFIG") as told:
        read(Settings, "PLATFORM_")
    assert MARK not in str(told.value)


def test_an_error_is_not_told_whole_when_what_caused_it_holds_a_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", MARK)
    error = ValueError("wrong")
    assert is_told_whole(error)
    error.__cause__ = KeyError(MARK)
    assert not is_told_whole(error)
    error.__cause__, error.__context__ = None, KeyError(MARK)
    assert not is_told_whole(error)


def test_of_two_secrets_that_begin_alike_neither_is_told_in_part(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGPASSWORD", MARK)
    monkeypatch.setenv("MY_API_TOKEN", f"{MARK}-and-more")
    assert told(f"no {MARK}-and-more, no {MARK}") == f"no {HIDDEN}, no {HIDDEN}"


def test_a_secret_is_found_in_the_notes_and_in_the_members_of_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", MARK)
    noted, many = ValueError("wrong"), ValueError("2 of them")
    noted.__notes__ = [f"the key was {MARK}"]
    many.exceptions = (KeyError("one"), KeyError(MARK))  # type: ignore[attr-defined]  # of newer Pythons: a group
    assert not is_told_whole(noted)
    assert not is_told_whole(many)


@pytest.mark.timeout(20)
def test_errors_that_cause_each_other_are_looked_at_once() -> None:
    one, other = ValueError("one"), ValueError("other")
    one.__cause__, other.__cause__ = other, one
    assert is_told_whole(one)


def test_an_error_that_cannot_say_anything_any_more_holds_no_secret() -> None:
    class Mute(Exception):
        def __str__(self) -> str:
            raise AssertionError("nobody to ask")

    error = ValueError("wrong")
    error.__context__ = Mute()
    assert is_told_whole(error)
