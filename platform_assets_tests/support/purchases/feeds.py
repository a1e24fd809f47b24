"""Hypothesis strategies for deliveries of purchases: rows that change, go, return, come twice, and dirty lines."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

from hypothesis import strategies as st

from platform_assets_tests.support.landing.parcels import Deliveries, Lines, written

# Few, so that most things happen to each of them.
IDS = (1, 2, 3, 4, -5, 2**63 - 1)
PRODUCTS = (10, 10, 11)
USERS = (7, 7, 7, 0)
# The days that a purchase is from, before its delivery.
AGES = (0, 0, 0, 1, 1, 2, 3, 900)
# It is in every delivery that must have a good row, and nothing bad happens to it.
ALWAYS = b"99,10,7,2020-02-29"
# The fields of each file, in their order; what is not the feed's is filled with words.
FIELDS = {
    "a.csv": ("PurchaseID", "product", "user", "date"),
    "b.csv": ("date", "note", "PurchaseID", "user", "product"),
    "C.CSV": ("PurchaseID", "product", "user", "date"),
}
HEADERS = {
    "a.csv": b"PurchaseID,product,user,date",
    "b.csv": b'date,note,"PurchaseID",user,"product"',
    "C.CSV": b'"PurchaseID","product","user","date"',
}
NOTES = ("", "", "null", "x")
# What is no row.
BLANK_LINES = (b"", b" ", b"\t \t", b"\r", b"\xef\xbb\xbf")
Cells = tuple[object, object, object, object]


def line(file: str, cells: Cells, note: str = "", *, quoted: bool = False) -> bytes:
    """A purchase (id, product, user, date) as a file of that name writes it."""
    named = dict(zip(FIELDS["a.csv"], map(str, cells), strict=True)) | {"note": note}
    own = [named[field] for field in FIELDS[file]]
    return ",".join(f'"{cell}"' if quoted and '"' not in cell else cell for cell in own).encode()


def dirty_lines(file: str, day: date, key: int) -> tuple[bytes, ...]:
    """Lines of a delivery whose key is known, that break rules, and odd ones that break none."""
    values: tuple[Cells, ...] = (
        *((key, product, 7, day) for product in ("", " ", "10.0", "null", "1e1", "+1", "-0", "010", "9" * 25)),
        *((key, 10, user, day) for user in ("", "ada", "7 ", "-9223372036854775808", "9223372036854775808", "\u0667")),
        *((key, 10, 7, f"{day + timedelta(days=later)}") for later in (1, 2, 400)),
        *((key, 10, 7, text) for text in ("", " ", "2026-02-30", "2026-1-1", "20260101", "0000-01-01", "9999-12-31")),
        *((key, 10, 7, text) for text in ("01/01/2026", f"{day}T00:00:00Z", f"{day} ", "null", "0001-01-01")),
        *((key, "", "x", f"{day + timedelta(days=1)}"), (f"0{key}" if key > 0 else "-0", 11, 7, day)),
    )
    quoted = tuple(line(file, cells, quoted=True) for cells in values[::5])
    return (*(line(file, cells) for cells in values), *quoted)


def keyless_lines(file: str, day: date, key: int) -> tuple[bytes, ...]:
    """Lines of a delivery of which nobody knows what row they are."""
    good = line(file, (key, 10, 7, day))
    return (
        *(b",,,", b'"', b"word", b"{}", good + b",", good + b",x", good[: good.rindex(b",")], good + b'"', b'"' + good),
        *(good + b"\xff", b"\xff", good.replace(b",", b";"), good.replace(b",", b', "', 1), HEADERS[file]),
        *(line(file, (wrong, 10, 7, day)) for wrong in ("", " ", "1 ", "1.0", "P-1", "null", "9" * 25, "--1")),
        line(file, ("", "", "", "")),
    )


@st.composite
def _snapshot(draw: st.DrawFn, day: date, before: dict[int, Cells], known: dict[int, Cells]) -> dict[int, Cells]:
    """The table on a day, from the one before and all rows there ever were: some are new, some gone or there again."""
    rows: dict[int, Cells] = {}
    for key in IDS:
        happens = draw(st.sampled_from(("turns", "stays", "is new", "stays")))
        if happens == "is new" or key not in known:
            age = draw(st.sampled_from(AGES))
            product, user = draw(st.sampled_from(PRODUCTS)), draw(st.sampled_from(USERS))
            rows[key] = (key, product, user, day - timedelta(days=age))
        elif (happens == "stays") is (key in before):
            rows[key] = known[key]
    return rows


@st.composite
def deliveries(draw: st.DrawFn, days: Sequence[date], *, good: bool = True) -> Deliveries:
    """Files of snapshots for delivery days, some of which have no folder.

    Where `good`, every delivery has a good row; else there may be some without one, which are refused. No snapshot
    deletes as many rows as the guard against partial snapshots allows at least.
    """
    lines: Lines = {}
    rows: dict[int, Cells] = {}
    known: dict[int, Cells] = {}
    for day in days:
        if draw(st.integers(0, 4)) == 4:
            continue
        rows = draw(_snapshot(day, rows, known))
        known |= rows
        if not good and draw(st.integers(0, 5)) == 5:
            rows = {}
        else:
            lines[day, "a.csv"] = [ALWAYS]
        kinds = [*("instead",) * 3, "again", "no row"] + ["keyless"] * draw(st.booleans())
        dirt = draw(st.lists(st.tuples(st.sampled_from(kinds), st.sampled_from(IDS)), max_size=3))
        for key in [key for key in rows if ("instead", key) not in dirt]:
            file, note, quoted = (
                draw(st.sampled_from(sorted(FIELDS))),
                draw(st.sampled_from(NOTES)),
                draw(st.booleans()),
            )
            lines.setdefault((day, file), []).append(line(file, rows[key], note, quoted=quoted))
        for kind, key in dirt:
            file = draw(st.sampled_from(sorted(FIELDS)))
            dirty = {
                "instead": dirty_lines(file, day, key),
                "again": (line(file, rows.get(key, (key, 10, 7, day))), line(file, (key, 11, 7, day))),
                "no row": BLANK_LINES,
                "keyless": keyless_lines(file, day, key),
            }
            lines.setdefault((day, file), []).append(draw(st.sampled_from(dirty[kind])))
    return draw(written(lines, HEADERS))
