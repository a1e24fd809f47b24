"""Hits: which copy of an event counts, what becomes of its URL, and how late events reach their day."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from platform_assets_tests.support.platforms import Platform, checks
from platform_assets_tests.support.web import oracle

FEED = "web_events"
RAW, HITS = "web/raw_events", "web/user_web_hits"
BOTH = f'key:"{RAW}" or key:"{HITS}"'


def event(**changes: Any) -> dict[str, Any]:
    user = {"session_id": "s1", "id": 7, "ip": "1.1.1.1"}
    user |= {name: changes.pop(name) for name in ("id", "session_id", "ip") if name in changes}
    whole = {"event_id": "e", "user": user, "action": "view", "url": "x.org", "timestamp": "02/01/2026 10:00:00"}
    return whole | changes


# The copy that counts, and another one.
COPIES: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"id": 8}, {"id": 9}),
    ({"id": 9}, {"id": 10}),  # by number, not by text
    ({"session_id": None}, {"session_id": "a"}),
    ({"session_id": "a"}, {"session_id": "b"}),
    ({"session_id": "Z"}, {"session_id": "a"}),
    ({"session_id": "b", "ip": "1"}, {"session_id": "a", "ip": "2", "id": 8}),
    ({"ip": "1", "action": "b"}, {"ip": "2", "action": "a"}),
    ({"action": "a", "url": "y.org"}, {"action": "b", "url": "x.org"}),
    ({"url": "a.org", "timestamp": "02/01/2026 11:00:00"}, {"url": "b.org", "timestamp": "02/01/2026 09:00:00"}),
    ({"timestamp": "02/01/2026 09:00:00"}, {"timestamp": "02/01/2026 10:00:00"}),
]


def test_of_copies_in_one_file_the_first_by_all_columns_counts(platform: Platform) -> None:
    for number, (first, other) in enumerate(COPIES):
        copies = [event(event_id=str(number), **changes) for changes in (other, first, other, first)]
        platform.deliver(FEED, "2026-01-02", f"{number}.json", copies)
    result = platform.materialise("2026-01-02", select=BOTH)
    hits = {int(hit["event_id"]): hit for hit in platform.rows(HITS)}
    assert len(hits) == len(COPIES)
    for number, (first, _) in enumerate(COPIES):
        hit = hits[number]
        assert (hit["user_id"], hit["session_id"]) == (first.get("id", 7), first.get("session_id", "s1"))
        assert (hit["activity"], hit["url_level1"]) == (first.get("action", "view"), first.get("url", "x.org"))
        assert f"{hit['time_stamp']:%d/%m/%Y %H:%M:%S}" == first.get("timestamp", "02/01/2026 10:00:00")
    copies = checks(result, HITS)["good_rows_are_hits_or_copies"].metadata["copies"]
    assert copies.value == 3 * len(COPIES)


def test_the_first_delivery_counts_before_the_file_name_and_the_file_name_before_the_columns(
    platform: Platform,
) -> None:
    for day, name, events in (
        ("2026-01-02", "b.json", [event(event_id="1", session_id="z"), event(event_id="2", session_id="z")]),
        ("2026-01-02", "a.json", [event(event_id="2", session_id="y"), event(event_id="3", session_id="y")]),
        ("2026-01-03", "a.json", [event(event_id=n, session_id="a") for n in "1234"]),
        ("2026-01-03", "B.json", [event(event_id="4", session_id="b"), event(event_id="5", session_id="b")]),
    ):
        platform.deliver(FEED, day, name, events)
    platform.materialise("2026-01-01", "2026-01-05", select=BOTH)
    winners = {hit["event_id"]: hit["session_id"] for hit in platform.rows(HITS)}
    assert winners == {"1": "z", "2": "y", "3": "y", "4": "b", "5": "b"}


def test_a_rejected_copy_never_counts_and_copies_stay_in_the_raw_table_without_violations(platform: Platform) -> None:
    platform.deliver(FEED, "2026-01-02", "a.json", [event(id=None), event(url="/none"), event(id=9)])
    platform.deliver(FEED, "2026-01-03", "a.json", [event(id=1)])
    platform.materialise("2026-01-02", "2026-01-03", select=BOTH)
    assert [hit["user_id"] for hit in platform.rows(HITS)] == [9]
    good = [row["user_id"] for row in platform.rows(RAW) if not row["violations"]]
    assert sorted(good) == [1, 9]


def test_the_same_id_on_another_day_is_another_event(platform: Platform) -> None:
    times = ("01/01/2026 23:59:59", "02/01/2026 00:00:00", "02/01/2026 23:59:59", "03/01/2026 00:00:00")
    platform.deliver(FEED, "2026-01-02", "a.json", [event(timestamp=time) for time in times])
    result = platform.materialise("2026-01-01", "2026-01-03", select=BOTH)
    days = [hit["day"].isoformat() for hit in platform.rows(HITS)]
    assert sorted(days) == ["2026-01-01", "2026-01-02", "2026-01-03"]
    balance = checks(result, HITS)["good_rows_are_hits_or_copies"]
    assert {name: value.value for name, value in balance.metadata.items()} == {
        "raw_events": 4,
        "staged": 3,
        "copies": 1,
    }


def test_ids_that_differ_in_case_or_blanks_are_other_events(platform: Platform) -> None:
    ids = ["e", "E", " e", "e ", "e\u0301", "\u00e9", "e\0"]
    platform.deliver(FEED, "2026-01-02", "a.json", [event(event_id=name) for name in ids])
    platform.materialise("2026-01-02", select=BOTH)
    assert sorted(hit["event_id"] for hit in platform.rows(HITS)) == sorted(ids)


def test_a_late_event_reaches_its_day_when_that_day_is_run_again(platform: Platform) -> None:
    platform.deliver(FEED, "2026-01-02", "a.json", [event(event_id="early")])
    platform.materialise("2026-01-02", select=BOTH)
    platform.deliver(FEED, "2026-01-04", "a.json", [event(event_id="late"), event(event_id="early", id=1)])
    platform.materialise("2026-01-03", "2026-01-04", select=BOTH)
    assert [hit["event_id"] for hit in platform.rows(HITS)] == ["early"]
    platform.materialise("2026-01-02", select=HITS)
    assert [(hit["event_id"], hit["user_id"]) for hit in platform.rows(HITS)] == [("early", 7), ("late", 7)]


def test_days_are_read_as_month_first_when_the_setting_says_so(platforms: Callable[..., Platform]) -> None:
    platform = platforms("mdy", web_date_order="mdy", reject_share=1.0)
    times = ("1/2/2026 10:00:00", "01/02/2026 11:00:00", "13/01/2026 10:00:00", "02/30/2026 10:00:00")
    platform.deliver(FEED, "2026-01-02", "a.json", [event(event_id=time, timestamp=time) for time in times])
    platform.materialise("2026-01-02", select=BOTH)
    assert [hit["event_id"] for hit in platform.rows(HITS)] == ["01/02/2026 11:00:00", "1/2/2026 10:00:00"]
    assert sorted(row["violations"] for row in platform.rows(RAW)) == [[], [], *[["invalid_timestamp"]] * 2]


@pytest.mark.parametrize("hosts", ["raw", "bare"])
def test_every_url_that_is_good_becomes_a_hit(platforms: Callable[..., Platform], hosts: str) -> None:
    urls = (
        *(
            "https://www.x.org/a/b?c",
            "w3.x.org",
            "http://www.",
            "https://w3./x",
            "HTTPS://WWW.X.ORG.:80/A",
            "u@www.x.org",
        ),
        *(
            "https://[::1]/a",
            "localhost",
            "x://y//z",
            " http://x.org",
            "https://ü.org/😀/%20",
            "www.x.org?u=http://y.org",
        ),
    )
    platform = platforms("hosts", web_hosts=hosts)
    lines = [json.dumps(event(event_id=url, url=url)) for url in urls]
    platform.deliver(FEED, "2026-01-02", "a.json", lines)
    platform.materialise("2026-01-02", select=BOTH)
    hits = platform.rows(HITS)
    assert oracle.comparable(hits) == oracle.comparable(oracle.hits(platform.rows(RAW), hosts=hosts))
    assert {hit["event_id"] for hit in hits} == set(urls)


def test_what_is_no_web_address_is_rejected_as_an_invalid_url(platform: Platform) -> None:
    urls = ("javascript:void(0)", "mailto:me@x.org", "https:/x.org/a", "null", "https://x.org\\a", "https://x y.org")
    platform.deliver(FEED, "2026-01-02", "a.json", [event(event_id=url, url=url) for url in urls])
    platform.materialise("2026-01-02", select=BOTH)
    rows = platform.rows(RAW)
    assert {row["event_id"] for row in rows} == set(urls)
    assert [row["violations"] for row in rows] == [["invalid_url"]] * len(urls)
    assert platform.rows(HITS) == []
