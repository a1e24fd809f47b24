"""Settings of the platform and of domains: where they are read from, and what is said of wrong ones."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from enum import Enum
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Annotated, Any

import pytest
from pydantic import (
    BaseModel,
    Field,
    PostgresDsn,
    Secret,
    SecretBytes,
    SecretStr,
    ValidationError,
    model_validator,
)

from platform_assets import settings
from platform_assets.machine import GIB
from platform_assets.settings import (
    PREFIX,
    DomainSettings,
    GapSeconds,
    Settings,
    WrongSettings,
    current,
    listed,
    prefix_of,
    read,
)

Variable = Callable[[str, str], None]


class ShopSettings(DomainSettings):
    """What a user may set of a shop."""

    gap_seconds: GapSeconds = 60
    """The longest pause."""
    prices: dict[str, int] = {}
    """Prices by name."""


class Login(BaseModel):
    """How to get in somewhere."""

    user: str
    password: SecretStr


class Vault(DomainSettings):
    """Settings of which some are secret."""

    key: Annotated[SecretBytes, Field(min_length=20)] | None = None
    pin: Secret[int] = Secret(1234)
    logins: list[Login] = []
    least: int = 1
    most: int = 2

    @model_validator(mode="after")
    def _in_order(self) -> Vault:
        if self.least > self.most:
            raise ValueError("the least is more than the most")
        return self


class LockedVault(Vault):
    """One that is not opened without a token."""

    token: str


class Colour(Enum):
    """Colours."""

    RED = "red"


class Kinds(DomainSettings):
    """Settings of many types."""

    hours: tuple[int, ...] = (8, 20)
    names: list[str] = ["a"]
    marks: frozenset[str] = frozenset({"b", "a", "c"})
    shares: dict[str, float] = {"plays": 0.02}
    colour: Colour = Colour.RED
    pause: timedelta = timedelta(minutes=5)
    open: bool = True
    limit: float | None = None
    place: Path = Path("/tmp")


def test_a_domains_settings_are_those_of_its_own_variables(variable: Variable) -> None:
    variable("PLATFORM_SHOP_GAP_SECONDS", "120")
    variable("PLATFORM_YARD_GAP_SECONDS", "180")
    variable("PLATFORM_GAP_SECONDS", "240")
    settings = Settings()
    assert settings.of("shop", ShopSettings).gap_seconds == 120
    assert settings.of("yard", ShopSettings).gap_seconds == 180
    assert settings.of("shop_eu", ShopSettings).gap_seconds == 60


def test_a_class_of_settings_alone_reads_no_variable(variable: Variable) -> None:
    for name in ("START", "PLATFORM_START", "PLATFORM_DOMAIN_START"):
        variable(name, "2020-02-29")
    assert ShopSettings().start == date(2026, 1, 1)


def test_the_settings_of_a_domain_may_stand_in_the_env_file(variable: Variable) -> None:
    variable("PLATFORM_SHOP_GAP_SECONDS", "120")
    Path(".env").write_text("PLATFORM_SHOP_GAP_SECONDS=1\nPLATFORM_SHOP_START=2020-02-29\nPLATFORM_SHOP_STRT=x\n")
    values = Settings().of("shop", ShopSettings)
    assert (values.gap_seconds, values.start) == (120, date(2020, 2, 29))
    told = {setting.variable: (setting.value, setting.origin) for setting in listed(values, prefix_of("shop"))}
    assert told == {
        "PLATFORM_SHOP_START": ("2020-02-29", ".env"),
        "PLATFORM_SHOP_GAP_SECONDS": ("120", "environment"),
        "PLATFORM_SHOP_PRICES": ("{}", "default"),
    }


def test_settings_that_are_given_win_and_leave_others_as_they_are(variable: Variable) -> None:
    variable("PLATFORM_SHOP_GAP_SECONDS", "120")
    settings = Settings()
    given = settings.having(shop=ShopSettings(gap_seconds=7))
    assert given.of("shop", ShopSettings).gap_seconds == 7
    assert given.having(yard=ShopSettings()).of("shop", ShopSettings).gap_seconds == 7
    assert given.having(shop=ShopSettings(gap_seconds=8)).of("shop", ShopSettings).gap_seconds == 8
    assert settings.of("shop", ShopSettings).gap_seconds == 120
    assert given.lake == settings.lake


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("GAP_SECONDS", "0", "PLATFORM_SHOP_GAP_SECONDS is set to '0', which it does not take: Input should be gr"),
        (
            "START",
            "soon",
            "PLATFORM_SHOP_START is set to 'soon', which it does not take: a day is written as YYYY-MM-DD, s",
        ),
        ("PRICES", '{"a": "b"}', "PLATFORM_SHOP_PRICES is set to 'b' for a, which it does not take: "),
        ("PRICES", "a=1", "PLATFORM_SHOP_PRICES must be JSON, such as {}: see `settings`."),
        ("NAMES", "a,b", 'PLATFORM_SHOP_NAMES must be JSON, such as ["a"]: see `settings`.'),
    ],
)
def test_a_wrong_value_of_a_domains_setting_is_told_with_its_variable(
    variable: Variable, name: str, value: str, said: str
) -> None:
    variable(f"PLATFORM_SHOP_{name}", value)
    with pytest.raises(WrongSettings) as told:
        Settings().of("shop", Kinds if name == "NAMES" else ShopSettings)
    assert str(told.value).startswith(said)


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("KEY", "sesame", "PLATFORM_SHOP_KEY is set to '**********', which it does not take: "),
        ("PIN", "sesame", "PLATFORM_SHOP_PIN is set to '**********', which it does not take: "),
        ("LOGINS", '[{"user": "a", "password": ["sesame"]}]', "PLATFORM_SHOP_LOGINS is set to '**********' for 0 for "),
        ("LOGINS", '[{"password": "sesame"}]', "PLATFORM_SHOP_LOGINS has no 0.user, and there is no default for it"),
        ("LEAST", "3", "The settings PLATFORM_SHOP_... do not go together: the least is more than the most."),
    ],
)
def test_no_error_tells_a_secret_nor_a_validator_of_the_class_ends_without_a_sentence(
    variable: Variable, name: str, value: str, said: str
) -> None:
    variable("PLATFORM_SHOP_KEY", "open sesame, open sesame")
    variable(f"PLATFORM_SHOP_{name}", value)
    with pytest.raises(WrongSettings) as told:
        Settings().of("shop", Vault)
    assert str(told.value).startswith(said)
    assert "sesame" not in str(told.value)


def test_a_setting_that_must_be_set_is_named_and_no_other_is_told(variable: Variable) -> None:
    variable("PLATFORM_SHOP_KEY", "open sesame, open sesame")
    with pytest.raises(WrongSettings) as told:
        Settings().of("shop", LockedVault)
    assert str(told.value) == "PLATFORM_SHOP_TOKEN is not set, and there is no default for it: set it."
    variable("PLATFORM_SHOP_TOKEN", "x")
    shown = {one.variable: one for one in listed(Settings().of("shop", LockedVault), prefix_of("shop"))}
    assert (shown["PLATFORM_SHOP_TOKEN"].value, shown["PLATFORM_SHOP_TOKEN"].default) == ("x", "")
    assert (shown["PLATFORM_SHOP_KEY"].value, shown["PLATFORM_SHOP_PIN"].default) == ("**********", "**********")


def test_values_are_shown_as_they_are_written(variable: Variable) -> None:
    shown = {one.variable: one.value for one in listed(Settings().of("shop", Kinds), prefix_of("shop"))}
    assert list(shown.values()) == [
        *("2026-01-01", "[8, 20]", '["a"]', '["a", "b", "c"]', '{"plays": 0.02}'),
        *("red", "PT5M", "true", None, "/tmp"),
    ]
    for name, value in shown.items():
        variable(name, value or "")
    assert Settings().of("shop", Kinds) == Kinds()
    variable("PLATFORM_DOMAINS", "shop,yard")
    assert listed(Settings(), PREFIX)[0].value == "shop,yard"


def test_what_options_and_urls_keep_secret_is_not_shown_nor_told(variable: Variable) -> None:
    class Stores(DomainSettings):
        store: PostgresDsn = PostgresDsn("postgresql://me:sesame@host/db")

    variable("PLATFORM_SPARK_MASTER", "sc://host:15002/;token=sesame;user_id=me")
    variable("PLATFORM_SPARK_CONFIG", '{"spark.hadoop.fs.s3a.secret.key": "sesame", "spark.executor.memory": "4g"}')
    shown = {one.variable: one.value for one in listed(Settings(), PREFIX)}
    assert shown["PLATFORM_SPARK_MASTER"] == "sc://host:15002/;token=**********;user_id=me"
    assert shown["PLATFORM_SPARK_CONFIG"] == (
        '{"spark.hadoop.fs.s3a.secret.key": "**********", "spark.executor.memory": "4g"}'
    )
    assert "sesame" not in str(listed(Settings().of("stores", Stores), prefix_of("stores")))
    variable("PLATFORM_SPARK_CONFIG", '{"spark.hadoop.fs.s3a.secret.key": "sesame", "spark.remote": "sc://x"}')
    with pytest.raises(WrongSettings, match="set PLATFORM_SPARK_MASTER instead") as told:
        read(Settings, PREFIX)
    assert "sesame" not in str(told.value)


def test_a_variable_counts_in_capitals_or_not(variable: Variable) -> None:
    variable("platform_shop_gap_seconds", "120")
    Path(".env").write_text("platform_shop_start=2020-02-29\n")
    values = Settings().of("shop", ShopSettings)
    told = {one.variable: (one.value, one.origin) for one in listed(values, prefix_of("shop"))}
    assert told["PLATFORM_SHOP_GAP_SECONDS"] == ("120", "environment")
    assert told["PLATFORM_SHOP_START"] == ("2020-02-29", ".env")


def test_an_env_file_that_is_no_text_in_utf_8_is_told(variable: Variable) -> None:
    Path(".env").write_bytes(b"PLATFORM_LAKE=/\xe4\n")
    with pytest.raises(WrongSettings, match=r"^\.env is no text in UTF-8 \(byte 16\): save it as UTF-8\.$"):
        read(Settings, PREFIX)


def test_an_env_file_with_a_byte_order_mark_and_the_line_ends_of_windows_is_read_right(variable: Variable) -> None:
    Path(".env").write_bytes(b"\xef\xbb\xbfPLATFORM_SHOP_GAP_SECONDS=7\r\nPLATFORM_LAKE=/lake\r\n")
    assert (Settings().of("shop", ShopSettings).gap_seconds, Settings().lake) == (7, "/lake")


@pytest.mark.parametrize(
    "place",
    [
        *("gs://bucket/x", "abfss://c@a.dfs.core.windows.net/x", "hdfs://name/x", "https://example.org/x"),
        *("s3//bucket", "S3//bucket", "s3;//bucket", "file:/lake", "gs:bucket"),
    ],
)
def test_a_place_in_a_store_that_nobody_knows_or_mistyped_is_told_with_its_variable(
    variable: Variable, place: str
) -> None:
    variable("PLATFORM_EXPORTS", place)
    with pytest.raises(WrongSettings) as told:
        read(Settings, PREFIX)
    assert str(told.value).startswith("PLATFORM_EXPORTS is set to ")
    assert "which it does not take: it is neither a folder nor a place in a store that the platform" in str(told.value)


def test_a_folder_may_have_any_name(variable: Variable, tmp_path: Path) -> None:
    for written, folder in (("./gs:/x", tmp_path / "gs:" / "x"), ("a//b", tmp_path / "a" / "b"), ("s3/x", "s3/x")):
        variable("PLATFORM_LAKE", written)
        assert Settings().lake == str(tmp_path / folder)
    variable("PLATFORM_LAKE", "file:///a:b/lake/")
    assert Settings().lake == "/a:b/lake"


def test_relative_places_count_from_the_project_wherever_below_it_a_command_is_started(
    variable: Variable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".env").write_text("PLATFORM_LANDING=in\nPLATFORM_SPARK_JARS=jars\n")
    (tmp_path / "deep" / "down").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "deep" / "down")
    variable("PLATFORM_ENGINE_TEMP", "spill")
    settings = read(Settings, PREFIX)
    assert (settings.landing, settings.lake, settings.exports, settings.spark_jars, settings.engine_temp) == (
        *(str(tmp_path / "in"), str(tmp_path / "data" / "lake"), str(tmp_path / "data" / "exports")),
        *(str(tmp_path / "jars"), str(tmp_path / "spill")),
    )
    shown = {one.variable: one for one in listed(settings, PREFIX)}
    assert shown["PLATFORM_LAKE"].value == str(tmp_path / "data" / "lake")
    assert (shown["PLATFORM_LAKE"].default, shown["PLATFORM_LAKE"].origin) == ("data/lake", "default")


def test_an_empty_default_lake_beside_a_full_one_here_stops_and_names_both(
    variable: Variable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = tmp_path / "below"
    (here / "data" / "lake" / "web" / "hits" / "_delta_log").mkdir(parents=True)
    (tmp_path / ".env").touch()
    monkeypatch.chdir(here)
    monkeypatch.setattr("platform_assets.settings.current", cache(current.__wrapped__))
    with pytest.raises(WrongSettings) as told:
        settings.current()
    assert f"tables in {here / 'data' / 'lake'}, and none in {tmp_path / 'data' / 'lake'}" in str(told.value)
    variable("PLATFORM_LAKE", "data/lake")
    assert settings.current().lake == str(tmp_path / "data" / "lake")
    monkeypatch.delenv("PLATFORM_LAKE")
    settings.current.cache_clear()
    (tmp_path / "data" / "lake" / "web" / "hits" / "_delta_log").mkdir(parents=True)
    assert settings.current().lake == str(tmp_path / "data" / "lake")


def test_tracebacks_are_asked_for_by_a_setting_and_never_when_the_settings_are_wrong(
    variable: Variable, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("platform_assets.settings.current", cache(current.__wrapped__))
    assert not settings.debugging()
    for values, asked in ({"DEBUG": "1"}, True), ({"ENGINE": "flink"}, False):
        for name, value in values.items():
            variable(f"PLATFORM_{name}", value)
        settings.current.cache_clear()
        assert settings.debugging() is asked


def test_every_wrong_value_is_told_at_once(variable: Variable) -> None:
    variable("PLATFORM_ENGINE", "flink")
    variable("PLATFORM_REJECT_SHARE", "7")
    with pytest.raises(WrongSettings) as told:
        read(Settings, PREFIX)
    assert [line.split(" ")[0] for line in str(told.value).splitlines()] == [
        "PLATFORM_ENGINE",
        "PLATFORM_REJECT_SHARE",
    ]


@pytest.mark.parametrize(
    ("value", "names"), [("shop", ("shop",)), (" shop ,yard,", ("shop", "yard")), (",", ()), ("", ())]
)
def test_domains_are_named_with_commas_between(variable: Variable, value: str, names: tuple[str, ...]) -> None:
    variable("PLATFORM_DOMAINS", value)
    assert Settings().domains == names


def test_a_process_goes_on_with_the_settings_that_it_has_read(variable: Variable) -> None:
    settings = Settings()
    first = settings.of("shop", ShopSettings)
    variable("PLATFORM_SHOP_GAP_SECONDS", "120")
    assert settings.of("shop", ShopSettings) is first
    assert settings.having(yard=ShopSettings()).of("shop", ShopSettings) is first


def test_settings_do_not_change(variable: Variable) -> None:
    settings = Settings()
    for values, name in ((settings, "lake"), (settings.of("shop", ShopSettings), "gap_seconds")):
        with pytest.raises(ValidationError, match="frozen"):
            setattr(values, name, getattr(values, name))


def test_a_variable_that_is_empty_counts_as_not_set(variable: Variable) -> None:
    for name in ("LAKE", "ENGINE_MEMORY", "REJECT_LIMITS", "SHOP_GAP_SECONDS"):
        variable(f"PLATFORM_{name}", "")
    Path(".env").write_text("PLATFORM_SHOP_START=\n")
    settings = Settings()
    assert (settings.lake, settings.reject_limits) == (str(Path("data/lake").absolute()), {})
    assert settings.of("shop", ShopSettings) == ShopSettings()
    told = {one.variable: one.origin for one in listed(settings, PREFIX)}
    assert told["PLATFORM_LAKE"] == "default"


@pytest.mark.parametrize("name", ["LANDING", "LAKE", "EXPORTS"])
@pytest.mark.parametrize("place", ["s3://bucket/my lake", "s3://bucket/100%", "s3:/bucket", "s3://Bucket", "s3a://b/x"])
def test_a_place_on_s3_that_the_engines_would_not_find_again_is_refused(
    variable: Variable, name: str, place: str
) -> None:
    variable(f"PLATFORM_{name}", place)
    with pytest.raises(WrongSettings, match=rf"^PLATFORM_{name} is set to .*: a place on S3 is s3://bucket/prefix"):
        read(Settings, PREFIX)


def test_a_place_is_named_without_the_slash_at_its_end(variable: Variable) -> None:
    here = str(Path("a b").absolute())
    for given, place in (("s3://bucket/lake/", "s3://bucket/lake"), ("/data/", "/data"), ("/", "/"), ("a b", here)):
        variable("PLATFORM_LAKE", given)
        assert Settings().lake == place


@pytest.mark.parametrize(
    ("limit", "memory"),
    [(None, 4 * GIB), ("max", 4 * GIB), (str(6 * GIB), 2 * GIB), (str(GIB), GIB), ("1" * 20, 4 * GIB)],
)
@pytest.mark.parametrize("name", ["memory.max", "memory/memory.limit_in_bytes"])
def test_the_engine_may_hold_a_third_of_the_machine_or_of_its_container_but_at_least_a_gib(
    monkeypatch: pytest.MonkeyPatch, name: str, limit: str | None, memory: int
) -> None:
    read_text = Path.read_text

    def of_the_machine(path: Path, **words: Any) -> str:
        if not str(path).startswith("/sys/fs/cgroup/"):
            return read_text(path, **words)
        if limit is None or str(path) != f"/sys/fs/cgroup/{name}":
            raise FileNotFoundError(path)
        return f"{limit}\n"

    monkeypatch.setattr(Path, "read_text", of_the_machine)
    monkeypatch.setattr("psutil.virtual_memory", lambda: SimpleNamespace(total=12 * GIB))
    assert Settings(_env_file=None).engine_memory == memory
