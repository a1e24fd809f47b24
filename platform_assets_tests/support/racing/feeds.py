"""Hypothesis strategies for deliveries of races and results: rows that return or contradict others, and dirty lines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

from hypothesis import strategies as st

from platform_assets_tests.support.landing.parcels import Deliveries, Lines, written

Values = Mapping[str, Sequence[str]]
# Few values, so that the same key comes again with the same row and with another one.
RACES: Values = {
    "raceId": ("1", "2", "3", "-4"),
    "year": ("2024", "2024", "2025"),
    "round": ("1", "2", "1"),
    "name": ("A Grand Prix", "A Grand Prix", 'B, "the" Grand Prix', " \u00c9toile ", "Null", "a\u2028b"),
    "date": ("2024-03-01", "2024-03-01", "2025-12-31", "0001-01-01", "9999-12-31"),
    "time": ("14:00:00", "null", "", "00:00:00", "23:59:59"),
}
# Of race 5 there is never anything; several rows of a race are likely to be first.
RESULTS: Values = {
    "resultId": ("11", "12", "13", "14", "15", "16"),
    "raceId": ("1", "1", "1", "2", "3", "-4", "5"),
    "driverId": ("1", "2", "830"),
    "position": ("1", "1", "1", "2", "null", ""),
    "fastestLapTime": ("01:29.4", "01:29.4", "01:28.3", "10:00.0", "null", ""),
}
WRONG: Values = {
    "raceId": ("", "null", " 1", "1.0", "x", "9" * 25, "NULL", "01"),
    "year": ("", "null", "24'", "2147483648", "-2147483648", "2024.0"),
    "round": ("", "null", "one", "+1", "1e0", "001"),
    "name": ("", "null", " ", "null "),
    "date": ("", "null", "2024-02-30", "2024-3-1", "01/03/2024", "2024-03-01T00:00:00Z", "0000-01-01", " 2024-03-01"),
    "time": ("24:00:00", "14:00", "14:00:00Z", "14:60:00", "14:00:60", "4:00:00", "14:00:00.000", "NULL", " "),
    "resultId": ("", "null", "11 ", "r", "9223372036854775808", "011"),
    "driverId": ("", "null", "\u0661", "-1", "1;"),
    "position": ("R", "1.0", "1 ", "Null", "2147483648", "01", "-1", "0"),
    "fastestLapTime": ("1:29.4", "01:60.0", "01:29", "01:29.40", "01:29,4", "01:29.4 ", "NULL", "00:00.0", "99:59.9"),
}
# The fields of each feed's files, in their order. What need not be there is left out of one, and what is not the
# feed's is filled with words.
FILES = {
    "races": {
        "races.csv": tuple(RACES),
        "b.csv": ("time", "url", "date", "name", "round", "year", "raceId"),
        "c.csv": ("year", "raceId", "round", "date", "name"),
    },
    "results": {
        "results.csv": tuple(RESULTS),
        "b.csv": ("fastestLapTime", "url", "driverId", "resultId", "raceId", "position"),
        "c.csv": ("driverId", "raceId", "resultId", "position"),
    },
}
URLS = ("", "null", "http://x.y/z?a,b", "x")


def line(fields: Sequence[str], cells: Mapping[str, str], *, quoted: bool = False) -> bytes:
    """A row with these fields, each in quotes if it must be, or all are."""
    own = [cells.get(field, "") for field in fields]
    return ",".join(
        '"{}"'.format(cell.replace('"', '""')) if quoted or set(',"') & set(cell) else cell for cell in own
    ).encode()


def dirty_lines(good: bytes) -> tuple[bytes, ...]:
    """Lines that are blank or cannot be read, from one that can."""
    return (
        *(b"", b" \t", b"\r", b"\xef\xbb\xbf", b"\xef\xbb\xbf" + good, b"word", b'"', b"{}", b"null", b",,,,,,"),
        *(good + b",", good + b",null", good[: good.rindex(b",")], good + b'"', b'"' + good, good.replace(b",", b";")),
        *(good + b"\xff", b"\xff", good + b"\r", good.replace(b",", b', "', 1), good + b" "),
    )


@st.composite
def _row(draw: st.DrawFn, values: Values, key: str) -> dict[str, str]:
    """A row of a feed with this key, at times with a field that is wrong or odd."""
    cells = {field: draw(st.sampled_from(some)) for field, some in values.items()} | {next(iter(values)): key}
    if draw(st.integers(0, 5)) == 5:
        field = draw(st.sampled_from(sorted(values)))
        cells[field] = draw(st.sampled_from(WRONG[field]))
    return cells | {"url": draw(st.sampled_from(URLS))}


@st.composite
def _deliveries(
    draw: st.DrawFn, days: Sequence[date], values: Values, files: Mapping[str, Sequence[str]]
) -> Deliveries:
    lines: Lines = {}
    keys = next(iter(values.values()))
    for day in days:
        # Some keys, and on some days some of them once more, with what may be another row.
        if draw(st.integers(0, 4)) == 4:
            continue
        own = [key for key in keys if draw(st.integers(0, 2))]
        again = draw(st.lists(st.sampled_from(keys), max_size=2)) if draw(st.integers(0, 5)) == 5 else []
        for key in own + again:
            cells = draw(_row(values, key))
            # At times a row comes again as it is, in the same or another file.
            for _ in range(draw(st.sampled_from((1, 1, 1, 1, 2)))):
                file = draw(st.sampled_from(sorted(files)))
                good = line(files[file], cells, quoted=draw(st.booleans()))
                dirty = draw(st.integers(0, 9)) == 9
                written_line = draw(st.sampled_from(dirty_lines(good))) if dirty else good
                lines.setdefault((day, file), []).append(written_line)
    return draw(written(lines, {name: line(fields, {f: f for f in fields}) for name, fields in files.items()}))


def races(days: Sequence[date]) -> st.SearchStrategy[Deliveries]:
    """Files of races for delivery days, some of which have no folder."""
    return _deliveries(days, RACES, FILES["races"])


def results(days: Sequence[date]) -> st.SearchStrategy[Deliveries]:
    """Files of results for delivery days, some of which have no folder."""
    return _deliveries(days, RESULTS, FILES["results"])
