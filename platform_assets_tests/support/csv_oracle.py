"""The rules that all CSV feeds of tables with a key share, a second time, in plain Python over bytes.

They have no event times: their raw rows have no day but that of their delivery.
"""

from __future__ import annotations

import gzip
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from datetime import date
from typing import Any, NamedTuple

from platform_assets_tests.support import feed_oracle
from platform_assets_tests.support.feed_oracle import Row
from platform_assets_tests.support.landing.cells import cells
from platform_assets_tests.support.landing.parcels import Deliveries

ALONE = ("malformed", "not_utf8")


class Column(NamedTuple):
    """A column of a raw table: the feed's field, whether a row must have it, and its value, None for a wrong one.

    A text of another form than `form` is wrong, and stays as it is.
    """

    field: str
    required: bool
    value: Callable[[str], Any]
    form: str = ".*"


class Feed(NamedTuple):
    """The columns of a feed in the order of its contract, the first of which is the key, and what it allows.

    `nothing` are the texts that stand for a missing value. Where `equals_are_one`, a key may occur several times in a
    delivery if all its rows are equal. `more` names further rules that a row breaks.
    """

    columns: Mapping[str, Column]
    nothing: Collection[str] = ("",)
    equals_are_one: bool = False
    more: Callable[[Row], list[str]] = lambda row: []

    @property
    def key(self) -> str:
        return next(iter(self.columns))


def text(given: str) -> str:
    """Text is kept as written."""
    return given


def whole(bits: int) -> Callable[[str], int | None]:
    """Digits, after a minus where there is one, of a number that so many bits can hold."""

    def value(given: str) -> int | None:
        if not re.fullmatch("-?[0-9]+", given):
            return None
        return int(given) if -(2 ** (bits - 1)) <= int(given) < 2 ** (bits - 1) else None

    return value


def iso_date(given: str) -> date | None:
    """`yyyy-MM-dd`, and a day that the calendar has."""
    if not re.fullmatch("[0-9]{4}-[0-9]{2}-[0-9]{2}", given):
        return None
    try:
        return date(*map(int, given.split("-")))
    except ValueError:
        return None


def unpacked(content: bytes) -> bytes:
    """What is in a file, packed or not: its content says which."""
    while content.startswith(b"\x1f\x8b"):
        content = gzip.decompress(content)
    return content


def raw_rows(delivered: Deliveries, feed: Feed) -> list[Row]:
    """The rows of the raw table that the files of all deliveries become."""
    rows = []
    for day, files in sorted(delivered.items()):
        own = [row for name, content in files.items() for row in _rows(content, day, name, feed)]
        for broken in _repeated(own, feed):
            broken["violations"].append(f"duplicate_{feed.key}")
        for row in own:
            row["raw"] = row["raw"] if row["violations"] else None
        rows += own
    return rows


def is_read(name: str) -> bool:
    """Whether a file of that name belongs to a feed of CSV files; raises ValueError for those of other formats."""
    suffixed = name.lower().removesuffix(".gz")
    if suffixed.endswith(".parquet"):
        raise ValueError(f"{name}: Parquet is none of what is read here")
    return suffixed.endswith(".csv") and not name.startswith((".", "_"))


def key_is_known(row: Row, feed: Feed) -> bool:
    """Whether a raw row says which key it is of."""
    unknown = (*ALONE, f"missing_{feed.key}", f"invalid_{feed.key}")
    return not any(rule in unknown for rule in row["violations"])


def _rows(content: bytes, day: date, name: str, feed: Feed) -> Iterator[Row]:
    lines = feed_oracle.lines(unpacked(content)) if is_read(name) else []
    if not lines:
        return
    header = cells(lines.pop(0).decode(), ",", quotes=True) or []
    needed = {column.field for column in feed.columns.values() if column.required}
    if not needed <= set(header) or len(set(header)) < len(header):
        raise ValueError(f"{name} has no header of {sorted(needed)}")
    for line in lines:
        written = line.decode(errors="replace")
        values, broken, extra = _judged(written, header, feed)
        if written.encode() != line:
            broken = ["not_utf8"]
        row = values | {"delivery_day": day, "source_file": name, "raw": written, "violations": broken}
        row["extra_fields"] = extra
        if not set(broken) & set(ALONE):
            broken += feed.more(row)
        yield row


def _judged(written: str, header: list[str], feed: Feed) -> feed_oracle.Judged:
    """A line's values, the rules that it breaks by itself, and the fields that no column is for."""
    found = cells(written, ",", quotes=True)
    if found is None or len(found) != len(header):
        return dict.fromkeys(feed.columns), ["malformed"], []
    given = dict(zip(header, found, strict=True))
    there = {name: given.get(column.field, "") for name, column in feed.columns.items()}
    values, broken = feed_oracle.judged(
        {name: "" if cell in feed.nothing else cell for name, cell in there.items()},
        [name for name, column in feed.columns.items() if column.required],
        lambda name, cell: feed.columns[name].value(cell),
    )
    broken += [
        f"invalid_{name}"
        for name, column in feed.columns.items()
        if isinstance(values[name], str) and not re.fullmatch(column.form, values[name], re.DOTALL)
    ]
    broken.sort(key=lambda rule: [*feed.columns].index(rule.partition("_")[2]))
    known = {column.field for column in feed.columns.values()}
    return values, broken, sorted(field for field, cell in given.items() if cell and field not in known)


def _repeated(rows: list[Row], feed: Feed) -> list[Row]:
    """The rows of one delivery whose key occurs more than once in it."""
    of_key: dict[Any, list[Row]] = {}
    for row in rows:
        if key_is_known(row, feed):
            of_key.setdefault(row[feed.key], []).append(row)
    found = []
    for same in of_key.values():
        different = {(*(row[name] for name in feed.columns), *row["violations"]) for row in same}
        if len(same) > 1 and not (feed.equals_are_one and len(different) == 1):
            found += same
    return found
