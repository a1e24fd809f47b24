"""Hypothesis strategies for deliveries of readings: few trucks and times, names that merge, odd values, dirty lines."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta

from hypothesis import strategies as st

from platform_assets_tests.support.landing.packing import packings
from platform_assets_tests.support.landing.parcels import Deliveries, Lines, delivery_days, written

FEED = "telemetry"
TRUCKS = ("T-1", "T-2", 'Ü"3')
CLOCKS = (
    *(time(0), time(0, 0, 0, 1000), time(10, 59, 59, 999000), time(11), time(11, 30)),
    *(time(23, 50), time(23, 59, 59, 999000)),
)
# Of steady readings: milliseconds from one to the next, mostly a minute. Ten of these are 600 seconds.
STEPS = (60_000, 60_000, 60_000, 60_000, 1, 59_999, 600_000, 600_001, 3_600_000)
SILENCES = (600_000, 600_001, 599_999, 3_600_000, 86_400_000)
FILES = ("a.json", "b.jsonl", "C.JSONL", "d.jsonl.gz")

# Names as JSON writes them, in quotes. Of each line of these the names are one sensor's.
GOOD_NAMES = (
    *('"doorOpen"', '"Door-Open"', '"door . open"', r'"\u0064oor_open"'),
    *('"fuel"', '"FUEL"'),
    *('"gear"', r'"gea\u0072"'),
    *('"oil_"', '"oil."', '"Oil--"'),
    *('"HTTPLoad"', '"httpload"'),
    *('"tire1Front"', '"tire1_front"'),
    *(f'"{"n" * 64}"', '"T"', '"day"', '"fuel_mean"', '"Truck_ID"'),
)
BAD_NAMES = (
    *('"1st"', '"ölstand"', '"fuelü"', f'"{"n" * 65}"', '""', r'"a\"b"', '" fuel"', '"_fuel"', '"fuel/l"', r'"fuel\n"'),
    *(r'"\ud83d\ude9a"', '"fuel:"', '"fu{el"', r'"fuel\\"', '".fuel"', '"K\u212a"'),
)
# Only in `readings` are these sensors.
FIXED_NAMES = ('"truck_id"', '"timestamp"', '"readings"')
NUMBERS = (
    *("1", "1.0", "2", "0.1", "0.2", "0.3", "-0", "-0.0", "0", "-7.25", "1e2", "1E+2", "1e16", "-1e16"),
    *("12345678901234567890123", "9007199254740993", "1.7976931348623157e308", "-1.7976931348623157e308"),
    *("1e-400", "-1e-400", "5e-324", "0.30000000000000004", f"0.{'1' * 210}", f"{'1' * 210}", f"1{'0' * 308}"),
)
TEXTS = (
    *('"N"', '"R"', '""', '"1"', '"1e400"', '"true"', '"null"', '"NaN"', '" "', '"{}"', '"[1]"', '"a: 1, b"', '"_"'),
    *(r'"\u0061"', r'"\""', r'"\\"', r'"\\\""', r'"\/"', r'"a\n\tb"', r'"\ud83d\ude9a"', '"é"', '"\u2028"', '"#1"'),
)
# A number beyond a double, an object or an array is not stored.
BAD_VALUES = (
    *("1e400", "-1E+400", "1" * 310, "{}", "[]", "[ ]", '{"a": [1, {"b": null}], "c": "x y"}', '["1", 1.0, true]'),
    *('{"a": 1, "a": 2}', r'{"\u0061": "\""}', '{"fuel": 1e400}', "[1e400, -0]", f"{'[' * 100}{']' * 100}"),
)
# What a sensor says in turns: sums that depend on their order, that are infinite, and values of several types.
TURNS = (
    *(("0.3", "0.2", "0.1"), ("1", "1e16", "1.0", "-1e16"), ("1.7e308", "1", "1.7e308", "-1.7e308")),
    *(("true", "false"), ('"N"',), ("7", '"N"', "true")),
)
COLONS = (": ", ":", " : ", ":\t", " :\r")
COMMAS = (", ", ",", " ,\t")

_Member = tuple[str, str]
_names = st.sampled_from(GOOD_NAMES) | st.sampled_from(GOOD_NAMES[:9]) | st.sampled_from(GOOD_NAMES + BAD_NAMES)
_plain = st.sampled_from(NUMBERS[:6] + TEXTS[:2] + ("true", "false", "null"))
_values = _plain | _plain | st.sampled_from(NUMBERS + TEXTS) | st.sampled_from(BAD_VALUES)
_members: st.SearchStrategy[_Member] = st.tuples(_names, _values)
_inner: st.SearchStrategy[_Member] = _members | st.tuples(st.sampled_from(FIXED_NAMES), _plain)


def _text(content: str) -> str:
    return json.dumps(content, ensure_ascii=False)


def _written_time(at: datetime) -> str:
    return f"{at.isoformat(timespec='milliseconds')}Z"


def line(truck: str, at: datetime, *members: str) -> bytes:
    """What a truck's sensors said at a time, as the feed writes it; members are written as JSON."""
    fields = (f'"truck_id": {_text(truck)}', f'"timestamp": {_text(_written_time(at))}', *members)
    return f"{{{', '.join(fields)}}}".encode()


