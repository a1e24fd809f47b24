"""Writing periods into a table of a database, each as a whole, in one transaction, and never over newer rows."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date

from platform_assets.contracts.compiled import CompiledContract
from platform_assets.errors import PlatformError
from platform_assets.exports.sql.addresses import Address
from platform_assets.exports.sql.connections import connected
from platform_assets.exports.sql.databases import STAGED, Connection
from platform_assets.exports.sql.periods import Period
from platform_assets.exports.sql.refusals import told
from platform_assets.exports.sql.rows import Rows
from platform_assets.exports.sql.shapes import refuse_other, sql_table, wanted
from platform_assets.lake.tables.made import Known, Made, Records, latest
from platform_assets.lake.tables.reads import Source, refuse_changed

# The state of days whose rows a run was about to replace: nobody knows which they are until it says so.
_BEGUN = " begun"


@dataclass(frozen=True)
class SqlTarget:
    """The table of a database that an asset's rows are written to, period by period.

    `records` is where it is remembered what they were made from.
    """

    key: str
    table: str
    contract: CompiledContract
    period: Period
    address: Address
    records: Records

    @property
    def place(self) -> str:
        """Where the table is, without user and password."""
        return self.address.of_table(self.table)

    def known(self) -> Known:
        """What is known of the days whose rows are in this database."""
        by_day: dict[date, list[Made]] = {}
        for (_, day), made in self.records.read().items():
            by_day.setdefault(day, []).extend(one for one in made if one.state.removesuffix(_BEGUN) == self.place)
        newest = {day: latest(made) for day, made in by_day.items()}
        return Known({day: made for day, made in newest.items() if made and not made.state.endswith(_BEGUN)})


@dataclass(frozen=True)
class StagedPeriods:
    """The rows of a run, about to be written: those of each period, none of some perhaps.

    `sources` are what they were made from, by period, `made` the records of the days that the run makes, by period.
    `written` is, after `publish`, how many rows the database has of each.
    """

    target: SqlTarget
    rows: Mapping[str, Rows]
    sources: Mapping[str, Sequence[Source]]
    made: Mapping[str, Sequence[Made]]
    written: dict[str, int] = field(default_factory=dict, compare=False)

    @property
    def count(self) -> int:
        """How many rows there are."""
        return sum(rows.count for rows in self.rows.values())

    def publish(self) -> None:
        """Replace the rows of each period in the database, which has the table then.

        Raises `PlatformError` when the database refuses that, when the table there is another, and for values that it
        would not hold as they are; `Outdated` when others have replaced what the run has read. The period at which
        that happens is as it was.
        """
        target = self.target
        kept = f"{target.key} was not published, what was there before still is."
        with told(target.address, kept), connected(target.address) as connection:
            is_new = _make_table(connection, target)
            # Before: killed at any point, a run leaves days of which it is known that they are those of none. Of a
            # table that was not there all days are.
            target.records.append(self._records(_BEGUN, more=target.known().made.values() if is_new else ()))
            done: list[str] = []
            try:
                for period, rows in self.rows.items():
                    with self._told(period, done):
                        self.written[period] = _replace(connection, target, period, rows, self._refuse_changed(period))
                    done.append(period)
            finally:
                target.records.append(self._records("", done))

    def _refuse_changed(self, period: str) -> Callable[[], None]:
        return lambda: refuse_changed(self.sources[period], self.target.key)

    def _records(
        self, state: str, periods: Sequence[str] | None = None, more: Iterable[Made | None] = ()
    ) -> list[Made]:
        now = time.time_ns() // 1000
        its = [made for period, its in self.made.items() if periods is None or period in periods for made in its]
        return [replace(made, state=f"{self.target.place}{state}", at=now) for made in (*filter(None, more), *its)]

    @contextmanager
    def _told(self, period: str, done: Sequence[str]) -> Iterator[None]:
        """Say which period it was, and what became of it and of those before."""
        try:
            with told(self.target.address):
                yield
        except PlatformError as error:
            before = f" Written before it: {', '.join(done)}." if done else ""
            said = str(error).rstrip(". ")
            raise type(error)(
                f"{self.target.key} of {period} was not written, what was there before still is: {said}.{before}"
            ) from None


def _make_table(connection: Connection, target: SqlTarget) -> bool:
    """See that the table is there as the contract wants it; create it where there is none, and say whether that was."""
    asked = wanted(target.contract, target.period, connection.type_of)
    found = connection.shape(target.table)
    if found is None:
        table = sql_table(target.table, target.contract, target.period, connection.type_of, **connection.options)
        try:
            connection.create(table)
            return True
        except Exception:
            if (found := connection.shape(target.table)) is None:
                raise  # else another run was faster
    refuse_other(target.place, found, asked)
    return False


def _replace(
    connection: Connection, target: SqlTarget, period: str, rows: Rows, refuse_outdated: Callable[[], None]
) -> int:
    """Replace a period's rows in one transaction, and return how many it has; others wait for each other."""
    connection.stage_like(target.table)
    connection.insert(rows)
    _refuse_lost(rows.count, connection.count(STAGED), "staged")
    table, names = connection.quoted(target.table), ", ".join(map(connection.quoted, rows.names))
    where = f" WHERE {connection.quoted(target.period.column)} = '{period}'"
    with connection.transaction(target.table):
        connection.execute(f"DELETE FROM {table}{where}")
        connection.execute(f"INSERT INTO {table} ({names}) SELECT {names} FROM {connection.quoted(STAGED)}")
        written = connection.count(target.table, where)
        _refuse_lost(rows.count, written, "written")
        refuse_outdated()
    return written


def _refuse_lost(given: int, found: int, how: str) -> None:
    if given != found:
        raise PlatformError(f"{given} rows were given, and the database has {found} of them {how}")
