"""Hypothesis strategies for how lines come to be files: the day of their delivery, their order, and their ends."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, timedelta

from hypothesis import strategies as st

# Of each delivery day the files by name; a day without files has no folder.
Deliveries = dict[date, dict[str, bytes]]
# The lines of files before they are written, by delivery day and file name.
Lines = dict[tuple[date, str], list[bytes]]

_ORDERS: dict[str, Callable[[list[bytes]], list[bytes]]] = {
    "as they come": lambda lines: lines,
    "sorted": sorted,
    "backwards": lambda lines: sorted(lines, reverse=True),
    "by their last characters": lambda lines: sorted(lines, key=lambda line: line[::-1]),
}


@st.composite
def delivery_days(draw: st.DrawFn, day: date, days: Sequence[date]) -> date:
    """The day that delivers what happened on a day: mostly the same one, at times the one before or a later one."""
    late = draw(st.sampled_from((0, 0, 0, 0, -1, 1, 2, 9)))
    return min(max(day + timedelta(days=late), days[0]), days[-1])


@st.composite
def _content(draw: st.DrawFn, lines: list[bytes], header: bytes | None) -> bytes:
    ordered = _ORDERS[draw(st.sampled_from(sorted(_ORDERS)))](lines)
    end = draw(st.sampled_from((b"\n", b"\r\n")))
    mark = draw(st.sampled_from((b"", b"", b"\xef\xbb\xbf")))
    blank = draw(st.sampled_from(([], [], [b""], [b" \t"])))
    whole = b"".join(line + end for line in (*blank, *([header] if header else []), *ordered))
    return mark + (whole if draw(st.booleans()) else whole.removesuffix(end))


@st.composite
def written(draw: st.DrawFn, lines: Lines, headers: dict[str, bytes]) -> Deliveries:
    """The files of the lines; a file whose name has a header begins with it."""
    deliveries: Deliveries = {}
    for (day, name), own in lines.items():
        deliveries.setdefault(day, {})[name] = draw(_content(own, headers.get(name)))
    return deliveries
