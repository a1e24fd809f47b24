"""What the checks say that read no rows: is every day as it should be, is one missing, was it delivered on time."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from typing import Any

import dagster as dg

from platform_assets.assets.catalog import Catalog
from platform_assets.assets.failures import as_failures
from platform_assets.assets.raw_tables import RawTableDefinition
from platform_assets.assets.runs import switched_on
from platform_assets.lake.tables.days import WHOLE, span_text
from platform_assets.landing.deliveries import some
from platform_assets.plan.due import EMPTIED, SETTINGS, Due, due_of
from platform_assets.plan.state import State, through

UP_TO_DATE, NO_MISSING_DAYS, ON_TIME = "up_to_date", "no_missing_days", "delivered_on_time"
FOR_PEOPLE = "for_people"
"""How many days wait for somebody to decide, in the metadata of `up_to_date`."""
_SAID = {
    UP_TO_DATE: "Every day is what its files, inputs and settings make it now: the plan has nothing due",
    NO_MISSING_DAYS: "Every day is published, from the first to the newest that there should be",
    ON_TIME: "The delivery of the day before is there when it should be (PLATFORM_EXPECTED_BY)",
}
_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Verdict:
    """What a check says of an asset now."""

    key: dg.AssetKey
    check: str
    passed: bool
    said: str
    metadata: dict[str, Any]

    @property
    def result(self) -> dg.AssetCheckResult:
        """As the result of a step."""
        return dg.AssetCheckResult(
            asset_key=self.key,
            check_name=self.check,
            passed=self.passed,
            severity=dg.AssetCheckSeverity.WARN,
            description=self.said,
            metadata=self.metadata,
        )

    @property
    def evaluation(self) -> dg.AssetCheckEvaluation:
        """As what is recorded without a run."""
        return dg.AssetCheckEvaluation(
            asset_key=self.key,
            check_name=self.check,
            passed=self.passed,
            severity=dg.AssetCheckSeverity.WARN,
            description=self.said,
            metadata=self.metadata,
        )


def checks(catalog: Catalog, domain: str) -> dg.AssetChecksDefinition:
    """The checks of a domain's assets, made in one step after whichever of them a run has built."""

    @dg.multi_asset_check(name=f"{domain}_{UP_TO_DATE}", specs=specs(catalog, domain), can_subset=True)
    def checked(context: dg.AssetCheckExecutionContext) -> Iterator[dg.AssetCheckResult]:
        chosen = sorted(context.selected_asset_check_keys)
        now = datetime.now(timezone.utc)
        until = over(context.instance, catalog, domain, now)
        with as_failures():
            found = due_of(State.of(catalog, [check.asset_key for check in chosen], through=until))
        yield from (one.result for one in verdicts(found, chosen, now, until))

    return checked


def daily(domain: str) -> str:
    """The name of a domain's schedule."""
    return f"{domain}_daily"


def over(instance: dg.DagsterInstance, catalog: Catalog, domain: str, now: datetime) -> date | None:
    """The last day that every asset of a domain must have, delivered or not: none while its schedule is off."""
    settings = catalog.settings
    return through(now, settings.daily_at) if switched_on(instance, daily(domain), settings.automation) else None


def specs(catalog: Catalog, domain: str) -> list[dg.AssetCheckSpec]:
    """The checks of a domain's assets."""
    # With one that is left out, and so builds nothing, Dagster would skip the check of all others.
    its = [one for one in catalog.declared.values() if one.domain.name == domain]
    its = [one for one in its if not one.left_out(catalog.settings)]
    raws = [one for one in its if isinstance(one, RawTableDefinition)]
    expected = [raw for raw in raws if raw.feed.name in catalog.settings.expected_by]
    asked = [(UP_TO_DATE, one.key) for one in its]
    asked += [(check, raw.key) for check, every in ((NO_MISSING_DAYS, raws), (ON_TIME, expected)) for raw in every]
    return [dg.AssetCheckSpec(check, asset=key, description=_SAID[check]) for check, key in asked]


def verdicts(found: Due, checks: Sequence[dg.AssetCheckKey], now: datetime, until: date | None) -> Iterator[Verdict]:
    """What checks of assets say; days up to `until`, if given, and else to the newest that was delivered must be there.

    Times are UTC.
    """
    for check in checks:
        key = check.asset_key
        if check.name == UP_TO_DATE:
            yield _up_to_date(found, key)
        elif check.name == NO_MISSING_DAYS:
            yield _no_missing_days(found, key, until)
        else:
            yield _on_time(found, key, now)


def _up_to_date(found: Due, key: dg.AssetKey) -> Verdict:
    days = found.days[key]
    reasons: dict[str, list[str]] = {}
    for day, its in sorted(days.items()):
        for reason in its:
            reasons.setdefault(" ".join(filter(None, [reason.kind, reason.of])), []).append(span_text(day, day))
    said, for_people = "nothing is due", [day for day in days if _is_for_people(found, key, day)]
    if days:
        shown = "; ".join(f"{reason} on {some(on, 3)}" for reason, on in reasons.items())
        what, them = ("it is due", "it") if WHOLE in days else (_are_due(len(days)), "it" if len(days) == 1 else "them")
        waits = ", which automation does not do" if for_people else ""
        said = f"{what}: {shown}. To build {them}: platform-assets apply {key.path[0]}{waits}"
    metadata = {"due": {reason: on[:100] for reason, on in reasons.items()}, "days": len(days)}
    metadata[FOR_PEOPLE] = len(for_people)
    return Verdict(key, UP_TO_DATE, not days, said, metadata)


def _are_due(days: int) -> str:
    return "1 day is due" if days == 1 else f"{days} days are due"


def _is_for_people(found: Due, key: dg.AssetKey, day: date) -> bool:
    """Whether a day waits for somebody to decide, and not only for another day that does."""
    settings = found.catalog.settings
    decided = {SETTINGS: settings.rebuild_on_change, EMPTIED: settings.allow_emptied}
    waits = any(not decided.get(reason.kind, True) for reason in found.days[key][day])
    return waits and not found.sources_due(key, day)


def _no_missing_days(found: Due, key: dg.AssetKey, until: date | None) -> Verdict:
    made, delivered = found.state.known[key].made, found.state.delivered.get(key, {})
    first = found.catalog.first_day(key)
    newest = max((day for day in delivered if day <= found.state.today), default=first - _DAY)
    # A domain that nobody has fed for long has no days up to then.
    last = min(until, found.state.newest.get(key.path[0], newest)) if until else newest
    missing = [day.isoformat() for day in (first + n * _DAY for n in range((last - first).days + 1)) if day not in made]
    said = f"missing: {some(missing, 3)}" if missing else "no day is missing"
    return Verdict(key, NO_MISSING_DAYS, not missing, said, {"missing": missing[:100], "days": len(missing)})


def _on_time(found: Due, key: dg.AssetKey, now: datetime) -> Verdict:
    raw = found.catalog[key]
    assert isinstance(raw, RawTableDefinition)
    time = found.catalog.settings.expected_by[raw.feed.name]
    day = through(now, time)
    delivered = found.state.delivered[key].get(day)
    is_there = day < found.catalog.first_day(key) or bool(delivered and delivered.files)
    said = f"{raw.feed.name} of {day} was delivered" if is_there else f"{raw.feed.name} of {day} is not there at {time}"
    return Verdict(key, ON_TIME, is_there, said, {"day": day.isoformat(), "expected_by": time})
