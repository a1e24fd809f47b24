"""A built platform for all tests of the command line, and the command line on it."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from platform_assets import settings
from platform_assets.cli import app
from platform_assets_tests.support.platforms import Platform

Cli = Callable[..., Result]


def event(number: int, day: int, **fields: Any) -> dict[str, Any]:
    """A good web event of a day of January 2026."""
    return {
        "event_id": f"e{number}",
        "user": {"session_id": "s1", "id": number, "ip": "1.2.3.4"},
        "action": "page_view",
        "url": f"https://www.example.com/find/{number}",
        "timestamp": f"{day:02}/01/2026 10:15:{number:02}",
    } | fields


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Platform:
    """Three days, 9 good events and 4 rejected rows; the second day was run again, by another run."""
    platform = Platform(tmp_path_factory.mktemp("built"))
    platform.deliver("web_events", "2026-01-01", "a.jsonl", [*(event(n, 1) for n in (1, 2, 3)), "{older"])
    awkward = [
        event(4, 2, url="https://example.com/"),
        event(5, 2, url='https://example.com/a,b/say "x"'),
        event(6, 2, url="https://example.com/ ünï\u2028 "),
        event(7, 2),
        "{broken \x1b[31m[bold]red[/bold]",
        event(8, 2, url=""),
        event(9, 2, url="", action=None),
    ]
    platform.deliver("web_events", "2026-01-02", "b.jsonl", awkward)
    platform.deliver("web_events", "2026-01-03", "c.jsonl", [event(n, 3) for n in (11, 10)])
    platform.materialise("2026-01-01", "2026-01-03")
    platform.materialise("2026-01-02")
    return platform


@pytest.fixture
def copy(built: Platform, tmp_path: Path) -> Platform:
    """The built platform once more, for a test that changes it."""
    shutil.copytree(built.root, tmp_path / "copy")
    return Platform(tmp_path / "copy")


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Callable[[Platform], Cli]]:
    """The command line, run in a folder of its own on a platform that environment variables name."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("DAGSTER_HOME", raising=False)

    def on(platform: Platform) -> Cli:
        for name in ("landing", "lake", "exports"):
            monkeypatch.setenv(f"PLATFORM_{name.upper()}", str(platform.root / name))
        settings.current.cache_clear()
        return lambda *words, **given: CliRunner().invoke(app, list(words), **given)

    yield on
    settings.current.cache_clear()


@pytest.fixture
def cli(built: Platform, at: Callable[[Platform], Cli]) -> Cli:
    """The command line on the built platform, which no test changes."""
    return at(built)
