"""Sample deliveries of the feed `telemetry`, clean and dirty; not how such files are read.

Its sensors have a story, told in hours since the first day: new ones appear without notice, one changes its type, one
is silent for two days, and single trucks lose one of theirs for hours.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from functools import partial
from itertools import islice
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

from platform_assets.samples.files import (
    BLANK,
    CUT,
    DAY,
    GOOD,
    SampleFile,
    delivery_number,
    in_turn,
    instant,
    slots,
    spread,
    write_files,
)

_FILES = (
    SampleFile("trucks-north.jsonl"),
    SampleFile("trucks-south.jsonl.gz"),
    SampleFile("trucks-leased.json", b"\r\n", b"\xef\xbb\xbf", last_line_ends=False),
)
_OTHERS = {1: {"empty.jsonl": b""}, 2: {"NOTES.txt": b"Two trucks in repair.\n"}}  # on one day of three each
_FILE_OF_LINE = (0,) * 6 + (1,) * 3 + (2,)  # drawn from evenly, as are all tuples of values below

_FEWEST_TRUCKS, _MOST_TRUCKS, _LINES_OF_TRUCK = 3, 500, 100
_MIDNIGHTS = (0, DAY * 1_000 - 1, DAY * 1_000)  # milliseconds of the first good lines of every delivery
_LATE_EVERY, _COMPACT_EVERY, _NULL_EVERY, _TWICE_EVERY = 50, 20, 12, 4
_ALWAYS = 10**9

_Value = float | bool | str | None
_Line = dict[str, Any]
_Draw = Callable[[Random], _Value]
_Spoil = Callable[[_Line, date, date], str]  # the line, its delivery day, the first day
_text = json.JSONEncoder(ensure_ascii=False).encode
_compact = json.JSONEncoder(ensure_ascii=True, separators=(",", ":")).encode


def _number(low: int, high: int, per: int = 1) -> _Draw:
    """Draw from a range of parts: of 10 to the unit, tenths."""
    return lambda random: random.randrange(low, high) / per if per > 1 else random.randrange(low, high)


def _one_of(*values: _Value) -> _Draw:
    return lambda random: random.choice(values)


class _Sensor(NamedTuple):
    """A sensor from one hour until another, on one of so many lines of one of so many trucks.

    It stands in `readings`, or `beside` them.
    """

    name: str
    every: int
    draw: _Draw
    since: int = 0
    until: int = _ALWAYS
    trucks: int = 1
    beside: bool = False


_SPEED, _DOOR = "speed", "door_open"
_GEARS = _one_of(*"PNRDDDD123")
_OIL = _number(180, 620, 100)
_SENSORS = (
    _Sensor("engine_temperature", 1, _number(780, 1040, 10)),
    _Sensor("fuel_level", 1, _number(5, 100, 100)),
    _Sensor(_SPEED, 1, _number(0, 900, 10)),
    _Sensor("gear", 1, _GEARS),
    _Sensor(_DOOR, 2, _one_of(True, False, False)),
    _Sensor("coolant_level", 2, _number(30, 100), until=84),
    _Sensor("coolant_level", 2, _one_of("ok", "ok", "low", "5", ""), since=84),  # a number, and a text from day 4 on
    _Sensor("oil_pressure", 3, _OIL, until=48),
    _Sensor("oil_pressure", 3, _OIL, since=96),  # silent on days 3 and 4
    _Sensor("engine_on", 3, _one_of(True, True, False)),
    _Sensor("battery_voltage", 4, _number(23_400, 28_900, 1_000)),
    _Sensor("tire_pressure", 5, _number(760, 900)),
    _Sensor("cargo_temperature", 2, _number(-250, 60, 10), since=30, trucks=2),
    _Sensor("ambientTemperature", 4, _number(-12, 15), since=56, beside=True),
    _Sensor("AdBlue.level", 3, _number(0, 1000, 1_000), since=105),
    _Sensor("Driver Message", 12, _one_of("Stau auf der A7 \u2013 20'", 'Tor "3"', "null", "a\u2028b"), since=107),
    _Sensor("vibration", 2, _number(1, 9_000, 100_000_000), since=150),  # written with an exponent
)
_SILENCES = (  # which truck's sensor says nothing, from which hour until which
    (1, "engine_temperature", range(79, 86)),
    (2, "fuel_level", range(115, 125)),  # across midnight
)
_SPELLINGS = (_DOOR, "doorOpen", "Door-Open")
_SPELT_ANYHOW = range(128, 140)
_PARKED = 2  # at this hour of every day the last truck has a gear, which is a text, and no number


def _stamp(at: datetime) -> str:
    return f"{at.isoformat(timespec='milliseconds')}Z"


def _with(line: _Line, field: str, value: object) -> str:
    """Return the text of the line with another value of a field."""
    return _text(line | {field: value})


def _without(line: _Line, field: str) -> _Line:
    return {name: value for name, value in line.items() if name != field}


def _reading(line: _Line, name: str, value: object) -> _Line:
    return line | {"readings": line["readings"] | {name: value}}


def _first(line: _Line) -> str:
    """Return the name of the first reading; there is always one."""
    return str(next(iter(line["readings"])))


def _bare(text: str) -> str:
    """Return the text with numbers that Python cannot hold, which were put in quotes."""
    return text.replace('"1e400"', "1e400").replace('"-1E+999"', "-1E+999")


_DIRT: dict[str, tuple[str, _Spoil]] = {
    "no_closing_brace": ("malformed", lambda line, *_: _text(line)[:-1]),
    "single_quotes": ("malformed", lambda line, *_: _text(line | {"readings": {"gear": "N"}}).replace('"', "'")),
    "not_an_object": ("malformed", lambda line, *_: f"[{_text(line)}]"),
    "not_json": ("malformed", lambda *_: "--- modem restarted ---"),
    "cut_short": ("malformed", lambda line, *_: _text(line)[:70]),
    "trailing_comma": ("malformed", lambda line, *_: f"{_text(line)[:-1]},}}"),
    "two_objects": ("malformed", lambda line, *_: f"{_text(line)} {_text(line)}"),
    "not_a_number": ("malformed", lambda line, *_: _text(_reading(line, _SPEED, float("nan")))),
    # The lone surrogates are written as the bytes FF and E4.
    "bad_byte": ("not_utf8", lambda line, *_: _text(_reading(line, "gear", "N\udcff"))),
    "bad_byte_in_name": ("not_utf8", lambda line, *_: _text(_reading(line, "t\udce4nk", 0.5))),
    **{
        f"absent_{field}": (f"missing_{field}", lambda line, *_, f=field: _text(_without(line, f)))
        for field in ("truck_id", "timestamp")
    },
    **{
        f"{how}_{field}": (f"missing_{field}", lambda line, *_, f=field, v=value: _with(line, f, v))
        for how, value in {"null": None, "empty": ""}.items()
        for field in ("truck_id", "timestamp")
    },
    **{
        kind: (f"invalid_{field}", lambda line, *_, f=field, v=value: _with(line, f, v))
        for kind, field, value in (
            ("number_truck_id", "truck_id", 7),
            ("boolean_truck_id", "truck_id", True),
            ("object_truck_id", "truck_id", {"id": "T-0001"}),
            ("list_truck_id", "truck_id", ["T-0001"]),
            ("no_z", "timestamp", "2026-01-05T10:15:30.250"),
            ("no_decimals", "timestamp", "2026-01-05T10:15:30Z"),
            ("two_decimals", "timestamp", "2026-01-05T10:15:30.25Z"),
            ("six_decimals", "timestamp", "2026-01-05T10:15:30.250000Z"),
            ("offset", "timestamp", "2026-01-05T10:15:30.250+00:00"),
            ("number_timestamp", "timestamp", 1767608130250),
            ("february_30", "timestamp", "2026-02-30T10:15:30.250Z"),
            ("month_13", "timestamp", "2026-13-05T10:15:30.250Z"),
            ("hour_24", "timestamp", "2026-01-05T24:00:00.000Z"),
            ("blank_for_t", "timestamp", "2026-01-05 10:15:30.250Z"),
            ("day_first", "timestamp", "05/01/2026 10:15:30"),
            ("list_readings", "readings", [91.5, 0.62]),
            ("text_readings", "readings", "engine_temperature=91.5"),
            ("number_readings", "readings", 91.5),
            ("boolean_readings", "readings", False),
        )
    },
    "too_early": ("before_start", lambda line, _, first: _with(line, "timestamp", _stamp(_before(first)))),
    "too_late": ("after_delivery", lambda line, day, _: _with(line, "timestamp", _stamp(instant(day, 2 * DAY)))),
}
DIRT_RULES = {kind: rule for kind, (rule, _) in _DIRT.items()}
"""The kinds of dirt, and the one rule that a line of the kind breaks."""

_NOT_STORED: dict[str, tuple[str, Callable[[_Line], _Line]]] = {
    **{
        kind: ("invalid_name", partial(_reading, name=name, value=3.5))
        for kind, name in (
            ("starts_with_a_digit", "1st_axle_load"),
            ("umlaut", "t\u00fcr_offen"),
            ("name_of_65", "axle_load_" + "x" * 55),
            ("no_name", ""),
            ("slash", "axle/load"),
        )
    },
    "bad_name_beside_readings": ("invalid_name", lambda line: line | {"_signal": "weak"}),
    **{
        kind: ("invalid_value", partial(_reading, name="axle_load", value=value))
        for kind, value in (
            ("object", {"front": 4.1, "rear": [7.5, "left"]}),
            ("array", [4.1, 7.5]),
            ("huge", "1e400"),
            ("huge_and_negative", "-1E+999"),
        )
    },
    "object_beside_readings": ("invalid_value", lambda line: line | {"gps": {"lat": 53.55, "lon": 9.99}}),
    "same_name_beside_readings": ("also_in_readings", lambda line: {_first(line): 0.25, **line}),
    "other_spelling_beside_readings": (
        "also_in_readings",
        lambda line: {**line, _first(line).title().replace("_", "-"): 0.25},
    ),
}
REJECTED_READINGS = {kind: reason for kind, (reason, _) in _NOT_STORED.items()}
"""The kinds of good lines with one reading that is rejected by itself, and the reason."""

COPIES = ("copy_in_file", "copy_in_other_file", "copy_of_earlier_delivery")
"""The kinds of exact copies of good lines."""
CONTRADICTION = "contradiction"
"""The kind of good lines of a truck and time that came before, in another file, but whose numbers are others."""

_WITHOUT: dict[str, Callable[[_Line], _Line]] = {
    "absent_readings": lambda line: _without(line, "readings"),
    "null_readings": lambda line: line | {"readings": None},
    "empty_readings": lambda line: line | {"readings": {}},
}
WITHOUT_READINGS = tuple(_WITHOUT)
"""The kinds of good lines of which nothing stands in `readings`."""


def _before(day: date) -> datetime:
    return instant(day, 0) - timedelta(milliseconds=1)


def planned_rows(day: date, *, first_day: date, rows: int) -> Counter[str]:
    """Count the lines of a delivery that are not just good ones, for any seed.

    That are the kinds `DIRT_RULES`, `REJECTED_READINGS`, `WITHOUT_READINGS`, `COPIES` and `CONTRADICTION`. Raises
    ValueError when `day` is before `first_day`.
    """
    number = delivery_number(day, first_day)
    plan: Counter[str] = Counter()
    for kinds, per_mille in ((_DIRT, 24), (_NOT_STORED, 16), (_WITHOUT, 6)):
        count = rows * per_mille // 1000
        plan += in_turn(tuple(kinds), number * count, (number + 1) * count)
    for kind, per_mille in zip((*COPIES, CONTRADICTION), (6, 4, 10 if number else 0, 4), strict=True):
        plan[kind] = rows * per_mille // 1000
    return +plan


def trucks_of(rows: int) -> int:
    """Return how many trucks send so many lines a day."""
    return max(_FEWEST_TRUCKS, min(_MOST_TRUCKS, rows // _LINES_OF_TRUCK))


def write_telemetry(folder: Path, day: date, *, first_day: date, rows: int, seed: int) -> list[Path]:
    """Write the delivery of `day`: its lines, late ones and those of the next day's first minutes.

    Args:
        folder: the folder of the delivery, created when it does not exist.
        day: the day of the delivery.
        first_day: the day of the first delivery, with which the story of the sensors begins; no good line is older.
        rows: the exact number of lines that are not blank, in all files together.
        seed: chooses the readings, but not how many lines are dirty or copies, see `planned_rows`.

    Returns:
        The files, by name; on some days with an empty one or one that is not of the feed.

    Raises:
        ValueError: `day` is before `first_day`.
        OSError: a file cannot be written.
    """
    delivery = _Delivery(day, first_day, rows, seed)
    others = _OTHERS.get((day - first_day).days % 3, {})
    return write_files(folder, _FILES, delivery.lines(), others)


class _Delivery:
    """The lines of a day's delivery."""

    def __init__(self, day: date, first_day: date, rows: int, seed: int) -> None:
        self._day, self._first_day, self._rows, self._seed = day, first_day, rows, seed
        self._plan = planned_rows(day, first_day=first_day, rows=rows)

    def lines(self) -> Iterator[tuple[int, str]]:
        """Yield the lines, blank ones included, each with the number of its file."""
        random = self._random(":lines")
        good, earlier = self._good(), self._earlier()
        odd = self._some((*_NOT_STORED, *_WITHOUT), ":odd")
        dirty = self._some(tuple(_DIRT), ":dirt")
        # The first row is good, so that there is something to copy.
        last: tuple[int, _Line, str] = 0, {}, ""
        for file, kind in slots(random, spread(random, self._plan, self._rows), self._rows, _FILE_OF_LINE):
            other_file = (last[0] + 1) % len(_FILES)
            if kind == BLANK:
                yield file, ""
            elif kind == GOOD:
                line, text = next(good)
                if _SPEED in line["readings"]:
                    last = file, line, text
                yield file, text
            elif kind in _DIRT:
                yield file, _DIRT[kind][1](next(dirty), self._day, self._first_day)
            elif kind in _NOT_STORED:
                yield file, _bare(_text(_NOT_STORED[kind][1](next(odd))))
            elif kind in _WITHOUT:
                yield file, _text(_WITHOUT[kind](next(odd)))
            elif kind == "copy_in_file":
                yield last[0], last[2]
            elif kind == "copy_in_other_file":
                yield other_file, last[2]
            elif kind == CONTRADICTION:
                yield other_file, _text(_contradicted(last[1]))
            else:
                yield file, next(earlier)[1]

    def _random(self, purpose: str = "") -> Random:
        return Random(f"telemetry:{self._seed}:{self._day}{purpose}")

    def _good(self) -> Iterator[tuple[_Line, str]]:
        """Yield the lines that are just good, each with its text."""
        random = self._random()
        total = self._rows - self._plan.total()
        for line in self._sent(random, total, self._day > self._first_day):
            yield line, (_text if random.randrange(_COMPACT_EVERY) else _compact)(line)

    def _earlier(self) -> Iterator[tuple[_Line, str]]:
        """Yield some of the lines that are just good of the delivery before."""
        if self._day > self._first_day:
            before = _Delivery(self._day - timedelta(days=1), self._first_day, self._rows, self._seed)
            yield from islice(before._good(), 0, None, 3)

    def _some(self, kinds: tuple[str, ...], purpose: str) -> Iterator[_Line]:
        """Yield lines to be changed, as many as there are of the kinds; none of them at the good ones' midnights."""
        total = sum(self._plan[kind] for kind in kinds) + len(_MIDNIGHTS)
        return islice(self._sent(self._random(purpose), total, False), len(_MIDNIGHTS), None)

    def _sent(self, random: Random, total: int, late: bool) -> Iterator[_Line]:
        """Yield the lines that trucks send in turn, evenly over the day; a few of the day before, when told so."""
        trucks, span = trucks_of(self._rows), (DAY + CUT) * 1_000
        for index in range(total):
            ms, shift = (index * span + random.randrange(span)) // total, 0
            if index < len(_MIDNIGHTS):
                ms = _MIDNIGHTS[index]
            elif late and not random.randrange(_LATE_EVERY):
                shift = -DAY
            at = instant(self._day, shift) + timedelta(milliseconds=ms)
            yield self._line(random, at, *divmod(index, trucks), trucks)

    def _line(self, random: Random, at: datetime, place: int, truck: int, trucks: int) -> _Line:
        """Return a line of a truck, whose first has the place 0."""
        hour = (at - instant(self._first_day, 0)) // timedelta(hours=1)
        line: _Line = {"truck_id": f"T-{truck + 1:04}", "timestamp": _stamp(at), "readings": {}}
        if at.hour == _PARKED and truck == trucks - 1:
            line["readings"]["gear"] = "P"
            return line
        for number, sensor in enumerate(_SENSORS):
            is_due = (place + truck + number) % sensor.every == 0 and truck % sensor.trucks == 0
            if not is_due or not sensor.since <= hour < sensor.until or _is_silent(truck, sensor.name, hour):
                continue
            holder = line if sensor.beside else line["readings"]
            holder[sensor.name] = sensor.draw(random)
            if sensor.every > 2 and not random.randrange(_NULL_EVERY):
                holder[sensor.name] = None
        if _DOOR in line["readings"] and hour in _SPELT_ANYHOW:
            _spell_anyhow(random, line["readings"])
        return line


def _is_silent(truck: int, name: str, hour: int) -> bool:
    return any(truck == of and name == sensor and hour in hours for of, sensor, hours in _SILENCES)


def _spell_anyhow(random: Random, readings: dict[str, _Value]) -> None:
    """Give the door another of its names, or two that contradict each other."""
    is_open = readings.pop(_DOOR)
    first, second = random.sample(_SPELLINGS, 2)
    readings[first] = is_open
    if not random.randrange(_TWICE_EVERY):
        readings[second] = not is_open


def _contradicted(line: _Line) -> _Line:
    """Return the line with other numbers."""
    readings = line["readings"].items()
    return line | {"readings": {n: round(v + 1, 3) if type(v) in (int, float) else v for n, v in readings}}


WRITERS = {"telemetry": write_telemetry}
"""What writes the sample deliveries of the domain's feed."""
