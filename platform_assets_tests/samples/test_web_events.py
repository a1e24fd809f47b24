"""What the sample deliveries of `web_events` promise; not how the platform reads the feed."""

from __future__ import annotations

import gzip
import json
import re
import tracemalloc
from collections import Counter
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from platform_assets.samples import write_samples
from platform_assets.samples.web_events import COPIES, DIRT_RULES, planned_rows, write_web_events

FIRST_DAY = date(2026, 1, 1)
DAYS = [FIRST_DAY + timedelta(days=number) for number in range(7)]
ROWS = 500


class Row(NamedTuple):
    """A line that is not blank."""

    day: date
    file: str
    raw: bytes

    @property
    def rules(self) -> set[str]:
        """The rules that the row breaks, by an own reading of the feed's description."""
        return broken_rules(self.raw, self.day)

    @property
    def event(self) -> dict[str, Any]:
        """The parsed object of a row that is not malformed."""
        event: dict[str, Any] = json.loads(self.raw)
        return event

    @property
    def at(self) -> datetime:
        """The instant of a good event."""
        return datetime.strptime(self.event["timestamp"], "%d/%m/%Y %H:%M:%S")


def broken_rules(raw: bytes, day: date) -> set[str]:
    """Judge a row strictly and slowly."""
    try:
        event = json.loads(raw.decode())
    except UnicodeDecodeError:
        return {"not_utf8"}
    except ValueError:
        return {"malformed"}
    if not isinstance(event, dict):
        return {"malformed"}
    user = event.get("user", {})
    values = {f"user_{name}": user.get(name) for name in ("id", "session_id", "ip")}
    values |= {name: event.get(name) for name in ("event_id", "action", "url", "timestamp")}
    optional = {"user_session_id", "user_ip"}
    missing = {name for name in values if values[name] in (None, "")}
    rules = {f"missing_{name}" for name in missing - optional}
    for name in values.keys() - missing:
        value = values[name]
        good = isinstance(value, str)
        if name == "user_id":
            good = type(value) is int or good and value.isdigit()
        elif name == "url":
            good = good and bool(re.match(r"(\w+://)?[^/?#]", value))
        elif name == "timestamp":
            good = good and bool(re.fullmatch(r"\d\d?/\d\d?/\d{4} \d\d:\d\d:\d\d", value))
            try:
                event_day = datetime.strptime(str(value), "%d/%m/%Y %H:%M:%S").date()
            except ValueError:
                good = False
            else:
                rules |= {"before_start"} if event_day < FIRST_DAY else set()
                rules |= {"after_delivery"} if event_day > day + timedelta(days=1) else set()
        rules |= set() if good else {f"invalid_{name}"}
    return rules


def unpacked(path: Path) -> bytes:
    """The bytes of a plain or a packed file."""
    return gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()


def rows_of(folder: Path) -> list[Row]:
    """Read the rows of one delivery, in the order of files and lines."""
    return [
        Row(date.fromisoformat(folder.name), path.name, line.rstrip(b"\r"))
        for path in sorted(folder.iterdir())
        if path.suffix != ".txt"
        for line in unpacked(path).removeprefix(b"\xef\xbb\xbf").split(b"\n")
        if line.strip(b"\r")
    ]


def bytes_of(folder: Path) -> dict[str, bytes]:
    """All files below a folder by their relative path."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def write(landing: Path, days: int = len(DAYS), rows: int = ROWS, seed: int = 1) -> list[Path]:
    """Write samples from the first day on."""
    return write_samples(landing, first_day=FIRST_DAY, days=days, rows=rows, seed=seed)


@pytest.fixture(scope="module")
def feed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A week of deliveries."""
    landing = tmp_path_factory.mktemp("landing")
    write(landing)
    return landing / "web_events"


@pytest.fixture(scope="module")
def deliveries(feed: Path) -> dict[date, list[Row]]:
    """The rows of each delivery of the week."""
    return {day: rows_of(feed / day.isoformat()) for day in DAYS}


@pytest.fixture(scope="module")
def good(deliveries: dict[date, list[Row]]) -> list[Row]:
    """The rows of the week that break no rule, copies included."""
    return [row for day in DAYS for row in deliveries[day] if not row.rules]


def test_the_same_arguments_give_the_same_bytes(tmp_path: Path, feed: Path) -> None:
    write(tmp_path)
    assert bytes_of(tmp_path / "web_events") == bytes_of(feed)


