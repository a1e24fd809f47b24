"""What people read in a notice."""

from __future__ import annotations

import pytest

from platform_assets.automation.days import ALL, said_of
from platform_assets.automation.notice_texts import kind_of, text_of, title_of
from platform_assets.automation.notices import News, Notice, Report
from platform_assets_tests.automation.test_days import span


def news(table: str = "web/hits", days: str = "2026-01-02", said: str = "3 rows", times: int = 1, **more: int) -> News:
    return News(Report(table, ALL, "r1", said), days, times, **more)


def check(days: str, *, warns: bool) -> News:
    return News(Report("web/hits", ALL, "r1", "3 rows" if days else "", "known", warns), days, 1 if days else 0)


def notice(*its: News) -> Notice:
    return Notice(1767225600.0, its)


WELL = news(days="", said="", times=0)


def test_a_failure_is_told_with_days_reason_link_and_time() -> None:
    one = notice(news())
    assert title_of(one) == "web/hits failed on 2026-01-02"
    assert text_of(one, "https://ui/") == (
        "web/hits failed on 2026-01-02.\n3 rows\nhttps://ui/runs/r1\n\nFound at 2026-01-01 00:00 UTC."
    )
    assert kind_of(one) == "failure"


def test_recovery_is_told_with_the_run_that_brought_it() -> None:
    one = notice(WELL)
    assert title_of(one) == "web/hits recovered"
    assert text_of(one, "https://ui").splitlines()[:2] == ["web/hits recovered.", "https://ui/runs/r1"]
    assert kind_of(one) == "success"


def test_what_has_no_days_is_told_without_them() -> None:
    assert title_of(notice(news(days=said_of([ALL])))) == "web/hits failed"
    assert title_of(notice(news(days=said_of([span(1, 3)])))) == "web/hits failed on 2026-01-02...2026-01-04"


@pytest.mark.parametrize(
    ("one", "title", "kind"),
    [
        (check("2026-01-02", warns=True), "web/hits: the check known warned on 2026-01-02", "warning"),
        (check("2026-01-02", warns=False), "web/hits: the check known failed on 2026-01-02", "failure"),
        (check("", warns=True), "web/hits: the check known passes again", "success"),
    ],
)
def test_a_check_is_named_and_a_warning_is_no_failure(one: News, title: str, kind: str) -> None:
    assert title_of(notice(one)) == title
    assert kind_of(notice(one)) == kind
    assert kind_of(notice(one, news())) == "failure"


@pytest.mark.parametrize(
    ("one", "said"),
    [
        (news(times=24), "It failed 24 times, the last time like this."),
        (news(days="", said="", times=2), "It had failed 2 times more meanwhile."),
        (news(earlier=3), "Earlier notices that could not be sent, and are left out: 3."),
        (news(days="", said="", times=0, forgotten=9), "Older days that had failed, and are not followed: 9."),
    ],
)
def test_what_is_not_told_by_itself_is_counted(one: News, said: str) -> None:
    assert said in text_of(notice(one), "")
    for other in (news(), WELL):
        assert said.split(":")[0] not in text_of(notice(other), "")


def test_tables_of_one_run_with_one_reason_are_told_together() -> None:
    died = notice(news("web/a"), news("web/b"))
    assert title_of(died) == "web/a, web/b failed on 2026-01-02"
    assert text_of(died, "").count("3 rows") == 1
    assert title_of(notice(*(news(f"web/t{n}") for n in range(9)))).startswith(
        "web/t0, web/t1, web/t2, and 6 more failed"
    )


def test_of_very_many_each_is_named() -> None:
    many = notice(*(news(f"web/t{n}", said=f"reason {n}") for n in range(60)), WELL)
    assert title_of(many) == "Failed: web/t0, web/t1, web/t2, and 57 more; Recovered: web/hits"
    text = text_of(many, "")
    assert [n for n in range(60) if f"web/t{n}" not in text] == []
    assert text.count("reason") == 5
    assert "Recovered: web/hits" in text


def test_a_link_without_a_run_is_left_out() -> None:
    no_run = News(Report("web/hits", ALL, "", "late"), "all rows", 1)
    assert "runs/" not in text_of(notice(no_run), "http://ui")


def test_secrets_in_what_others_have_said_are_hidden() -> None:
    assert "sesame-1" not in text_of(notice(news(said="cannot reach postgresql://me:sesame-1@host/db")), "")
