"""The official sample of actions by `dagster asset materialize`, as a user types it, to its documents."""

from __future__ import annotations

from pathlib import Path

from platform_assets_tests.support.processes.sites import MATERIALIZE, Site

FIRST, SECOND, THIRD, DELIVERY = (f"2016-07-{day}" for day in (26, 27, 28, 29))
TOP = [
    "185,2016-07-26T20:10",
    *(f"184,2016-07-27T{at}" for at in ("00:00", "07:40", "08:20", "15:00", "20:50")),
    *(f"182,2016-07-27T{at}" for at in ("06:50", "13:20", "14:30")),
    "180,2016-07-27T05:40",
]


def test_a_range_over_the_official_actions_writes_the_documents_that_are_known(tmp_path: Path, official: Path) -> None:
    site = Site(tmp_path, {"PLATFORM_ACTIONS_START": FIRST})
    site.forget_events()
    sample = (official / "actions" / "events.csv").read_bytes()
    site.deliver("actions", DELIVERY, "events.csv", sample)
    done = site.dagster(*MATERIALIZE, "--select", "group:actions", "--partition-range", f"{FIRST}...{DELIVERY}")
    assert done.returncode == 0, done.stdout
    assert "actions/raw_actions: published 100,000 rows as version 1" in done.stdout
    assert "actions/windows: published 313 rows as version 1" in done.stdout
    assert "actions/minutes: published 3,121 rows as version 1" in done.stdout

    def lines(name: str, place: str) -> list[str]:
        (file,) = (tmp_path / "exports" / "actions" / f"{name}_csv" / place).iterdir()
        assert file.name == f"{name}.csv"
        return file.read_bytes().decode().split("\n")

    heading, *top, end = lines("top_windows", "latest")
    assert (heading, end) == ("rank,window_start,window_end,open,close", "")
    cells = [line.split(",") for line in top]
    assert [f"{opens},{start.removesuffix(':00Z')}" for _, start, _, opens, _ in cells] == TOP
    assert [int(rank) for rank, *_ in cells] == list(range(1, 11))
    assert (cells[0][1], cells[0][2]) == ("2016-07-26T20:10:00Z", "2016-07-26T20:20:00Z")
    assert lines("top_windows", DELIVERY) == lines("top_windows", THIRD) == lines("top_windows", "latest")

    heading, *first = lines("windows", FIRST)
    assert heading == (
        "window_start,window_end,open,close,total_actions,average_actions,opens_per_minute,closes_per_minute"
    )
    assert first[:2] == [
        "2016-07-26T02:40:00Z,2016-07-26T02:50:00Z,32,0,32,16.0,3.2,0.0",
        "2016-07-26T02:50:00Z,2016-07-26T03:00:00Z,147,11,158,79.0,14.7,1.1",
    ]
    windows = [line.split(",") for day in (FIRST, SECOND, THIRD) for line in lines("windows", day)[1:-1]]
    assert len(windows) == 313
    assert windows == sorted(windows)
    assert windows[-1][:2] == ["2016-07-28T06:40:00Z", "2016-07-28T06:50:00Z"]
    assert [sum(int(window[n]) for window in windows) for n in (2, 3, 4)] == [50_000, 50_000, 100_000]
    # The day of the delivery had no actions: the latest is that of the day before which had some.
    assert lines("windows", DELIVERY) == [heading, ""]
    assert lines("windows", "latest") == lines("windows", THIRD)