def test_another_seed_gives_other_events(tmp_path: Path, feed: Path) -> None:
    write(tmp_path, days=1, seed=2)
    name = "2026-01-01/events-main.jsonl"
    assert (tmp_path / "web_events" / name).read_bytes() != (feed / name).read_bytes()


def test_a_day_does_not_depend_on_how_many_days_are_written(tmp_path: Path, feed: Path) -> None:
    write(tmp_path, days=3)
    three_days = bytes_of(tmp_path / "web_events")
    week = bytes_of(feed)
    assert three_days == {name: week[name] for name in week if name < "2026-01-04"}


def test_writing_again_returns_the_same_paths_and_they_all_exist(tmp_path: Path) -> None:
    paths = write(tmp_path, days=3)
    assert paths == sorted(path for path in tmp_path.rglob("*") if path.is_file())
    assert write(tmp_path, days=3) == paths


@pytest.mark.parametrize("rows", [1, 2, 3, 41, 42, 43, 100, 1001])
def test_a_delivery_has_exactly_the_rows_asked_for(tmp_path: Path, rows: int) -> None:
    write(tmp_path, days=3, rows=rows)
    folders = sorted((tmp_path / "web_events").iterdir())
    assert [len(rows_of(folder)) for folder in folders] == [rows] * 3


def test_every_delivery_of_the_week_has_exactly_its_rows(deliveries: dict[date, list[Row]]) -> None:
    assert {len(rows) for rows in deliveries.values()} == {ROWS}


def test_every_kind_of_dirt_and_copy_is_planned_within_a_week() -> None:
    plans = [planned_rows(day, first_day=FIRST_DAY, rows=ROWS) for day in DAYS]
    assert set().union(*plans) == {*DIRT_RULES, *COPIES}


@pytest.mark.parametrize("day", DAYS, ids=str)
def test_the_rows_break_exactly_the_planned_rules(
    day: date, deliveries: dict[date, list[Row]]
) -> None:
    planned: Counter[str] = Counter()
    for kind, count in planned_rows(day, first_day=FIRST_DAY, rows=ROWS).items():
        if kind in DIRT_RULES:
            planned[DIRT_RULES[kind]] += count
    broken = [row.rules for row in deliveries[day]]
    assert Counter(rule for rules in broken for rule in rules) == planned
    assert max(len(rules) for rules in broken) == 1


def test_less_than_five_per_cent_of_each_delivery_is_dirty(
    deliveries: dict[date, list[Row]],
) -> None:
    for rows in deliveries.values():
        assert 0 < sum(bool(row.rules) for row in rows) < 0.05 * len(rows)


@pytest.mark.parametrize(
    "pattern",
    [
        rb'"31/02/',
        rb'"\d\d/13/2026 ',
        rb'"timestamp": "2026-\d\d-\d\dT',
        rb'"url": "https:///',
        rb'"url": "/',
        rb"\xff",
        rb'"(action|url|timestamp|event_id|id)": null',
        rb'"(action|url|timestamp|event_id|id)": ""',
    ],
)
def test_the_dirt_of_the_feed_is_there_as_bytes(
    pattern: bytes, deliveries: dict[date, list[Row]]
) -> None:
    hits = [row for rows in deliveries.values() for row in rows if re.search(pattern, row.raw)]
    assert hits
    assert all(row.rules for row in hits)


def test_some_main_files_end_within_a_line_and_the_others_with_a_line_end(feed: Path) -> None:
    ends = [(feed / day.isoformat() / "events-main.jsonl").read_bytes()[-1:] for day in DAYS]
    assert [end == b"\n" for end in ends] == [True, False] * 3 + [True]


def test_the_partner_file_has_a_byte_order_mark_and_only_crlf(feed: Path) -> None:
    for path in feed.rglob("events-partner.json"):
        content = path.read_bytes()
        assert content.startswith(b"\xef\xbb\xbf")
        assert content.count(b"\n") == content.count(b"\r\n") > 0


def test_the_packed_file_is_readable_and_has_neither_a_name_nor_a_time(feed: Path) -> None:
    for path in feed.rglob("*.gz"):
        assert path.read_bytes()[3:8] == b"\0" * 5
        assert gzip.decompress(path.read_bytes()).endswith(b"}\n")


