"""Sample deliveries of the feeds `races` and `results`, clean and dirty; not how such files are read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from functools import partial
from itertools import islice
from pathlib import Path
from random import Random
from typing import NamedTuple

from platform_assets.samples.files import SampleFile, delivery_number, in_turn, write_files

_HEADERS = {"races": "raceId,year,round,name,date,time", "results": "resultId,raceId,driverId,position,fastestLapTime"}
_MAIN, _STEWARDS = 0, 1
_FILES = {
    feed: (SampleFile(f"{feed}.csv", b"\r\n", last_line_ends=feed == "races"), SampleFile(f"{feed}-stewards.csv.gz"))
    for feed in _HEADERS
}
_RACE_ID, _YEAR, _ROUND, _NAME, _DATE, _TIME = range(6)
_RESULT_ID, _RACE_OF_RESULT, _DRIVER, _POSITION, _LAP = range(5)

_LAST_SEASON, _ROUNDS, _DRIVERS, _MOST_SEASONS = 2025, 24, 20, 75
_FIRST_RACE, _FIRST_RESULT, _FIRST_DRIVER = 7_001, 50_001, 301
_CORRECTED_A_DAY = 2  # races, in each feed
_FEWEST_RACES = 12  # that have room for races of which something is told
_WINNERS_CORRECTED_ON, _ANNOUNCED_ON = 2, (3, 4, 1)  # numbers of deliveries
_DIRTY_A_DAY = {"races": 2, "results": 3}

_NAMES = (  # drawn from evenly, as are all tuples of values below
    *(
        "Vellmark Grand Prix",
        "Grand Prix of Ostrava Bay",
        "S\u00e3o Tib\u00e9rio Grand Prix",
        "Kurru Desert Grand Prix",
    ),
    *("Lake Ommen Grand Prix", "Tre Torri, Corsa Lunga", "M\u00f8rkdal Grand Prix", '"Old Harbour" Grand Prix'),
    *("Paloma Heights Grand Prix", "Quince Island Grand Prix", "Grand Prix d'\u00c9toile", "70th Jubilee Grand Prix"),
    *("Hinterfeld Grand Prix", "Zapote City Grand Prix", "Sable Coast Grand Prix", "Nakagori Grand Prix"),
    *("Brindle Moor Grand Prix", "Emir's Gate Grand Prix", "\u0141\u0105czna Grand Prix", "Two Rivers Grand Prix"),
    *("Salt Flats Grand Prix", "Corvin Hill Grand Prix", "Northern Lights Grand Prix", "Null Valley Grand Prix"),
)
_TIMES = ("13:00:00",) * 5 + ("14:10:00", "15:00:00", "05:10:00", "20:00:00", "06:30:00", "00:30:00", "null", "")
_MISSING = ("null", "null", "null", "")

_Cells = list[str]
_Spoil = Callable[[_Cells], str]


def _line(cells: _Cells) -> str:
    return ",".join('"{}"'.format(cell.replace('"', '""')) if set(',"') & set(cell) else cell for cell in cells)


def _with(cells: _Cells, field: int, value: str) -> str:
    """Return the line of the row with another value of a field."""
    return _line([*cells[:field], value, *cells[field + 1 :]])


def _values(field: int, rule: str, **values: str) -> dict[str, tuple[str, _Spoil]]:
    return {kind: (rule, partial(_with, field=field, value=value)) for kind, value in values.items()}


_ANY_DIRT: dict[str, tuple[str, _Spoil]] = {
    "a_field_less": ("malformed", lambda cells: _line(cells[:-1])),
    "a_field_more": ("malformed", lambda cells: _line([*cells, "1"])),
    # The lone surrogate is written as the byte E9, an accented e in Latin-1.
    "bad_byte": ("not_utf8", lambda cells: _line([*cells[:-1], f"{cells[-1]}\udce9"])),
}
_DIRT: dict[str, dict[str, tuple[str, _Spoil]]] = {
    "races": {
        **_values(_RACE_ID, "missing_race_id", no_race="null"),
        **_values(_YEAR, "invalid_year", short_year="'25"),
        **_values(_DATE, "invalid_date", february_30="2025-02-30", day_first="20/05/2025"),
        **_values(_TIME, "invalid_time", hour_24="24:00:00", no_seconds="14:00", with_z="14:00:00Z"),
        **_values(_NAME, "missing_name", no_name=""),
        **_values(_ROUND, "missing_round", no_round="null"),
        **_values(_ROUND, "invalid_round", round_one="one"),
        **_values(_DATE, "missing_date", null_date="null"),
        **_ANY_DIRT,
    },
    "results": {
        **_values(_RESULT_ID, "missing_result_id", no_result=""),
        **_values(_RESULT_ID, "invalid_result_id", letters="R-1"),
        **_values(_RACE_OF_RESULT, "missing_race_id", null_race="null"),
        **_values(_RACE_OF_RESULT, "invalid_race_id", race_by_name="Vellmark"),
        **_values(_DRIVER, "missing_driver_id", no_driver="null"),
        **_values(_DRIVER, "invalid_driver_id", driver_by_name="ada"),
        **_values(_POSITION, "invalid_position", retired="R", first="1st", big_null="NULL", one_point_zero="1.0"),
        **_values(
            *(_LAP, "invalid_fastest_lap_time"),
            three_decimals="01:29.374",
            no_decimals="01:29",
            one_digit="1:29.4",
            second_60="01:60.0",
            comma="01:29,4",
        ),
        **_ANY_DIRT,
    },
}
DIRT_RULES = {feed: {kind: rule for kind, (rule, _) in dirt.items()} for feed, dirt in _DIRT.items()}
"""By feed the kinds of dirt, and the one rule that a row of the kind breaks."""


class World(NamedTuple):
    """What is the same in all deliveries: how many races, in how many seasons, with how many drivers each.

    Of some races, which are numbered from 0 in the order of time, something is told.
    """

    seed: int
    seasons: int
    races: int
    drivers: int

    @property
    def has_tales(self) -> bool:
        """Whether there are races of which something is told."""
        return self.races >= _FEWEST_RACES

    @property
    def run(self) -> int:
        """How many races are over before the first delivery; each later delivery has the results of one more."""
        return self.races - min(6, self.races // 6) if self.has_tales else self.races

    @property
    def announced(self) -> dict[int, int]:
        """The races that are no part of the first delivery, though the results of one are: the numbers of theirs."""
        late = (self.races // 2, self.races - 2, self.races - 1)
        return dict(zip(late, _ANNOUNCED_ON, strict=True)) if self.has_tales else {}

    @property
    def two_winners(self) -> int:
        """The race that has two winners in the first delivery."""
        return self.races // 3 if self.has_tales else -1

    @property
    def cancelled(self) -> int:
        """The race that never has results, as has the last one."""
        return self.races // 4 if self.has_tales else -1

    @property
    def contradicted(self) -> int:
        """The race of which corrections contradict each other, so that nothing of it changes."""
        return self.races // 5 if self.has_tales else -1

    def corrected(self, number: int) -> list[tuple[int, int]]:
        """The races that a delivery corrects, and how many times each has been corrected then."""
        others = {*self.announced, self.two_winners, self.cancelled, self.contradicted}
        order = [race for race in range(self.run) if race not in others]
        Random(f"racing:{self.seed}:corrected").shuffle(order)
        of_a_day = min(_CORRECTED_A_DAY, len(order))
        turns = range((number - 1) * of_a_day, number * of_a_day)
        return [(order[turn % len(order)], turn // len(order) + 1) for turn in turns]


def world_of(rows: int, seed: int) -> World:
    """Return the seasons 2024 and 2025, smaller for few rows, and with seasons before them for very many."""
    seasons = max(2, min(_MOST_SEASONS, rows // (_ROUNDS * _DRIVERS)))
    races = max(1, min(_ROUNDS * seasons, rows // 10))
    return World(seed, seasons, races, min(_DRIVERS, rows // races))


def planned_rows(feed: str, day: date, *, first_day: date, rows: int) -> Counter[str]:
    """Count the dirty rows (`DIRT_RULES`) of a delivery, for any seed.

    Besides, every third delivery has two rows of one key that contradict each other; all others are good.
    Raises ValueError when `day` is before `first_day`.
    """
    number, dirty = delivery_number(day, first_day), _DIRTY_A_DAY[feed]
    if not world_of(rows, 0).has_tales:
        return Counter()
    return in_turn(tuple(_DIRT[feed]), number * dirty, (number + 1) * dirty)


def write_feed(folder: Path, day: date, *, feed: str, first_day: date, rows: int, seed: int) -> list[Path]:
    """Write the delivery of `day`: on the first day all there is of some seasons, then what is new and corrected.

    Args:
        folder: the folder of the delivery, created when it does not exist.
        day: the day of the delivery.
        feed: `races` or `results`, which belong together when all other arguments are the same.
        first_day: the day of the first delivery.
        rows: the most lines of a delivery that are neither blank nor headers: seasons have no more races.
        seed: chooses races, drivers and times.

    Returns:
        The files, by name.

    Raises:
        ValueError: `day` is before `first_day`.
        OSError: a file cannot be written.
    """
    plan = planned_rows(feed, day, first_day=first_day, rows=rows)
    made = _races if feed == "races" else _results
    lines = made(world_of(rows, seed), delivery_number(day, first_day), list(plan.elements()))
    return write_files(folder, _FILES[feed], _with_headers(_HEADERS[feed], islice(lines, rows)), {})


def _with_headers(header: str, lines: Iterator[tuple[int, str]]) -> Iterator[tuple[int, str]]:
    yield from ((_MAIN, header), (_STEWARDS, header), (_STEWARDS, ""))
    yield from lines


def _races(world: World, number: int, dirt: list[str]) -> Iterator[tuple[int, str]]:
    """Yield the races of a delivery, each with the number of its file."""
    for place, (race, times) in enumerate(world.corrected(number) if number else []):
        yield (_MAIN, _STEWARDS)[place % 2], _line(_race(world, race, times))
    for race in range(world.races):
        if world.announced.get(race, 0) == number and (number == 0 or race in world.announced):
            yield _MAIN if race % 10 or number else _STEWARDS, _line(_race(world, race))
    if number % 3 == 1:  # the first race once more, as it is
        yield _STEWARDS, _line(_race(world, *world.corrected(number)[0]))
    if number % 3 == 2 and world.has_tales:
        contradicted = _race(world, world.contradicted)
        yield _MAIN, _with(contradicted, _TIME, "23:00:00")
        yield _STEWARDS, _with(contradicted, _TIME, "23:30:00")
    for place, kind in enumerate(dirt):
        cells = _race(world, (world.two_winners, world.cancelled)[place])
        if number == 0:
            cells[_RACE_ID] = str(_FIRST_RACE + world.races + place)
        yield _MAIN, _DIRT["races"][kind][1](cells)


def _race(world: World, race: int, times: int = 0) -> _Cells:
    """Return a race as it is after so many corrections."""
    random = Random(f"racing:{world.seed}:race:{race}")
    season, number = divmod(race, -(-world.races // world.seasons))
    year = _LAST_SEASON + 1 - world.seasons + season
    day = date(year, 3, 1) + timedelta(days=12 * number + random.randrange(3))
    name = _NAMES[(number * 5 + random.randrange(2) + world.seed) % len(_NAMES)]
    time = random.choice(_TIMES)
    if times % 2:  # a correction is taken back by the next one
        day += timedelta(days=7 * (race % 3 == 1))
        name += " of Champions" * (race % 3 == 2)
        time = "18:45:00" if race % 3 == 0 else time
    return [str(_FIRST_RACE + race), str(year), str(number + 1), name, day.isoformat(), time]


def _results(world: World, number: int, dirt: list[str]) -> Iterator[tuple[int, str]]:
    """Yield the results of a delivery, each with the number of its file."""
    for race in range(world.run) if number == 0 else []:
        for place, cells in enumerate([] if race == world.cancelled else _classified(world, race)):
            if race == world.two_winners and place == 1:
                cells[_POSITION] = "1"
            yield _STEWARDS if race % 10 == 9 and place < 3 else _MAIN, _line(cells)
    corrections = [_changed(world, *each) for each in world.corrected(number)] if number else []
    for correction, file in zip(corrections, (_MAIN, _STEWARDS), strict=False):
        yield from ((file, _line(cells)) for cells in correction)
    new = world.run + number - 1
    if number and new < world.races - 1:
        yield from ((_MAIN, _line(cells)) for cells in _classified(world, new))
    if number == _WINNERS_CORRECTED_ON and world.has_tales:
        yield _STEWARDS, _line(_classified(world, world.two_winners)[1])
    if number % 3 == 1:  # one row once more, as it is
        yield _STEWARDS, _line(corrections[0][0])
    contradicted = _classified(world, world.contradicted) if number and world.has_tales else []
    if number % 3 == 2 and contradicted:
        yield _MAIN, _with(contradicted[-1], _LAP, "01:01.1")
        yield _STEWARDS, _with(contradicted[-1], _LAP, "01:02.2")
    spoilt = contradicted or _classified(world, world.cancelled)
    yield from ((_MAIN, _DIRT["results"][kind][1](spoilt[place])) for place, kind in enumerate(dirt))


def _classified(world: World, race: int, times: int = 0) -> list[_Cells]:
    """Return the results of a race as they are after so many corrections."""
    random = Random(f"racing:{world.seed}:results:{race}")
    drivers = random.sample(range(_FIRST_DRIVER, _FIRST_DRIVER + world.drivers + 2), world.drivers)
    retired = random.randrange(world.drivers // 4 + 1)
    usual = random.randrange(620, 1_050)  # tenths of a second, as all laps
    rows = []
    for place, driver in enumerate(drivers):
        lap = usual + random.randrange(40)
        is_classified = place < world.drivers - retired
        position = str(place + 1) if is_classified else random.choice(_MISSING)
        without_lap = random.randrange(25 if is_classified else 3) == 0
        written = random.choice(_MISSING) if without_lap else f"{lap // 600:02}:{lap // 10 % 60:02}.{lap % 10}"
        number = _FIRST_RESULT + race * world.drivers + place
        rows.append([str(number), str(_FIRST_RACE + race), str(driver), position, written])
    if times:
        swapped, timed = _what_changes(world, race, retired)
        rows[timed][_LAP] = f"01:0{times % 10}.{race % 10}"
        if times % 2 and len(swapped) == 2:
            first, second = (rows[place] for place in swapped)
            first[_POSITION], second[_POSITION] = second[_POSITION], first[_POSITION]
    return rows


def _what_changes(world: World, race: int, retired: int) -> tuple[list[int], int]:
    """Return which places of a race each correction swaps, if there are two, and which gets another lap."""
    random = Random(f"racing:{world.seed}:changes:{race}")
    classified = world.drivers - retired
    first = random.randrange(min(3, classified - 1)) if classified > 1 else 0
    return ([first, first + 1] if classified > 1 else []), random.randrange(world.drivers)


def _changed(world: World, race: int, times: int) -> list[_Cells]:
    """Return the rows that a correction of a race changes."""
    before, after = _classified(world, race, times - 1), _classified(world, race, times)
    return [new for old, new in zip(before, after, strict=True) if old != new]


WRITERS = {feed: partial(write_feed, feed=feed) for feed in _HEADERS}
"""What writes the sample deliveries of the domain's feeds."""
