"""Variables that are no setting: which must be mistakes, and which only may be."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path

import pytest

from platform_assets.registry import found, refuse_unknown_variables
from platform_assets.settings import WrongSettings
from platform_assets.variables import strangers
from platform_assets_tests.support.packages import Packages
from platform_assets_tests.support.settings import settings_for

Variable = Callable[[str, str], None]
KNOWN = ("PLATFORM_LAKE", "PLATFORM_LANDING", "PLATFORM_SHOP_GAP_SECONDS")


def said(known: tuple[str, ...] = KNOWN) -> dict[str, tuple[bool, str | None]]:
    """Of each stranger whether it is a mistake, and what is meant."""
    return {one.name: (one.is_mistake, one.meant) for one in strangers(known)}


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("PLATFORM_LAEK", "PLATFORM_LAKE"),
        ("PLATFROM_LAKE", "PLATFORM_LAKE"),
        ("PLATFORM_SHOP_GAP_SECOND", "PLATFORM_SHOP_GAP_SECONDS"),
        ("platform_landings", "PLATFORM_LANDING"),
    ],
)
def test_a_name_that_differs_from_a_setting_by_a_letter_is_a_mistake(variable: Variable, name: str, meant: str) -> None:
    variable(name, "x")
    assert said() == {name.upper(): (True, meant)}


def test_any_other_name_of_the_environment_that_begins_as_settings_do_is_only_told(variable: Variable) -> None:
    variable("PLATFORM_BRANCH", "main")
    variable("PLATFORM_YARD_GAP_SECONDS", "60")
    variable("PLATEAU", "high")
    assert said() == {
        "PLATFORM_BRANCH": (False, None),
        "PLATFORM_YARD_GAP_SECONDS": (False, "PLATFORM_SHOP_GAP_SECONDS"),
    }


def test_every_name_of_the_env_file_that_begins_as_settings_do_must_be_one(variable: Variable, tmp_path: Path) -> None:
    Path(".env").write_text("PLATFORM_BRANCH=main\nAWS_REGION=eu\nPLATFROM_LAKE=x\nPLATFORM_LAKE=y\n")
    (branch, misspelt) = strangers(KNOWN)
    assert str(branch).startswith(f"PLATFORM_BRANCH in {tmp_path}/.env is no setting. `platform-assets settings` lists")
    assert str(misspelt) == f"PLATFROM_LAKE in {tmp_path}/.env is no setting. Did you mean PLATFORM_LAKE?"
    assert (branch.is_mistake, misspelt.is_mistake) == (True, True)


def test_what_begins_as_the_settings_of_a_domain_that_nobody_can_read_is_let_be(variable: Variable) -> None:
    variable("PLATFORM_YARD_GAP_SECONDS", "60")
    assert strangers(KNOWN, ("PLATFORM_YARD_",)) == []


@pytest.fixture
def two_domains(packages: Packages) -> str:
    """A package with the domains shop and yard, each with the setting `least` and a raw table."""
    package = packages.add("shop", "yard", setting="least: int = 1")
    for domain in ("shop", "yard"):
        packages.raw(package, domain, f"{domain}_sales")
    return package


def test_the_settings_of_domains_that_take_no_part_are_known_and_no_table_of_theirs_is_imported(
    packages: Packages, two_domains: str, variable: Variable
) -> None:
    packages.write(two_domains, "yard", "broken", "raise AssertionError('not chosen, not imported')")
    domains = found(settings_for((), domains="shop"))
    variable("PLATFORM_YARD_LEAST", "7")
    refuse_unknown_variables(domains)
    variable("PLATFORM_YARD_LEASTT", "7")
    with pytest.raises(WrongSettings, match=r"^PLATFORM_YARD_LEASTT in .* Did you mean PLATFORM_YARD_LEAST\?$"):
        refuse_unknown_variables(domains)


def test_the_settings_of_a_domain_that_takes_no_part_and_cannot_be_imported_are_let_be(
    packages: Packages, two_domains: str, variable: Variable
) -> None:
    packages.write(two_domains, "yard", "domain", "raise RuntimeError('broken')")
    variable("PLATFORM_YARD_ANYTHING", "7")
    refuse_unknown_variables(found(settings_for((), domains="shop")))


def test_a_name_that_may_be_anything_is_told_once_in_one_line(
    packages: Packages, two_domains: str, variable: Variable, caplog: pytest.LogCaptureFixture
) -> None:
    variable("PLATFORM_OF_ANOTHER_PROGRAM", "x")
    domains = found(settings_for(()))
    with caplog.at_level(logging.WARNING):
        refuse_unknown_variables(domains)
        refuse_unknown_variables(domains)
    assert caplog.messages == [
        "PLATFORM_OF_ANOTHER_PROGRAM in the environment is no setting. `platform-assets settings` lists all there are."
    ]


def test_every_mistake_is_told_at_once(packages: Packages, two_domains: str, variable: Variable) -> None:
    variable("PLATFORM_SHOP_LAEST", "x")
    variable("PLATFORM_LAEK", "x")
    with pytest.raises(WrongSettings) as told:
        refuse_unknown_variables(found(settings_for(())))
    assert [line.split()[0] for line in str(told.value).splitlines()] == ["PLATFORM_LAEK", "PLATFORM_SHOP_LAEST"]
