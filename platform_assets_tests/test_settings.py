"""Settings of the platform and of domains: where they are read from, and what is said of wrong ones."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from platform_assets.settings import (
    PREFIX,
    DomainSettings,
    GapSeconds,
    Settings,
    WrongSettings,
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
    assert settings.of("shop", ShopSettings).gap_seconds == 120
    assert given.lake == settings.lake


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("GAP_SECONDS", "0", "PLATFORM_SHOP_GAP_SECONDS is set to '0', which it does not take: Input should be gr"),
        ("START", "soon", "PLATFORM_SHOP_START is set to 'soon', which it does not take: "),
        ("PRICES", '{"a": "b"}', "PLATFORM_SHOP_PRICES is set to 'b' for a, which it does not take: "),
        ("PRICES", "a=1", "PLATFORM_SHOP_PRICES must be JSON, such as {}: see `settings`."),
    ],
)
def test_a_wrong_value_of_a_domains_setting_is_told_with_its_variable(
    variable: Variable, name: str, value: str, said: str
) -> None:
    variable(f"PLATFORM_SHOP_{name}", value)
    with pytest.raises(WrongSettings) as told:
        Settings().of("shop", ShopSettings)
    assert str(told.value).startswith(said)


def test_a_setting_without_a_default_has_to_be_set(variable: Variable) -> None:
    class Required(DomainSettings):
        url: str
        """Where."""

    with pytest.raises(WrongSettings, match="PLATFORM_SHOP_URL is not set, and it has no default"):
        Settings().of("shop", Required)
    variable("PLATFORM_SHOP_URL", "here")
    values = Settings().of("shop", Required)
    assert [(one.value, one.default) for one in listed(values, "X_")] == [("2026-01-01", "2026-01-01"), ("here", "")]


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
