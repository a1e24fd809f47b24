"""Sessions: runs of a user's events without a long pause, cut day by day, the open ones carried over midnight."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

STARTED, ENDED, ID = "started_at", "ended_at", "session_id"
_MICROS = 1_000_000
_TIME, _COUNT, _CARRIED = "_time", "_count", "_carried"


@dataclass(frozen=True)
class Sessions:
    """What the sessions of a domain are made of, by the names of columns.

    A session is a run of events of one `user` in which each `time` is at most a gap (seconds, up to a day) after
    the one before; events at the same time are never parted. `events` counts a session's events, `distinct` their
    different items, `item` being the columns of what an event was about. `items` carries an open session's items to
    the next day, as an array of structs: the item's columns and how often it occurred, named as `events`. `event` is
    no column, but the word for one event (`hit`) in the names of rules.

    A session closes on the day on which its last event is a gap ago, and is open at the end of the days before, from
    its first event on. Each event's `day` is the UTC day of its `time`; the events of the run's days and the sessions
    open before give the same as all events of all days.
    """

    user: str
    time: str
    item: tuple[str, ...]
    event: str
    events: str
    distinct: str
    items: str

    def closed(self, events: DataFrame, before: DataFrame, *, gap: int, days: Sequence[date]) -> DataFrame:
        """Sessions that close on these days: day, session_id, user, started_at, ended_at, events, distinct.

        `before` are the sessions open at the end of the day before the first, as `left_open` gives them.
        """
        item = F.xxhash64(*self.item, *[F.col(name).isNull() for name in self.item]).alias("_item")
        began = F.lit(None).cast("long").alias(STARTED)
        happened = events.select(self.user, _micros(self.time).alias(_TIME), F.lit(1).alias(_COUNT), item, began)
        carried = self._carried(before).select(self.user, _TIME, _COUNT, item, STARTED)
        rows = self._in_sessions(happened.unionByName(carried), gap)
        # Lists of hashes: cheaper by a third than to group by session and item first.
        different = F.size(F.array_distinct(F.collect_list("_item"))).cast("long")
        sessions = rows.groupBy(self.user, STARTED).agg(
            F.max(_TIME).alias(ENDED), F.sum(_COUNT).alias(self.events), different.alias(self.distinct)
        )
        closes = sessions.withColumn("day", _closing_day(F.col(ENDED), gap)).where(F.col("day") <= F.lit(days[-1]))
        return closes.select("day", *self._described(), self.events, self.distinct)

    def left_open(self, events: DataFrame, before: DataFrame, *, gap: int, days: Sequence[date]) -> DataFrame:
        """Sessions open at the end of each day: day, session_id, user, started_at, ended_at, events, distinct, items.

        `ended_at` is the last event so far, and the counts, too, are those at the end of the day.
        """
        # Who is in a session at midnight had an event within the gap before it: no other day of a user matters.
        is_late = _closing_day(_micros(self.time), gap) > F.col("day")
        late_days = events.where(is_late).select(self.user, "day").distinct()
        late = events.join(late_days, [self.user, "day"], "left_semi")
        columns = [self.user, "day", _TIME, _COUNT, *self.item, STARTED]
        began = F.lit(None).cast("long")
        happened = late.withColumns({_TIME: _micros(self.time), _COUNT: F.lit(1).cast("long"), STARTED: began})
        carried = self._carried(before).withColumn("day", F.lit(days[0]))
        rows = self._in_sessions(happened.select(*columns).unionByName(carried.select(*columns)), gap)
        daily = rows.groupBy(self.user, STARTED, "day", *self.item).agg(
            F.sum(_COUNT).alias(_COUNT), F.max(_TIME).alias(_TIME)
        )
        last_event = F.max(_TIME).over(Window.partitionBy(self.user, STARTED))
        # Never after the run's last day: no event is after that day, and a gap is a day at most.
        ends = daily.withColumn("_last", F.date_sub(_closing_day(last_event, gap), 1))
        ends = ends.where(F.col("day") <= F.col("_last"))
        each_day = ends.withColumn("day", F.explode(F.sequence("day", "_last")))
        per_item = each_day.groupBy("day", self.user, STARTED, *self.item).agg(
            F.sum(_COUNT).alias(self.events), F.max(_TIME).alias(_TIME)
        )
        sessions = per_item.groupBy("day", self.user, STARTED).agg(
            F.max(_TIME).alias(ENDED),
            F.sort_array(F.collect_list(F.struct(*self.item, self.events))).alias(self.items),
            F.sum(self.events).alias(self.events),
            F.count("*").alias(self.distinct),
        )
        return sessions.select("day", *self._described(), self.events, self.distinct, self.items)

    def _carried(self, before: DataFrame) -> DataFrame:
        """The items of open sessions as events at the time of their last one."""
        rows = before.select(
            self.user, _micros(ENDED).alias(_TIME), _micros(STARTED).alias(STARTED), F.explode(self.items).alias("_of")
        )
        items = [F.col(f"_of.{name}").alias(name) for name in self.item]
        return rows.select(self.user, _TIME, STARTED, *items, F.col(f"_of.{self.events}").alias(_COUNT))

    def _in_sessions(self, rows: DataFrame, gap: int) -> DataFrame:
        """Each row with the start of its session; a carried one knows it, and stands before all others."""
        in_time = Window.partitionBy(self.user).orderBy(_TIME)
        pause = F.col(_TIME) - F.lag(_TIME).over(in_time)
        begins = rows.withColumn("_begins", F.coalesce(pause > gap * _MICROS, F.lit(True)))
        start = F.when(F.col("_begins"), F.coalesce(STARTED, _TIME))
        so_far = in_time.rowsBetween(Window.unboundedPreceding, Window.currentRow)
        return begins.withColumn(STARTED, F.max(start).over(so_far)).drop("_begins")

    def _described(self) -> list[Column]:
        started, ended = (F.timestamp_micros(name) for name in (STARTED, ENDED))
        # A session's identity: who, and since when; it stays when other sessions come, go or change.
        since = F.date_format(started, "yyyy-MM-dd'T'HH:mm:ss'Z'")
        identity = F.md5(F.concat_ws("|", F.col(self.user).cast("string"), since))
        return [identity.alias(ID), F.col(self.user), started.alias(STARTED), ended.alias(ENDED)]


def duration_seconds() -> Column:
    """Whole seconds from a session's first event to its last."""
    return F.floor((_micros(ENDED) - _micros(STARTED)) / _MICROS)


def is_open(day: date, gap: int) -> Column:
    """Whether a session, as it was at the end of a day, was open then."""
    return _closing_day(_micros(ENDED), gap) > F.lit(day)


def open_at_the_end(events: str) -> str:
    """The events of the sessions open at the end of the run, as an aggregate over open sessions for balances."""
    return f"sum(CASE WHEN day = DATE '{{last}}' THEN {events} END)"


def _micros(time: str) -> Column:
    return F.unix_micros(time)


def _closing_day(last_event: Column, gap: int) -> Column:
    """The day on which a session closes: the last event (microseconds since 1970) and the gap lie before its end."""
    return F.to_date(F.timestamp_micros(last_event + gap * _MICROS))
