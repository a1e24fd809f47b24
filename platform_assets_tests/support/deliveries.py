"""Sample deliveries written for a test, and what is in their files."""

from __future__ import annotations

import gzip
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import NamedTuple

from platform_assets.samples import write_samples
from platform_assets_tests.support.settings import WRITERS

FIRST_DAY = date(2026, 1, 1)
DAYS = [FIRST_DAY + timedelta(days=number) for number in range(7)]
ROWS = 500
SHIPPED = Path(__file__).parents[2] / "data" / "landing"
BOM = b"\xef\xbb\xbf"


class Line(NamedTuple):
    """A line that is neither blank nor a header, and the delivery and the file that have it."""

    day: date
    file: str
    raw: bytes


def write(landing: Path, feed: str, days: int = len(DAYS), rows: int = ROWS, seed: int = 1) -> Path:
    """Write samples from the first day on and return the folder of a feed."""
    paths = write_samples(WRITERS, landing, first_day=FIRST_DAY, days=days, rows=rows, seed=seed)
    assert paths == sorted(path for path in landing.rglob("*") if path.is_file())
    return landing / feed


def content_of(path: Path) -> bytes:
    """Read a plain or a packed file."""
    return gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()


def lines_of(folder: Path) -> Iterator[Line]:
    """Read one delivery, in the order of files and lines."""
    for path in sorted(folder.iterdir()):
        suffix = path.name.removesuffix(".gz").rpartition(".")[2]
        if suffix not in {"csv", "json", "jsonl", "tsv"}:
            continue
        lines = [line.removesuffix(b"\r") for line in content_of(path).removeprefix(BOM).split(b"\n")]
        for line in lines[suffix == "csv" :]:
            if line:
                yield Line(date.fromisoformat(folder.name), path.name, line)


def bytes_of(folder: Path) -> dict[str, bytes]:
    """Read all files below a folder."""
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*.*")}


def out_of_time(event_day: date, day: date) -> set[str]:
    """The rule that an event of a day breaks when it is delivered on `day`, if any."""
    if event_day < FIRST_DAY:
        return {"before_start"}
    return {"after_delivery"} if event_day > day + timedelta(days=1) else set()


def counted_once(rules: Iterable[set[str]]) -> Counter[tuple[str, ...]]:
    """Count the broken rules of the rows that break any."""
    return Counter(tuple(sorted(broken)) for broken in rules if broken)


def planned(plan: Mapping[str, int], rules: Mapping[str, str]) -> Counter[tuple[str, ...]]:
    """Count the rules that planned rows break, one each; kinds without a rule are good."""
    counts: Counter[tuple[str, ...]] = Counter()
    for kind, count in plan.items():
        if kind in rules:
            counts[rules[kind],] += count
    return counts


def shipped(feed: str, *suffixes: str) -> Iterator[tuple[date, str, bytes]]:
    """The deliveries that the repository ships: day, name and unpacked content of each file of these suffixes."""
    for path in sorted((SHIPPED / feed).glob("*/*")):
        if path.name.removesuffix(".gz").endswith(suffixes):
            yield date.fromisoformat(path.parent.name), path.name, content_of(path)
