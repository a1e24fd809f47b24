"""The web domain from a delivered file to its tables."""

from platform_assets_tests.support.platforms import Platform, checks

EVENT = {
    "event_id": "e1",
    "user": {"session_id": "s1", "id": 7, "ip": "1.2.3.4"},
    "action": "page_view",
    "url": "https://www.example.com/find/electricians?x=1",
    "timestamp": "02/01/2026 10:15:00",
}


def test_a_delivered_event_becomes_a_hit_and_an_hourly_count(platform: Platform) -> None:
    platform.deliver("web_events", "2026-01-02", "events.jsonl", [EVENT, EVENT, "{broken"])
    result = platform.materialise("2026-01-01", "2026-01-03")
    assert result.success
    hits = platform.rows("web/user_web_hits")
    assert [(h["event_id"], h["url_level1"], h["url_level2"], h["url_level3"]) for h in hits] == [
        ("e1", "www.example.com", "find", "electricians")
    ]
    assert [row["violations"] for row in platform.rows("web/raw_events")] == [[], [], ["malformed"]]
    assert all(check.passed for check in checks(result, "web/user_web_hits").values())
    (stats,) = platform.rows("web/aggregated_web_stats")
    assert (stats["time_bucket"], stats["activity_count"], stats["user_count"]) == ("2026010210", 1, 1)
