"""The commands settings, docs and samples, and settings that are wrong."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from pydantic import SecretStr, field_validator
from typer.testing import Result

from platform_assets import settings
from platform_assets_tests.support.platforms import Platform
from platform_assets_tests.support.settings import DOMAINS, TABLES, WRITERS

Cli = Callable[..., Result]


def test_settings_tells_value_origin_and_meaning_of_each(
    cli: Cli, built: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PLATFORM_WEB_START", "2020-02-29")
    Path(".env").write_text("PLATFORM_WEB_HOSTS=bare\nPLATFORM_WEB_START=2001-01-01\n")
    settings.current.cache_clear()
    done = cli("settings", "--json")
    assert (done.exit_code, done.stderr) == (0, "")
    told = {row["variable"]: row for row in json.loads(done.stdout)}
    assert set(told) == {f"PLATFORM_{name.upper()}" for name in settings.Settings.model_fields} | {
        f"{domain.domain.prefix}{name.upper()}" for domain in DOMAINS for name in domain.domain.settings.model_fields
    }
    assert told["PLATFORM_LAKE"]["value"] == str(built.root / "lake")
    assert (told["PLATFORM_WEB_START"]["value"], told["PLATFORM_WEB_START"]["from"]) == ("2020-02-29", "environment")
    assert (told["PLATFORM_WEB_HOSTS"]["value"], told["PLATFORM_WEB_HOSTS"]["from"]) == ("bare", ".env")
    assert (told["PLATFORM_REJECT_SHARE"]["value"], told["PLATFORM_REJECT_SHARE"]["from"]) == ("0.1", "default")
    assert told["PLATFORM_ENGINE_TEMP"]["value"] is None
    assert told["PLATFORM_WEB_START"]["meaning"].startswith("First day of the web domain")
    assert all(row["meaning"] for row in told.values())
    lines = cli("settings").stdout.splitlines()
    assert [line.split()[0] for line in lines] == ["variable", *told]
    assert lines[0].split() == ["variable", "value", "from", "meaning"]


@pytest.mark.parametrize("in_file", [True, False])
@pytest.mark.parametrize("command", ["settings", "tables"])
def test_a_variable_that_is_nearly_a_setting_stops_every_command_and_is_told(
    cli: Cli, monkeypatch: pytest.MonkeyPatch, command: str, in_file: bool
) -> None:
    if in_file:
        Path(".env").write_text("PLATFORM_WEB_STRT=2020-01-01\n")
    else:
        monkeypatch.setenv("PLATFORM_WEB_STRT", "2020-01-01")
    done = cli(command)
    where = f"in {Path('.env').absolute()}" if in_file else "in the environment"
    assert done.stderr == f"PLATFORM_WEB_STRT {where} is no setting. Did you mean PLATFORM_WEB_START?\n"
    assert done.exit_code == 2
    # What is set is shown all the same: who looks for the mistake looks there.
    assert ("PLATFORM_WEB_START" in done.stdout) is (command == "settings")


def test_settings_of_domains_that_take_no_part_are_not_listed_and_are_no_mistakes(
    cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PLATFORM_DOMAINS", "web")
    monkeypatch.setenv("PLATFORM_ACTIONS_WINDOW_MINUTES", "30")
    settings.current.cache_clear()
    done = cli("settings")
    assert (done.exit_code, done.stderr) == (0, "")
    assert "PLATFORM_WEB_START" in done.stdout
    assert "PLATFORM_ACTIONS" not in done.stdout


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("ENGINE", "flink", "PLATFORM_ENGINE is set to 'flink', which it does not take: Input should be 'sail' or"),
        ("WEB_START", "soon", "PLATFORM_WEB_START is set to 'soon', which it does not take: "),
        ("REJECT_LIMITS", '{"web_events": 7}', "PLATFORM_REJECT_LIMITS is set to '7' for web_events, which it does"),
        ("SPARK_CONFIG", "a=b", "PLATFORM_SPARK_CONFIG must be JSON"),
    ],
)
@pytest.mark.parametrize("command", ["settings", "tables"])
def test_a_wrong_setting_is_named(
    cli: Cli, monkeypatch: pytest.MonkeyPatch, command: str, name: str, value: str, said: str
) -> None:
    monkeypatch.setenv(f"PLATFORM_{name}", value)
    settings.current.cache_clear()
    done = cli(command)
    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr.startswith(said)


def test_no_secret_is_printed_right_or_wrong(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    class Settings(settings.Settings):
        password: SecretStr | None = None
        """How to get in."""

        @field_validator("password")
        @classmethod
        def _long_enough(cls, value: SecretStr | None) -> SecretStr | None:
            if value and len(value.get_secret_value()) < 8:
                raise ValueError("it is too short")
            return value

    monkeypatch.setattr(settings, "Settings", Settings)
    monkeypatch.setenv("PLATFORM_PASSWORD", "open sesame")
    settings.current.cache_clear()
    assert "**********" in cli("settings").stdout
    assert "sesame" not in cli("settings").output
    monkeypatch.setenv("PLATFORM_PASSWORD", "sesame")
    settings.current.cache_clear()
    done = cli("settings")
    assert "PLATFORM_PASSWORD" in done.stderr
    assert "it is too short" in done.stderr
    assert "sesame" not in done.output


def test_samples_are_the_same_for_the_same_options(cli: Cli) -> None:
    for folder in ("one", "two"):
        done = cli("samples", "-o", folder, "--days", "2", "--rows", "30", "--seed", "5", "--start", "2026-03-01")
        assert done.exit_code == 0, done.output
        assert str(Path(folder).absolute()) in done.stdout
        assert "2026-03-01 ... 2026-03-02" in done.stdout
    one, two = (
        {str(path.relative_to(folder)): path.read_bytes() for path in Path(folder).rglob("*") if path.is_file()}
        for folder in ("one", "two")
    )
    assert one == two
    assert {tuple(name.split("/")[:2]) for name in one} == {
        (feed, day) for feed in WRITERS for day in ("2026-03-01", "2026-03-02")
    }


def test_samples_go_to_the_landing_folder_and_never_over_a_delivery(
    platform: Platform, at: Callable[[Platform], Cli]
) -> None:
    cli = at(platform)
    delivered = platform.deliver("web_events", "2026-01-02", "events-main.jsonl", "mine\n")
    done = cli("samples", "--days", "2", "--rows", "10")
    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr == f"{delivered.parent} would be overwritten, so nothing was written. --force does it.\n"
    assert [path for path in platform.root.rglob("*") if path.is_file()] == [delivered]
    assert delivered.read_text() == "mine\n"
    assert cli("samples", "--days", "2", "--rows", "10", "--force").exit_code == 0
    assert delivered.read_text() != "mine\n"
    assert (delivered.parents[1] / "2026-01-01").is_dir()


def test_the_help_of_samples_shows_a_day_as_it_is_written(cli: Cli) -> None:
    said = cli("samples", "--help").stdout
    assert "[default: (2026-01-01)]" in " ".join(said.split())
    assert "00:00" not in said


def test_samples_are_not_written_to_a_bucket(cli: Cli) -> None:
    done = cli("samples", "-o", "s3://bucket/landing")
    assert done.exit_code == 1
    assert done.stderr.startswith("Samples are written to folders of this machine, not to s3://bucket/landing")


def test_docs_writes_a_page_for_each_table(cli: Cli) -> None:
    done = cli("docs", "-o", "pages")
    assert done.exit_code == 0, done.output
    text = "\n".join(path.read_text(encoding="utf-8") for path in Path("pages").rglob("*.md"))
    assert [table.name for table in TABLES if table.name not in text] == []
    assert done.stdout.endswith("pages written to pages.\n")
