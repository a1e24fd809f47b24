"""Which days are due, and why: those that are not what their inputs, settings and code make them now."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

import dagster as dg

from platform_assets.assets.catalog import Catalog
from platform_assets.assets.declared import Declared
from platform_assets.assets.files_tables import FilesTableDefinition
from platform_assets.assets.provenance import changed_settings, shown
from platform_assets.assets.raw_tables import RawTableDefinition
from platform_assets.assets.readings import Reading, Span
from platform_assets.assets.tables import TableDefinition
from platform_assets.lake.tables.made import FileRead, Made
from platform_assets.landing.copies import contents_read
from platform_assets.landing.deliveries import Delivered, some
from platform_assets.landing.first_look import LandedFile, sha256_of
from platform_assets.plan.state import State

MISSING, LANDING, EMPTIED = "missing", "landing", "emptied"
INPUTS, MATCHED, SETTINGS, UPSTREAM = "inputs", "matched", "settings", "upstream"
CODE, UNKNOWN = "code", "unknown"
REPORTED = (CODE, UNKNOWN)
"""Reasons that are told, and rebuilt only when that is asked for."""
OWN = (MISSING, LANDING, EMPTIED, SETTINGS, *REPORTED)
"""Reasons that stand whatever comes out of what is read."""
_MADE = object()


@dataclass(frozen=True)
class Reason:
    """Why a day is due: its kind, and of what: the files, the table, the setting; `said` tells more of it."""

    kind: str
    of: str = ""
    said: str = ""


Days = Mapping[date, Sequence[Reason]]


@dataclass(frozen=True)
class Due:
    """What is due: per asset the days with their reasons, each asset after those that it reads.

    `reported` are the days that only have other code than now, or of which nothing is known; `outside` are published
    days before the domain's first.
    """

    state: State
    days: Mapping[dg.AssetKey, Days]
    reported: Mapping[dg.AssetKey, Days]
    outside: Mapping[dg.AssetKey, Sequence[date]] = field(default_factory=dict)

    @property
    def catalog(self) -> Catalog:
        """The assets that it is about."""
        return self.state.catalog

    def sources_due(self, key: dg.AssetKey, day: date) -> list[tuple[dg.AssetKey, date]]:
        """The days that a day of an asset is made from, as far as they are due."""
        return [
            (reading.key, one)
            for reading, span in self.state.reads(key, day)
            for one in reading.due(span, self.days.get(reading.key, {}), of_itself=reading.key == key)
        ]


def due(
    catalog: Catalog,
    keys: Iterable[dg.AssetKey],
    *,
    until: date | None = None,
    today: date | None = None,
    rebuild: bool = False,
    blocked: Collection[tuple[dg.AssetKey, date]] = (),
    allow_emptied: bool = False,
) -> Due:
    """What is due of some assets and of what they are made from.

    `rebuild` takes days with other code, and unknown ones, for due. Deliveries that are `blocked`, or emptied unless
    that is allowed, will not be built for now: of other days than their own nothing waits for them. Raises
    `PlatformError` when landing or the lake is not there.
    """
    state = State.of(catalog, keys, today)
    return due_of(state, until=until, rebuild=rebuild, blocked=blocked, allow_emptied=allow_emptied)


def due_of(
    state: State,
    *,
    until: date | None = None,
    rebuild: bool = False,
    blocked: Collection[tuple[dg.AssetKey, date]] = (),
    allow_emptied: bool = False,
) -> Due:
    """What is due in a state, as `due` says it."""
    catalog = state.catalog
    found: dict[dg.AssetKey, dict[date, list[Reason]]] = {}
    reported: dict[dg.AssetKey, dict[date, list[Reason]]] = {}
    outside: dict[dg.AssetKey, list[date]] = {}
    for key in state.keys:
        one, known = catalog[key], state.known[key]
        days, told = found.setdefault(key, {}), reported.setdefault(key, {})
        touched = _touched(state, one, found, lambda raw, day: _comes(found, raw, day, blocked, allow_emptied))
        for day in state.days(key, until):
            reads = state.reads(key, day)
            reasons = _reasons(state, one, day, reads)
            if not rebuild and (only := [reason for reason in reasons if reason.kind in REPORTED]):
                told[day] = only
                reasons = [reason for reason in reasons if reason.kind not in REPORTED]
            upstream = [
                reading.name
                for reading, span in reads
                if reading.due(
                    span, (found if reading.key == key else touched)[reading.key], of_itself=reading.key == key
                )
            ]
            reasons += [Reason(UPSTREAM, of) for of in dict.fromkeys(upstream)]
            if reasons:
                days[day] = reasons
        first = catalog.first_day(key)
        if one.has_days and (before := sorted(day for day in known.made if day < first)):
            outside[key] = before
    return Due(state, found, reported, outside)


def _touched(
    state: State,
    one: Declared,
    found: Mapping[dg.AssetKey, Mapping[date, Sequence[Reason]]],
    comes: Callable[[dg.AssetKey, date], bool],
) -> dict[dg.AssetKey, set[date]]:
    """The days of what an asset reads that may change: of a raw table the event days that a delivery may touch."""
    touched: dict[dg.AssetKey, set[date]] = {}
    for key in one.sources:
        if key == one.key:
            continue
        touched[key] = set(found[key])
        if _has_events(state, key) and one.signature.frames:
            for day in (day for day in found[key] if comes(key, day)):
                made = state.known[key].made.get(day)
                touched[key] |= {event for event in (made.by_event if made else ()) if event}
    return touched


def _comes(
    found: Mapping[dg.AssetKey, Mapping[date, Sequence[Reason]]],
    raw: dg.AssetKey,
    day: date,
    blocked: Collection[tuple[dg.AssetKey, date]],
    allow_emptied: bool,
) -> bool:
    """Whether a delivery that is due can be built."""
    emptied = any(reason.kind == EMPTIED for reason in found[raw][day])
    return (raw, day) not in blocked and (allow_emptied or not emptied)


def _reasons(state: State, one: Declared, day: date, reads: Sequence[tuple[Reading, Span]]) -> list[Reason]:
    known = state.known[one.key]
    if day not in known.made:
        if isinstance(one, FilesTableDefinition) and state.known[one.raw.key].made.get(day, _MADE) is None:
            return [Reason(UNKNOWN, one.raw.text_key, "there is no record of the files")]
        return [Reason(MISSING)]
    made = known.made[day]
    if made is None:
        before = known.replaced.get(day)
        if before is None:
            return [Reason(UNKNOWN, said="there is no record of what it was made from")]
        foreign = Reason(UNKNOWN, said="something else than a run has written it anew, or changed its rows")
        is_raw = isinstance(one, RawTableDefinition)
        return [foreign, *(_of_landing(before, state.delivered[one.key].get(day)) if is_raw else ())]
    recipe = state.catalog.recipe(one.key)
    reasons = [
        Reason(SETTINGS, variable, f"{shown(before)}, now {shown(now)}")
        for variable, (before, now) in changed_settings(made, recipe).items()
    ]
    if isinstance(one, RawTableDefinition):
        reasons += _of_landing(made, state.delivered[one.key].get(day)) or _of_copies(state, one, day, made)
    reasons += _of_inputs(state, one, made, reads)
    if isinstance(one, TableDefinition):
        reasons += [
            Reason(MATCHED, reading.name, "rows wait for what has come")
            for reading, span in reads
            if state.matching.has_come(one, reading, span, day, made)
        ]
    if (made.code, made.contract) != (recipe.code, recipe.contract):
        changed = "the contract" if made.contract != recipe.contract else "the transform"
        reasons.append(Reason(CODE, said=f"{changed} has changed"))
    return reasons


def _of_inputs(state: State, one: Declared, made: Made, reads: Sequence[tuple[Reading, Span]]) -> list[Reason]:
    then = made.read
    reasons: dict[str, Reason] = {}
    for reading, span in reads:
        name = reading.name
        read, of = then.get(name, {}), str(span)
        if of not in read:
            reasons.setdefault(name, Reason(CODE, name, "it did not read it then"))
        elif _is_there(state, reading, span) and (now := state.fingerprint(one, reading, span, read[of])) != read[of]:
            if now is None:
                said = f"it is not known any more what {of} {'were' if span.first < span.last else 'was'} made from"
                reasons.setdefault(name, Reason(UNKNOWN, name, said))
            else:
                reasons[name] = Reason(INPUTS, name, f"{of} {'have' if span.first < span.last else 'has'} changed")
    return list(reasons.values())


def _is_there(state: State, reading: Reading, span: Span) -> bool:
    """Whether what was published of a table can be read for some days: of events, any may have rows of any day."""
    made = state.known[reading.key].made
    if reading.kind in ("all days", "whole table", "versions"):
        return bool(made)
    return span.last in made or _has_events(state, reading.key)


def _has_events(state: State, key: dg.AssetKey) -> bool:
    one = state.catalog[key]
    return isinstance(one, RawTableDefinition) and one.contract.has_events


def _of_copies(state: State, one: RawTableDefinition, day: date, made: Made) -> list[Reason]:
    """The files that are rejected for their content, and would not be now, or the other way round."""
    if not one.feed.once:
        return []
    first, copy_of = state.first_of_each[one.key], {file.name: file.copy_of for file in made.files_read}
    reasons = []
    for place, content in contents_read({day: made.files_read}):
        now = str(first[content]) if first[content] != place else ""
        if now != copy_of[place.name]:
            said = f"its content was delivered before, as {now}" if now else "its content was not delivered before"
            reasons.append(Reason(LANDING, place.name, said))
    return reasons


def _of_landing(made: Made, delivered: Delivered | None) -> list[Reason]:
    read = {file.name: file for file in made.files_read}
    if delivered is not None and delivered.problem:
        return [Reason(LANDING, said=delivered.problem)]
    now = {file.name: file for file in delivered.files} if delivered else {}
    if read and not now:
        return [Reason(EMPTIED, some(sorted(read)), "gone from landing")]
    said = {f"{name}": "added" for name in now.keys() - read.keys()}
    said |= {f"{name}": "gone" for name in read.keys() - now.keys()}
    said |= {name: "changed" for name in now.keys() & read.keys() if _differs(read[name], now[name])}
    return [Reason(LANDING, name, said[name]) for name in sorted(said)]


def _differs(read: FileRead, now: LandedFile) -> bool:
    """Whether a file has another content than the one that was read."""
    if read.size != now.size:
        return True
    if now.tag and read.tag:
        alike = now.tag == read.tag
    else:
        alike = bool(now.modified) and str(now.modified.isoformat() if now.modified else "") == read.modified
    # Delivered anew, it may be the same still.
    return not alike and sha256_of(now.url) != read.sha256
