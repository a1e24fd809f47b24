"""The rules of snapshots a second time: plain loops, day by day and key by key, over all snapshots of all days."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple

Key = tuple[Any, ...]
Values = tuple[Any, ...]


class Raw(NamedTuple):
    """A row of a snapshot; a part of its key may be None."""

    key: Key
    values: Values
    violations: tuple[str, ...] = ()


class Change(NamedTuple):
    """What a snapshot does to a key."""

    day: date
    key: Key
    operation: str
    values: Values
    version: int


class Version(NamedTuple):
    """A row of the history."""

    key: Key
    values: Values
    version: int
    valid_from: date
    valid_until: date | None
    recorded_from: date
    recorded_until: date | None


@dataclass
class Known:
    """What is known of a key: its newest good row, how many versions it has had, whether it is there."""

    values: Values
    version: int
    lives: bool


class Followed(NamedTuple):
    """What came of snapshots: the changes, keys kept though absent by day, (living, deleted) by day, states by day."""

    changes: list[Change]
    held_back: dict[date, int]
    deletions: dict[date, tuple[int, int]]
    states: dict[date, dict[Key, tuple[Values, int]]]


def follow(snapshots: Mapping[date, Sequence[Raw]], key: Sequence[str]) -> Followed:
    """Follow the snapshots from the first day to the last; `key` names the columns of a key."""
    known: dict[Key, Known] = {}
    found = Followed([], {}, {}, {})
    for day in sorted(day for day, rows in snapshots.items() if rows):
        living = sum(one.lives for one in known.values())
        without_key = [row for row in snapshots[day] if _has_no_key(row, key)]
        there = {row.key: row for row in snapshots[day] if None not in row.key}
        deleted = held = 0
        for name, row in there.items():
            if not row.violations:
                found.changes.extend(_seen(known, day, name, row.values))
        for name, one in known.items():
            if one.lives and name not in there:
                if without_key:
                    held += 1
                    continue
                one.lives = False
                deleted += 1
                found.changes.append(Change(day, name, "delete", one.values, one.version))
        if held:
            found.held_back[day] = held
        if deleted:
            found.deletions[day] = living, deleted
        found.states[day] = {name: (one.values, one.version) for name, one in known.items() if one.lives}
    return found


def _has_no_key(row: Raw, key: Sequence[str]) -> bool:
    if None in row.key:
        return True
    faults = ["malformed", "not_utf8"] + ["missing_" + name for name in key] + ["invalid_" + name for name in key]
    return any(fault in row.violations for fault in faults)


def _seen(known: dict[Key, Known], day: date, name: Key, values: Values) -> Iterable[Change]:
    if name not in known:
        known[name] = Known(values, 1, True)
        yield Change(day, name, "insert", values, 1)
        return
    one = known[name]
    if one.lives and one.values == values:
        return
    operation = "update" if one.lives else "insert"
    one.values, one.version, one.lives = values, one.version + 1, True
    yield Change(day, name, operation, values, one.version)


def history(changes: Iterable[Change], own: int | None) -> list[Version]:
    """The versions that changes make; `own` is the place of the row's own date among its values."""
    of_keys: dict[Key, list[Change]] = {}
    for change in sorted(changes, key=lambda change: change.day):
        of_keys.setdefault(change.key, []).append(change)
    return [version for of_key in of_keys.values() for version in _versions(of_key, own)]


def _versions(changes: Sequence[Change], own: int | None) -> list[Version]:
    found: list[Version] = []
    for change in changes:
        last = found[-1] if found else None
        if change.operation == "delete":
            assert last is not None
            found[-1] = last._replace(valid_until=change.day, recorded_until=change.day)
            continue
        begins = change.values[own] if own is not None else None
        if begins is None or begins > change.day:
            begins = change.day
        if last is not None:
            if begins <= last.valid_from or (last.valid_until is not None and begins < last.valid_until):
                begins = change.day
            if last.recorded_until is None:
                found[-1] = last._replace(valid_until=begins, recorded_until=change.day)
        found.append(Version(change.key, change.values, change.version, begins, None, change.day, None))
    return found


def version_on(versions: Iterable[Version], day: date) -> tuple[Version, bool] | None:
    """The version that a fact of a day joins, of the versions of one key, and whether it was closed by then."""
    begun = None
    for version in sorted(versions, key=lambda version: version.version):
        if begun is None or version.valid_from <= day:
            begun = version
    return None if begun is None else (begun, begun.valid_until is not None and begun.valid_until <= day)
