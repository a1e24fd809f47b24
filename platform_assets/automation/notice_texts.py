"""Notices as people read them: a title, and a few lines for each table."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timezone

from platform_assets.automation.days import ALL, said_of
from platform_assets.automation.notices import News, Notice
from platform_assets.errors import as_shown
from platform_assets.landing.deliveries import some
from platform_assets.receivers import Kind

_NO_DAYS = said_of([ALL])
# Services cut long messages, or send them in pieces: of so many it is told what was found.
_WHOLE = 5
_IN_TITLE = 3


def kind_of(notice: Notice) -> Kind:
    """How bad it is: as the worst of its news."""
    if all(news.is_well for news in notice.news):
        return "success"
    return "warning" if all(news.is_well or news.newest.warns for news in notice.news) else "failure"


def title_of(notice: Notice) -> str:
    """What has happened, in a line."""
    groups = list(_alike(notice.news))
    if len(groups) == 1:
        return _headline(groups[0], _IN_TITLE)
    return "; ".join(_named(notice.news, _IN_TITLE))


def text_of(notice: Notice, ui_url: str) -> str:
    """All of its news, and when they were found; links begin with the URL."""
    groups = list(_alike(notice.news))
    blocks = ["\n".join(_lines(group, ui_url)) for group in groups[:_WHOLE]]
    blocks += _named([news for group in groups[_WHOLE:] for news in group], len(notice.news))
    found = datetime.fromtimestamp(notice.at, timezone.utc)
    return as_shown("\n\n".join([*blocks, f"Found at {found:%Y-%m-%d %H:%M} UTC."]))


def _alike(news: Iterable[News]) -> Iterable[Sequence[News]]:
    """The news, those together that differ by the table alone, as of a run that died."""
    groups: dict[News, list[News]] = {}
    for one in news:
        groups.setdefault(replace(one, newest=replace(one.newest, table="")), []).append(one)
    return groups.values()


def _named(news: Sequence[News], most: int) -> list[str]:
    """Which tables and checks failed, and which recovered."""
    broken = [one.newest.subject for one in news if not one.is_well]
    well = [one.newest.subject for one in news if one.is_well]
    return [f"{what}: {some(names, most)}" for what, names in (("Failed", broken), ("Recovered", well)) if names]


def _headline(group: Sequence[News], most: int) -> str:
    (news, *_), tables = group, some([one.newest.table for one in group], most)
    on = "" if news.days in ("", _NO_DAYS) else f" on {news.days}"
    if not news.newest.check:
        return f"{tables} recovered" if news.is_well else f"{tables} failed{on}"
    what = "passes again" if news.is_well else "warned" if news.newest.warns else "failed"
    return f"{tables}: the check {news.newest.check} {what}{on}"


def _lines(group: Sequence[News], ui_url: str) -> Iterator[str]:
    news = group[0]
    yield f"{_headline(group, len(group))}."
    if news.newest.said:
        yield news.newest.said
    if news.is_well and news.times:
        yield f"It had failed {news.times:,} times more meanwhile."
    elif news.times > 1:
        yield f"It failed {news.times:,} times, the last time like this."
    if news.earlier:
        yield f"Earlier notices that could not be sent, and are left out: {news.earlier:,}."
    if news.forgotten:
        yield f"Older days that had failed, and are not followed: {news.forgotten:,}. `platform-assets plan` knows."
    if news.newest.run_id:
        yield f"{ui_url.rstrip('/')}/runs/{news.newest.run_id}"
