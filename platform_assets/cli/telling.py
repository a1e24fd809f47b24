"""How a plan is told: the days that are due as ranges with their reasons, for people and as JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from platform_assets.cli.terminal import number, remark, say, say_table

if TYPE_CHECKING:
    import dagster as dg

    from platform_assets.plan.apply import Progress, Wait
    from platform_assets.plan.due import Due, Reason
    from platform_assets.plan.runs import Run

_FEW, _MOST, _CHAIN = 3, 20, 50


def say_plan(found: Due, progress: Progress, *, runs: bool = True) -> None:
    """Print what is due and why, the runs that would mend it, and what else there is to say of days."""
    from platform_assets.lake.tables.days import span_text
    from platform_assets.plan.runs import runs_of

    ranges = [one for key in found.days for one in _ranges(found, key)]
    if not ranges:
        say("Nothing is due.")
        if not found.state.newest:
            remark(f"Nothing was delivered to PLATFORM_LANDING={found.catalog.settings.landing}, and nothing is built.")
    else:
        say_table(["table", "days", "why"], [(one.table, one.span, one.said()) for one in ranges])
    if runs and ranges:
        say()
        planned = list(runs_of(found, progress.rules))
        say(f"{counted(len(planned), 'run')} would mend that:" if planned else "No run can mend that now.")
        for run in planned[:_MOST]:
            say(f"  {span_text(run.first, run.last)}  {', '.join(key.to_user_string() for key in run.keys)}")
        if len(planned) > _MOST:
            say(f"  and {number(len(planned) - _MOST)} more")
    waits = progress.waits(found)
    for wait in waits[:_MOST]:
        remark(f"{wait.key.to_user_string()} {span_text(wait.day, wait.day)} waits: {_in_a_line(wait.why)}")
    if len(waits) > _MOST:
        remark(f"and {number(len(waits) - _MOST)} more")
    for one in _reported(found):
        remark(f"{one.table} {one.span}: {one.said()}. `apply --rebuild` builds it anew.")
    for key, days in found.outside.items():
        remark(f"{key.to_user_string()}: {counted(len(days), 'published day')} before the domain's first day.")


@dataclass(frozen=True)
class Range:
    """Days of an asset that follow each other, and why they are due."""

    table: str
    first: date
    last: date
    reasons: Mapping[tuple[str, str], Mapping[date, str]]

    @property
    def span(self) -> str:
        """The days as text."""
        from platform_assets.lake.tables.days import span_text

        return span_text(self.first, self.last)

    def said(self) -> str:
        """The reasons, as a sentence."""
        return "; ".join(self._said(kind, of, days) for (kind, of), days in self.reasons.items())

    def _said(self, kind: str, of: str, days: Mapping[date, str]) -> str:
        said = sorted({one for one in days.values() if one})
        what = " ".join(filter(None, [kind, of]))
        told = f" ({', '.join(said[:_FEW])}{', ...' if len(said) > _FEW else ''})" if said else ""
        where = "" if len(days) == (self.last - self.first).days + 1 else f" on {_few_days(sorted(days))}"
        return f"{what}{told}{where}"

    def as_object(self) -> dict[str, Any]:
        """As JSON gives it."""
        reasons = [
            {"reason": kind} | ({"of": of} if of else {}) | _days_of(sorted(days))
            for (kind, of), days in self.reasons.items()
        ]
        return {"table": self.table} | _ends(self.first, self.last) | {"reasons": reasons}


def _ends(first: date, last: date) -> dict[str, str]:
    """Both ends of a range, as JSON gives them; a table without days has none."""
    return {} if first == date.min else {"first": str(first), "last": str(last)}


def _days_of(days: Sequence[date]) -> dict[str, list[str]]:
    return {} if date.min in days else {"days": [str(day) for day in days]}


def _ranges(found: Due, key: dg.AssetKey) -> list[Range]:
    return _ranges_of(key.to_user_string(), found.days[key])


def _reported(found: Due) -> list[Range]:
    return [one for key, days in found.reported.items() for one in _ranges_of(key.to_user_string(), days)]


def _ranges_of(table: str, days: Mapping[date, Sequence[Reason]]) -> list[Range]:
    from platform_assets.plan.due import UPSTREAM

    ranges: list[Range] = []
    every = sorted(days)
    start = 0
    for at, day in enumerate(every):
        if at + 1 == len(every) or every[at + 1] != day + timedelta(days=1):
            reasons: dict[tuple[str, str], dict[date, str]] = {}
            for one in every[start : at + 1]:
                own = [reason for reason in days[one] if reason.kind != UPSTREAM]
                for reason in own or days[one]:  # what may be due all the same is of no interest then
                    reasons.setdefault((reason.kind, reason.of), {})[one] = reason.said
            ranges.append(Range(table, every[start], day, reasons))
            start = at + 1
    return ranges


def as_object(found: Due, runs: Sequence[Run], waits: Sequence[Wait]) -> dict[str, Any]:
    """What is due, the runs that would mend it and what waits, as JSON gives it."""
    return {
        "due": [one.as_object() for key in found.days for one in _ranges(found, key)],
        "runs": [{"tables": [key.to_user_string() for key in run.keys]} | _ends(run.first, run.last) for run in runs],
        "waits": [
            {"table": w.key.to_user_string()} | ({} if w.day == date.min else {"day": str(w.day)}) | {"why": w.why}
            for w in waits
        ],
        "not_rebuilt": [one.as_object() for one in _reported(found)],
    }


def say_chain(found: Due, key: dg.AssetKey, day: date) -> None:
    """Why a day is due, and below it why each day is due that it is made from."""
    from platform_assets.lake.tables.days import span_text

    seen: set[tuple[dg.AssetKey, date]] = set()
    waiting = [(key, day, 0)]
    while waiting:
        of, its, depth = waiting.pop()
        if (of, its) in seen:
            continue
        seen.add((of, its))
        if len(seen) <= _CHAIN:
            said = "; ".join(dict.fromkeys(map(said_of, found.days.get(of, {}).get(its, ())))) or "nothing is due"
            say(f"{'  ' * depth}{of.to_user_string()} {span_text(its, its)}: {said}")
        waiting += [(*place, depth + 1) for place in reversed(found.sources_due(of, its))]
    if len(seen) > _CHAIN:
        say(f"and {counted(len(seen) - _CHAIN, 'more day')} that it is made from")


def _in_a_line(why: str) -> str:
    """What was said first, with the broken rules when it is that there are some."""
    first, *rules = why.splitlines()
    return " ".join([first, *(rule.removeprefix("  - ") for rule in rules if rule.startswith("  - "))])


def counted(times: int, what: str) -> str:
    """So many of something."""
    return f"{number(times)} {what}" if times == 1 else f"{number(times)} {what}s"


def said_of(reason: Reason) -> str:
    """A reason in a few words."""
    what = " ".join(filter(None, [reason.kind, reason.of]))
    return f"{what} ({reason.said})" if reason.said else what


def _few_days(days: Sequence[date]) -> str:
    shown = ", ".join(str(day) for day in days[:_FEW])
    return f"{shown} and {counted(len(days) - _FEW, 'more day')}" if len(days) > _FEW else shown
