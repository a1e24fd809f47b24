"""What a run must not go on from, and what it records of what it has read."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from pyspark.sql import DataFrame

from platform_assets import Contract, Domain, DomainSettings, Field, T, table
from platform_assets.assets.provenance import STALE
from platform_assets.domains.actions.domain import actions
from platform_assets.domains.listening.domain import listening
from platform_assets.lake.engines.engine import Engine
from platform_assets.lake.engines.running import start
from platform_assets.lake.tables.made import Made
from platform_assets.registry import FoundDomain
from platform_assets_tests.support.due import reasons
from platform_assets_tests.support.platforms import Platform, failure
from platform_assets_tests.support.processes.sites import events

DAYS = ("2026-01-01", "2026-01-02", "2026-01-03")
ALL = "group:listening"


def play(day: str, clock: str = "12:00:00", user: str = "ann") -> str:
    return f"{user}\t{day}T{clock}Z\t\tArtist\t\tSong\n"


@pytest.fixture
def played(engine: Engine, tmp_path: Path) -> Platform:
    """Two days of plays, built; the third is delivered."""
    platform = Platform(tmp_path)
    for day in DAYS:
        platform.deliver("plays", day, "a.tsv", play(day))
    platform.materialise(DAYS[0], DAYS[1], select=ALL)
    return platform


def made(platform: Platform, table: str, day: str) -> Made:
    """The record of a day."""
    found = platform.catalog.tables[listening.key(table)].known().made[date.fromisoformat(day)]
    assert found
    return found


@pytest.mark.parametrize(
    ("changed", "table", "said"),
    [
        (
            {"listening_gap_seconds": 60},
            "open_sessions",
            "PLATFORM_LISTENING_GAP_SECONDS=1200 on 2026-01-02, and",
        ),
        (
            {"listening_top_sessions": 1},
            "top_sessions",
            "PLATFORM_LISTENING_TOP_SESSIONS=50 on 2026-01-02, and it",
        ),
        ({"listening_rank_by": "duration"}, "top_sessions", "PLATFORM_LISTENING_RANK_BY=plays on 2026-01-02"),
    ],
)
def test_a_run_does_not_go_on_from_a_day_made_with_another_setting(
    played: Platform, changed: dict[str, Any], table: str, said: str
) -> None:
    other = Platform(played.root, **changed)
    result = other.materialise(DAYS[2], select=ALL, check=False)
    assert not result.success
    assert f"listening/{table} was made with {said}" in failure(result)
    assert failure(result).endswith("make every day that depends on it anew: `platform-assets apply listening`.")
    assert date.fromisoformat(DAYS[2]) not in other.catalog.tables[listening.key(table)].known().made


def test_a_setting_that_only_what_is_read_asks_for_is_refused_alike(engine: Engine, tmp_path: Path) -> None:
    platform = Platform(tmp_path)
    platform.deliver("actions", DAYS[0], "a.csv", f"time,action\n{DAYS[0]}T12:00:00.000Z,Open\n")
    platform.materialise(DAYS[0], select="group:actions")
    other = Platform(tmp_path, actions_window_minutes=60)
    result = other.materialise(DAYS[0], select='key:"actions/top_windows"', check=False)
    assert "actions/windows was made with PLATFORM_ACTIONS_WINDOW_MINUTES=10 on 2026-01-01" in failure(result)
    result = other.materialise(DAYS[0], select='key:"actions/windows_csv"', check=False)
    assert "actions/windows was made with PLATFORM_ACTIONS_WINDOW_MINUTES=10" in failure(result)
    assert other.catalog.recipe(actions.key("top_windows")).settings["PLATFORM_ACTIONS_WINDOW_MINUTES"] == "60"


@pytest.mark.parametrize("day", DAYS)
def test_one_day_of_many_that_was_made_with_another_setting_is_refused(
    engine: Engine, tmp_path: Path, day: str
) -> None:
    platform, other = Platform(tmp_path), Platform(tmp_path, actions_window_minutes=60)
    platform.materialise(DAYS[0], DAYS[2], select="group:actions")
    other.materialise(day, select='key:"actions/windows"')
    result = platform.materialise(DAYS[0], DAYS[2], select='key:"actions/windows_csv"', check=False)
    assert f"actions/windows was made with PLATFORM_ACTIONS_WINDOW_MINUTES=60 on {day}, and it is 10" in failure(result)


class ShopSettings(DomainSettings):
    """What may be set of the shop."""

    least: int = 1
    """Sales of less than this are not counted."""


shop = Domain("shop", owner="team:shop", settings=ShopSettings)


class Days(Contract):
    """Days."""

    day: T.DateType = Field(description="UTC day")
    number: T.LongType = Field(description="Any")


@table(Days, domain=shop)
def sales(*, days: list[date], least: int) -> DataFrame:
    """A row for each day, whatever is counted."""
    return start().session.createDataFrame([(day, 1) for day in days], "day date, number bigint")


@table(Days, domain=shop)
def day_after(sales_before: DataFrame, *, days: list[date]) -> DataFrame:
    """A row for each day of which the day before is known."""
    return start().session.createDataFrame([(day, 1) for day in days], "day date, number bigint")


def test_days_in_between_that_were_made_with_another_setting_are_not_those_that_a_range_goes_on_from(
    engine: Engine, tmp_path: Path
) -> None:
    own = [FoundDomain(shop, __name__, (sales, day_after))]
    before, now = Platform(tmp_path, domains=own), Platform(tmp_path, domains=own, shop_least=2)
    before.materialise(DAYS[0], DAYS[2], select='key:"shop/sales"')
    now.materialise(DAYS[0], select='key:"shop/sales"')
    now.materialise(DAYS[0], DAYS[2], select='key:"shop/day_after"')
    known = now.catalog.tables[shop.key("day_after")].known().made
    read = {day.day: dict(one.read.get("shop/sales", {})) for day, one in known.items() if one}
    first = now.catalog.tables[shop.key("sales")].known().fingerprint(date.fromisoformat(DAYS[0]))
    assert read == {1: {}, 2: {DAYS[0]: first}, 3: {DAYS[1]: STALE}}
    assert reasons(now, "shop")["day_after"] == {"03": ["inputs sales", "upstream sales"]}


def test_other_settings_that_nothing_asks_for_stop_no_run(played: Platform) -> None:
    other = Platform(played.root, reject_share=0.5, listening_top_songs=3)
    assert other.materialise(DAYS[2], select='key:"listening/open_sessions" or key:"listening/*plays"').success


def test_a_record_names_what_was_read_of_each_day(played: Platform) -> None:
    assert set(made(played, "sessions", DAYS[0]).read) == {"listening/plays", "listening/open_sessions"}
    second = made(played, "sessions", DAYS[1]).read
    assert {table: list(days) for table, days in second.items()} == {
        "listening/plays": [DAYS[1]],
        "listening/open_sessions": [DAYS[1], DAYS[0]],
    }
    assert second["listening/open_sessions"][DAYS[0]] == made(played, "open_sessions", DAYS[0]).fingerprint
    (file,) = made(played, "raw_plays", DAYS[0]).files_read
    assert (file.name, file.rows, file.rejected, len(file.sha256)) == ("a.tsv", 1, 0, 64)


def test_a_range_that_another_table_was_not_built_for_is_due_again(played: Platform) -> None:
    """Sessions of a range are made of plays that the open sessions between them do not know yet."""
    played.deliver("plays", DAYS[0], "late.tsv", play(DAYS[0], "23:50:00", "bob"))
    played.materialise(DAYS[0], select='key:"listening/raw_plays" or key:"listening/plays"')
    played.materialise(DAYS[0], DAYS[1], select='key:"listening/sessions"')
    assert "inputs open_sessions" in reasons(played, "listening")["sessions"]["02"]


def test_dagster_is_told_what_a_day_was_made_from_and_the_version_of_the_code(played: Platform) -> None:
    result = played.materialise(DAYS[2], select=ALL)
    told = {
        event.asset_key.path[-1]: event.step_materialization_data.materialization
        for event in result.all_events
        if event.is_step_materialization and event.asset_key
    }
    shown = told["sessions"].metadata
    assert shown["settings"].value["PLATFORM_LISTENING_GAP_SECONDS"] == "1200"
    assert shown["fingerprint"].value == made(played, "sessions", DAYS[2]).fingerprint
    assert f"listening/plays {DAYS[2]}" in shown["inputs"].value
    asset = played.definitions.resolve_assets_def(listening.key("sessions"))
    (version,) = {spec.code_version for spec in asset.specs}
    assert version == f"{shown['code'].value}.{made(played, 'sessions', DAYS[2]).contract}"
    assert json.loads(made(played, "sessions", DAYS[2]).settings)
    assert dg.AssetKey(["listening", "sessions"]) in played.catalog.tables


def test_every_delivery_with_events_of_a_day_must_be_made_by_the_same_settings(engine: Engine, tmp_path: Path) -> None:
    platform = Platform(tmp_path)
    for n, day in enumerate(DAYS):
        platform.deliver("web_events", day, "a.jsonl", events(day, f"a{n}") + events(DAYS[1], f"late{n}"))
    platform.materialise(DAYS[0], DAYS[2])
    other = Platform(tmp_path, web_date_order="mdy")
    other.materialise(DAYS[0], select='key:"web/raw_events"')
    result = other.materialise(DAYS[1], select='key:"web/user_web_hits"', check=False)
    assert "web/raw_events was made with PLATFORM_WEB_DATE_ORDER=dmy on 2026-01-02" in failure(result)