@st.composite
def lines(draw: st.DrawFn, truck: str, at: datetime) -> bytes:
    """A line of a truck at a time: members in any order, some of them named twice, and some that are no readings."""
    colon, comma = draw(st.sampled_from(COLONS)), draw(st.sampled_from(COMMAS))

    def pairs(members: list[_Member]) -> list[str]:
        return [f"{name}{colon}{value}" for name, value in members]

    inside: list[_Member] = draw(st.lists(_inner, max_size=4))
    beside: list[_Member] = draw(st.lists(_members, max_size=2))
    # At times a name stands twice, or beside what is in `readings`, too.
    if inside and draw(st.integers(0, 2)) == 2:
        name = draw(st.sampled_from(inside))[0]
        again = inside if name in FIXED_NAMES or draw(st.booleans()) else beside
        again.append((name, draw(_values)))
    whole = list(beside)
    if draw(st.booleans()) or inside:
        held = f"{{{comma.join(pairs(inside))}}}"
        whole.insert(
            draw(st.integers(0, len(whole))), (draw(st.sampled_from(('"readings"', r'"r\u0065adings"'))), held)
        )
    for field in (('"truck_id"', _text(truck)), ('"timestamp"', _text(_written_time(at)))):
        whole.insert(draw(st.integers(0, len(whole))), field)
    return f"{{{comma.join(pairs(whole))}}}".encode()


def dirty_lines(day: date, start: date) -> tuple[bytes, ...]:
    """Lines of a delivery that are blank or break rules, and odd ones that break none."""
    noon = datetime.combine(day, time(12))
    good = line("T-1", noon, '"fuel": 1')
    at = _written_time(noon).encode()
    times = (
        *(b"", b" ", at[:-1], at.lower(), at.replace(b"T", b" "), at + b" ", at.replace(b".000", b""), b"1767261600"),
        *(at.replace(b".000", b".00"), at.replace(b".000", b".000000"), at.replace(b"Z", b"+00:00"), b"0000" + at[4:]),
        *(at.replace(b"T12", b"T24"), at.replace(b":00.", b":60."), b"2026-02-30" + at[10:], b"0001-01-01" + at[10:]),
        *(f"{start - timedelta(days=1)}T23:59:59.999Z".encode(), b"9999-12-31T23:59:59.999Z"),
        *(f"{day + timedelta(days=n)}T{clock}Z".encode() for n, clock in ((1, "23:59:59.999"), (2, "00:00:00.000"))),
    )
    trucks = (b'""', b"null", b"7", b"true", b"{}", b"[]", b"1e400", b'" "', b'"null"', rb'"\u0054-1"', b'"T-1', b"T-1")
    readings = ("[]", "5", '""', '"{}"', "true", "1e400", "null", "{}", '{"a": {}}', '[{"a": 1}]')
    values = (
        *("01", "1.", ".5", "+1", "--1", "1e", "1e999e", "NaN", "-Infinity", "nul", "True", "'x'", r'"\ud800"'),
        *(r'"\udc00\ud800"', r'"\x"', r'"\u00"', '"a\tb"', '"x', "1}", "1,", "", "[1,]", '{"b"}', "[[1e400]]"),
        *(f"{'[' * depth}{']' * depth}" for depth in (126, 127, 1000)),
    )
    return (
        *(b"", b" \t", b"\r", b"\xef\xbb\xbf", b"word", b"{}", b"[]", b"null", b"5", b"1e400", b'"x"', b"[{}]", b"{"),
        *(b'{"fuel": 1}', b'{"readings": {"fuel": 1}}', b'{"truck_id": "T-1"}', b'{"truck_id": "T-1", "readings": []}'),
        *(good + b"}", good + b" ", good + b"1", good + good, good[:-1], b"[" + good + b"]", b"\xef\xbb\xbf" + good),
        *(good + b"\xff", b"\xff", good.replace(b"T-1", b"T\xc3"), good + b"\0", good.replace(b'"', b"'")),
        *(good.replace(b'"fuel"', b"fuel"), good.replace(b"fuel", b"fuel\xff"), good.replace(b"truck_id", b"Truck_ID")),
        *(good.replace(b'"T-1"', truck) for truck in trucks),
        *(good.replace(at, moment) for moment in times),
        *(good.replace(b'"' + at + b'"', moment) for moment in (b"null", b"1767261600000", b"{}", b'"' + at)),
        *(line("T-1", noon, f'"readings": {written_readings}') for written_readings in readings),
        *(line("T-1", noon, '"readings": {"fuel": 1}', f'"readings": {other}') for other in ("null", "7", '{"a": 2}')),
        *(line("T-1", noon, '"readings": 7', '"readings": {"fuel": 1}', '"truck_id": "T-2"'),),
        *(line("T-1", noon, f'"readings": {{"fuel": {value}}}') for value in values),
        *(line("T-1", noon, f'"fuel": {value}', '"fuel": 2') for value in values),
    )