def test_some_days_have_an_empty_file_or_a_foreign_one_and_some_neither(feed: Path) -> None:
    names = [{path.name for path in (feed / day.isoformat()).iterdir()} for day in DAYS]
    extras = [name - {path.name for path in (feed / str(FIRST_DAY)).iterdir()} for name in names]
    assert extras[:3] == [set(), {"empty.jsonl"}, {"NOTES.txt"}]
    assert all(path.stat().st_size == 0 for path in feed.rglob("empty.jsonl"))


def test_the_copies_of_good_events_are_exact_and_as_many_as_planned(good: list[Row]) -> None:
    plans = [planned_rows(day, first_day=FIRST_DAY, rows=ROWS) for day in DAYS]
    copies = sum(plan[kind] for plan in plans for kind in COPIES)
    events = {(row.event["event_id"], row.at.date()) for row in good}
    assert len({row.raw for row in good}) == len(events) == len(good) - copies


def test_events_are_copied_in_a_file_across_files_and_in_a_later_delivery(good: list[Row]) -> None:
    seen: dict[bytes, list[Row]] = {}
    for row in good:
        seen.setdefault(row.raw, []).append(row)
    again = [(rows[0], later) for rows in seen.values() for later in rows[1:]]
    assert any(first[:2] == later[:2] for first, later in again)
    assert any(first.day == later.day and first.file != later.file for first, later in again)
    assert any(first.day < later.day for first, later in again)


def test_an_event_id_comes_again_on_other_days(good: list[Row]) -> None:
    days = Counter(event_id for event_id, _ in {(r.event["event_id"], r.at.date()) for r in good})
    assert [count for count in days.values() if count > 1] == [len(DAYS)]


def test_a_few_per_cent_of_the_good_events_are_late_and_none_is_too_old(good: list[Row]) -> None:
    shift = Counter((row.at.date() - row.day).days for row in good)
    assert set(shift) <= {-2, -1, 0, 1}  # -2: a late event, delivered again
    assert 0.02 < shift[-1] / len(good) < 0.10
    assert min(row.at.date() for row in good) == FIRST_DAY


def test_users_come_in_visits_and_some_cross_midnight(good: list[Row]) -> None:
    visits: dict[str, list[datetime]] = {}
    for row in good:
        visits.setdefault(row.event["user"]["session_id"] or "", []).append(row.at)
    visits.pop("")
    assert len(good) / len(visits) > 2
    spans = [(min(times), max(times)) for times in visits.values()]
    assert any(start.date() < end.date() for start, end in spans)


@pytest.mark.parametrize(
    "pattern",
    [
        r'"id": "\d+"',
        r'"session_id": null',
        r'"ip": "(999|unknown)',
        r'"ip": ""',
        r'"device": ',
        "\u2028",
        "\u00e9",
        r'"timestamp": "\d/1/',
        r'"url": "www\.',
        r'"url": "https://WWW\.',
        r'"url": "[^"]*//w3\.',
        r'"url": "[^"]*:8443',
        r'"url": "[^"]*example\.(org|com)',
        r'"url": "https://[^/"]*\?',
        r'"url": "https://[^"]*%',
        r'"url": "https://[^"]*#',
        r'"action": "claim"',
        r'"action": "button_click"',
    ],
)
def test_good_events_show_the_variety_of_the_feed(pattern: str, good: list[Row]) -> None:
    assert any(re.search(pattern, row.raw.decode()) for row in good)


def test_only_reserved_names_are_used_as_hosts(good: list[Row]) -> None:
    pattern = re.compile(
        r"(https?://)?(guest@)?([\w.]+\.example|[\w.]*example\.(org|com))(?!\.\w)", re.I
    )
    assert all(pattern.match(row.event["url"]) for row in good)


def test_blank_lines_lie_between_the_rows(feed: Path) -> None:
    assert any(b"\n\n" in path.read_bytes() for path in feed.rglob("*.jsonl"))


def test_large_deliveries_are_streamed(tmp_path: Path) -> None:
    tracemalloc.start()
    try:
        write_web_events(tmp_path, DAYS[1], first_day=FIRST_DAY, rows=20_000, seed=1)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert sum(path.stat().st_size for path in tmp_path.iterdir()) > 3_000_000
    assert peak < 1_500_000


def test_no_days_or_no_rows_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="at least 1"):
        write(tmp_path, days=0)
    with pytest.raises(ValueError, match="at least 1"):
        write(tmp_path, rows=0)
    assert not list(tmp_path.iterdir())


def test_a_delivery_before_the_first_day_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="2025-12-31"):
        write_web_events(tmp_path, date(2025, 12, 31), first_day=FIRST_DAY, rows=ROWS, seed=1)
