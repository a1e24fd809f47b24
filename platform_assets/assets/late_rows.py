"""The check `late_rows`: days that are built already, and of which a delivery changes the good rows."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date

from platform_assets.lake.audit import Finding
from platform_assets.lake.fingerprints import NOTHING, Fingerprint, Fingerprints
from platform_assets.lake.tables.made import Known
from platform_assets.landing.deliveries import some

LATE = "late_rows"
LATE_SAID = "No day of a table that is built has other good rows than it was built from, unless this run builds it too"
Change = tuple[Fingerprint, Fingerprint]


def changed_days(known: Known, prints: Fingerprints, days: Iterable[date]) -> dict[date, Change]:
    """The event days whose good rows a raw run over these delivery days changes: what they were, and what they are."""
    replaced: dict[date, Fingerprint] = {}
    coming: dict[date, Fingerprint] = {}
    for day in days:
        made = known.made.get(day)
        for found, events in ((replaced, made.by_event if made else {}), (coming, prints.events.get(day, {}))):
            for event, (_, good) in events.items():
                if event is not None:
                    found[event] = found.get(event, NOTHING) + good
    changed = {}
    for event in sorted(replaced.keys() | coming.keys()):
        before = known.events(event)[1]
        after = before - replaced.get(event, NOTHING) + coming.get(event, NOTHING)
        if before != after:
            changed[event] = (before, after)
    return changed


def late_rows(
    changed: Mapping[date, Change],
    built: Mapping[str, Collection[date]],
    again: Mapping[str, Collection[date]],
    domain: str,
) -> Finding:
    """Whether tables were built of good rows that have changed: `built` are their days, `again` those of this run."""
    late: dict[str, Sequence[date]] = {}
    for table, days in built.items():
        if found := [day for day in changed if day in days and day not in again.get(table, ())]:
            late[table] = found
    told = sorted({day for days in late.values() for day in days})
    details = {
        "days": {str(day): f"{changed[day][0].rows} -> {changed[day][1].rows}" for day in told},
        "tables": {table: [str(day) for day in days] for table, days in late.items()},
        "not_built_yet": [str(day) for day in changed if not any(day in days for days in built.values())],
    }
    if not late:
        return Finding(LATE, True, "no day that is built has other good rows now", True, details)
    shown = some([f"{day} ({changed[day][0].rows} rows, now {changed[day][1].rows})" for day in told])
    said = f"{', '.join(late)}: built of other good rows than there are now on {shown}"
    return Finding(LATE, False, f"{said}. To build what that changes: platform-assets apply {domain}", True, details)