@st.composite
def _steady(draw: st.DrawFn, days: Sequence[date]) -> list[tuple[str, datetime, str]]:
    """Readings of a sensor at usual intervals on some of the days, with a silence at times."""
    truck, name = draw(st.sampled_from(TRUCKS[:2])), draw(st.sampled_from(GOOD_NAMES[4:6]))
    values = draw(st.sampled_from(TURNS))
    found: list[tuple[str, datetime, str]] = []
    for day in sorted(draw(st.sets(st.sampled_from(days), min_size=1, max_size=len(days)))):
        at = datetime.combine(day, draw(st.sampled_from(CLOCKS)))
        pauses = draw(st.lists(st.sampled_from(STEPS), max_size=7))
        if draw(st.booleans()):
            pauses.append(draw(st.sampled_from(SILENCES)))
        for pause in (0, *pauses):
            at += timedelta(milliseconds=pause)
            found.append((truck, at, f"{name}: {values[len(found) % len(values)]}"))
    return found


@st.composite
def deliveries(draw: st.DrawFn, days: Sequence[date]) -> Deliveries:
    """Files of readings for delivery days, the first of which is the first day of the domain."""
    found: Lines = {}

    def put(content: bytes, at: date) -> None:
        place = draw(delivery_days(at, days)), draw(st.sampled_from(FILES))
        found.setdefault(place, []).append(content)

    for _ in range(draw(st.integers(0, 10))):
        truck, clock = draw(st.sampled_from(TRUCKS)), draw(st.sampled_from(CLOCKS))
        at = datetime.combine(draw(st.sampled_from(days)), clock)
        content = draw(lines(truck, at))
        put(content, at.date())
        # At times the line comes again, in the same delivery or another, as it is or with other members.
        again = draw(st.integers(0, 4))
        if again > 2:
            put(content if again == 3 else draw(lines(truck, at)), at.date())
    for _ in range(draw(st.integers(0, 2))):
        late = draw(st.integers(0, 2))
        for truck, at, member in draw(_steady(days)):
            # What goes on for days is delivered day by day.
            day = min(at.date() + timedelta(days=late), days[-1])
            found.setdefault((day, FILES[late]), []).append(line(truck, at, member))
    for day in days:
        for dirty in draw(st.lists(st.sampled_from(dirty_lines(day, days[0])), max_size=3)):
            found.setdefault((day, draw(st.sampled_from(FILES))), []).append(dirty)
    plain = draw(written(found, {}))
    return {
        day: {name: draw(packings())(content) if name.endswith(".gz") else content for name, content in files.items()}
        for day, files in plain.items()
    }
