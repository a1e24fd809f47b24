"""Many days of plays, day by day, in random pieces and as one range: the same rows, and the same bytes."""

from __future__ import annotations

import os
from datetime import date, datetime, timedelta
from pathlib import Path
from random import Random

import pytest

from platform_assets.lake.engines.engine import Engine
from platform_assets_tests.domains.listening.test_law_of_days import ALL, EXPORT
from platform_assets_tests.support.days import Range, cut, deliver, run
from platform_assets_tests.support.listening.plays import SONGS, line
from platform_assets_tests.support.platforms import Platform

FIRST = date(2025, 1, 1)
# A year takes a quarter of an hour: LISTENING_DAYS=365.
NUMBER = int(os.environ.get("LISTENING_DAYS", "8"))
DAYS = [FIRST + timedelta(days=n) for n in range(NUMBER)]
GAPS = (30, 200, 200, 200, 1199, 1200, 1201, 20_000, 90_000)


@pytest.fixture(scope="module")
def landing(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Plays of eight users, each delivered on its day; some sessions last for days, on some days nobody listens."""
    random = Random(2026)
    lines: dict[date, list[bytes]] = {}
    end = datetime.combine(DAYS[-1], datetime.min.time()) + timedelta(days=1)
    for number in range(8):
        at = datetime.combine(FIRST, datetime.min.time()) + timedelta(seconds=random.randrange(86_400))
        # The last two play every twenty minutes for two days, then rest for three.
        tireless = number > 5
        while at < end:
            if not tireless or (at.date() - FIRST).days % 5 < 2:
                lines.setdefault(at.date(), []).append(line(f"user {number}", at, random.choice(SONGS)))
            at += timedelta(seconds=1200 if tireless else random.choice(GAPS))
    silent = [day for day in DAYS if (day - FIRST).days % 11 == 7]
    files = {day: {"plays.tsv": b"\n".join(own)} for day, own in lines.items() if day not in silent}
    folder = tmp_path_factory.mktemp("landing")
    deliver(folder, "plays", files)
    return folder


def pieces(seed: int) -> list[Range]:
    """The days in pieces of random length."""
    random = Random(seed)
    return cut(DAYS, random.sample(range(1, NUMBER), NUMBER // 6))


@pytest.mark.timeout(3600)
def test_days_one_by_one_in_pieces_and_in_one_run_give_the_same_rows_and_the_same_bytes(
    engine: Engine, landing: Path, tmp_path: Path
) -> None:
    ways = {"one range": [(DAYS[0], DAYS[-1])], "day by day": [(day, day) for day in DAYS], "pieces": pieces(1)}
    platforms = {}
    for way, ranges in ways.items():
        platforms[way] = Platform(
            tmp_path / way, landing=str(landing), listening_top_sessions=20, listening_start=FIRST
        )
        run(platforms[way], ranges, ALL)
    whole = platforms.pop("one range")
    files = sorted(path.relative_to(whole.settings.exports) for path in Path(whole.settings.exports).rglob("*.tsv"))
    assert len(files) == NUMBER + 1
    for platform in platforms.values():
        for table in ALL[:-1]:
            assert platform.rows(table) == whole.rows(table)
        for file in files:
            assert Path(platform.settings.exports, file).read_bytes() == Path(whole.settings.exports, file).read_bytes()
    latest = Path(whole.settings.exports) / EXPORT / "latest" / "top_songs.tsv"
    assert len(latest.read_text(encoding="utf-8").splitlines()) > len(SONGS) // 2
