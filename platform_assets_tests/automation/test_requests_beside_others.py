"""What is requested of a domain that reads tables of another: its own alone, and what it says of what it waits for."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from pyspark.sql import DataFrame

from platform_assets import Contract, Domain, DomainSettings, Field, T, table
from platform_assets.registry import FoundDomain
from platform_assets_tests.support import kiosk
from platform_assets_tests.support.automation import AT_ONCE, Daemon
from platform_assets_tests.support.kiosk import sold
from platform_assets_tests.support.platforms import Platform


class TaxSettings(DomainSettings):
    """What may be set of the taxes."""

    percent: int = 20
    """How much is paid."""


taxes = Domain("taxes", owner="team:taxes", settings=TaxSettings)


class Paid(Contract):
    """What is paid on a day."""

    day: T.DateType = Field(description="UTC day")
    sold: T.LongType = Field(description="Sales")


@table(Paid, domain=taxes, inputs={"hours": "kiosk/hours"})
def paid(hours: DataFrame) -> DataFrame:
    """Every hour of sales."""
    return hours.select("day", "sold")


@table(Paid, domain=taxes)
def paid_again(paid: DataFrame) -> DataFrame:
    """The same."""
    return paid


FOUND = [kiosk.FOUND, FoundDomain(taxes, __name__, (paid, paid_again))]


@pytest.fixture
def daemon(tmp_path: Path) -> Daemon:
    """The daemon of the taxes of a kiosk that was delivered to on two days, and of which nothing is built."""
    return beside(tmp_path)


def beside(root: Path) -> Daemon:
    platform = Platform(root, domains=FOUND, **AT_ONCE)
    for day in (1, 2):
        platform.deliver("sold", f"2026-01-{day:02}", "a.csv", sold(f"2026-01-{day:02}", 10))
    return Daemon(platform, "taxes", FOUND)


@pytest.mark.parametrize("in_one_go", [False, True])
def test_what_another_domain_is_to_build_is_waited_for_and_named(daemon: Daemon, in_one_go: bool) -> None:
    answer = daemon.desk(over=date(2026, 1, 2)).answer(in_one_go=in_one_go)
    assert answer.requests == []
    assert {(wait.key.path[-1], wait.why) for wait in answer.waits if not wait.follows} == {
        ("paid", "kiosk/hours is due, which kiosk builds")
    }


def test_the_sensor_says_what_another_domain_is_to_build(daemon: Daemon) -> None:
    assert daemon.tick() == []
    assert daemon.said == (
        "paid waits on 2026-01-01...2026-01-02: kiosk/hours is due, which kiosk builds; "
        "what is made of it waits, too: paid_again"
    )


def test_settings_of_domains_that_are_not_read_are_no_reason_to_try_again(daemon: Daemon) -> None:
    def keys(**settings: int) -> list[str]:
        platform = Platform(daemon.platform.root, domains=FOUND, **AT_ONCE, **settings)
        return [request.key for request in Daemon(platform, "kiosk", FOUND).answer().requests]

    assert keys() == keys(taxes_percent=25) != keys(kiosk_least=2)
