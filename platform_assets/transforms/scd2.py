"""Snapshots of a table compared: what changed from day to day, and the history of every row (SCD type 2).

A key is one column or several that name a row of the source; its attributes are the other columns. A run of years is
compared at once, and gives what runs of single days give. No column is named as one that is added here. Windows are
over many keys each: an engine takes longer to begin a window than to go through one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from functools import reduce

from pyspark.sql import Column, DataFrame, Window, WindowSpec
from pyspark.sql import functions as F

from platform_assets.contracts.contract import GOOD_ROW

INSERT, UPDATE, DELETE = "insert", "update", "delete"
OPERATION, VERSION = "operation", "version"
VALID_FROM, VALID_UNTIL = "valid_from", "valid_until"
RECORDED_FROM, RECORDED_UNTIL, IS_CURRENT = "recorded_from", "recorded_until", "is_current"
_NO_ROW = ("malformed", "not_utf8")
_BEFORE, _AFTER = "DATE '0001-01-01'", "DATE '9999-12-31'"
_BUCKETS = 256


def changes(snapshots: DataFrame, so_far: DataFrame, *, key: Sequence[str], attributes: Sequence[str]) -> DataFrame:
    """What snapshots change: day, the key, operation (`insert`, `update`, `delete`), the attributes, version (int).

    `snapshots` are raw rows of one or more days: delivery_day, the key, the attributes, violations (empty: good); a day
    without rows had no snapshot. `so_far` are all changes of all days before. Of each key a snapshot's good row is
    compared with that of the newest snapshot in which it had one; NULL is equal to NULL. Versions count from 1, also
    on when a deleted key returns; a delete has the attributes and the version of the row that it ends. A rejected row
    changes nothing. A snapshot that has a row without a known key deletes nothing.
    """
    rows = _rows(snapshots, so_far, key, attributes)
    touched = _touched(snapshots, so_far, key, attributes).join(rows, "_hash")
    # Good rows and ends are left: a rejected row that ends its key has the good row that it ends before it.
    rows = _living(touched, snapshots, key).where("_ended OR _alive AND (_good OR _gone IS NOT NULL)")
    in_order = _in_order(key)
    before = {f"_before_{name}": F.lag(name).over(in_order) for name in ("_gone", *attributes)}
    rows = rows.withColumns({"_begins": ~_of_same_key(F.lag, key), **before})
    same = [F.col(name).eqNullSafe(F.col(f"_before_{name}")) for name in attributes]
    comes = F.col("_begins") | F.col("_before__gone").isNotNull()
    differs = ~reduce(lambda one, other: one & other, same, F.lit(True))
    rows = rows.withColumn("_comes", comes).withColumn("_opens", F.col("_good") & ~F.col("_known") & (comes | differs))
    # All versions of a key are here, of which each is counted.
    one = (F.col("_opens") | F.col("_good") & F.col("_known")).cast("long")
    rows = rows.withColumns({"_one": one, "_versions": F.sum(one).over(_up_to_here(key))})
    earlier = F.max(F.when(F.col("_begins"), F.col("_versions") - F.col("_one"))).over(_up_to_here(key))
    rows = rows.withColumn("version", (F.col("_versions") - earlier).cast("int"))
    own, end = F.when(F.col("_opens"), F.col("_day")), F.when(~F.col("_ended"), F.col("_gone"))
    events = rows.select("*", F.posexplode(F.array(own, end)).alias("_is_end", "day")).where("day IS NOT NULL")
    operation = F.when(F.col("_is_end") == 1, DELETE).when(F.col("_comes"), INSERT).otherwise(UPDATE)
    had = [F.when(F.col("_good"), F.col(name)).otherwise(F.col(f"_before_{name}")).alias(name) for name in attributes]
    return events.select("day", *key, operation.alias("operation"), *had, "version")


def held_back(snapshots: DataFrame, so_far: DataFrame, *, key: Sequence[str]) -> DataFrame:
    """How many keys (long) each snapshot with a row without a known key would have deleted else: day, keys.

    They were living and are absent, as `changes` has it. Days of which there are none have no row.
    """
    rows = _touched(snapshots, so_far, key, ()).join(_rows(snapshots, so_far, key, ()), "_hash")
    until = F.coalesce(F.least("_until", "_next_clean"), F.expr(_AFTER))
    absent = _living(rows, snapshots, key).where(F.col("_alive") & (F.col("_next") < until))
    # One more from the first snapshot without the key on, one less from that on in which it is back, or is deleted.
    steps = absent.select(F.posexplode(F.array("_next", until)).alias("_is_end", "day"))
    daily = steps.groupBy("day").agg(F.sum(1 - 2 * F.col("_is_end")).alias("keys"))
    of_days = _days(snapshots, key).where("_lost").select(F.col("_since").alias("day"))
    nothing = of_days.select("day", F.lit(0).cast("long").alias("keys"), F.lit(True).alias("_lost"))
    steps_and_days = daily.withColumn("_lost", F.lit(False)).unionByName(nothing)
    so_many = F.sum("keys").over(Window.partitionBy(F.lit(1)).orderBy("day", "_lost"))
    return steps_and_days.withColumn("keys", so_many).where("_lost AND keys > 0").select("day", "keys")


def deletions(so_far: DataFrame, changes: DataFrame) -> DataFrame:
    """For each day that deletes a key: day, living keys before it, deleted keys (both long).

    `so_far` are all changes of all days before those of `changes`.
    """
    rows = so_far.select("day", "operation", F.lit(False).alias("_now"))
    rows = rows.unionByName(changes.select("day", "operation", F.lit(True).alias("_now")))
    inserted, deleted = (F.count(F.when(F.col("operation") == name, 1)) for name in (INSERT, DELETE))
    daily = rows.groupBy("day", "_now").agg(inserted.alias("_inserted"), deleted.alias("deleted"))
    before = Window.partitionBy(F.lit(1)).orderBy("day").rowsBetween(Window.unboundedPreceding, -1)
    living = F.coalesce(F.sum(F.col("_inserted") - F.col("deleted")).over(before), F.lit(0))
    return daily.withColumn("living", living).where("_now AND deleted > 0").select("day", "living", "deleted")


def history(
    changes: DataFrame, *, key: Sequence[str], attributes: Sequence[str], own_date: str | None = None
) -> DataFrame:
    """The versions of all rows: the key, the attributes, version, valid_*, recorded_* (from, until), is_current.

    `changes` are those of all days. Intervals are [from, until) in dates, NULL is open; those of a key never overlap,
    and none is empty. recorded_* says since and until when snapshots had the version. valid_* says when it was true:
    from its `own_date`, an attribute, when that is later than the valid_from of the version before and not before the
    day on which that was deleted; else from its snapshot day, as when it has none or one after its snapshot. It is true
    until the next one's valid_from, or until the snapshot day on which it was deleted.
    """
    day = F.col("day")
    own = F.least(own_date, day) if own_date else day
    rows = changes.withColumns({"_day": day, "_own": own, "_hash": F.xxhash64(*key)})
    # A key whose only change is its first needs no window. The few others stand on the left, where engines that do not
    # know how many they are keep them in memory.
    others = rows.where((F.col("version") > 1) | (F.col("operation") == DELETE)).select("_hash").distinct()
    told_apart = others.withColumn("_changed", F.lit(True)).join(rows, "_hash", "right")
    open_ends = {name: F.lit(None).cast("date") for name in ("valid_until", "recorded_until")}
    once = told_apart.where("_changed IS NULL").withColumns({"valid_from": own, **open_ends})
    several = _with_times(_in_buckets(told_apart.where("_changed")), key)
    versions = once.unionByName(several.select(*once.columns)).where(F.col("operation") != DELETE)
    times = ("version", "valid_from", "valid_until", "recorded_from", "recorded_until", "is_current")
    told = versions.withColumns({"recorded_from": day, "is_current": F.col("recorded_until").isNull()})
    return told.select(*key, *attributes, *times)


def as_known_on(history: DataFrame, day: date) -> DataFrame:
    """The history as it was known on a day: each row valid until the next one known then, or until its deletion."""
    # What ended by that day ended as it does now: its end is the next one's begin, which nothing later moves.
    is_over = F.coalesce(F.col("recorded_until") <= F.lit(day), F.lit(False))
    ends = {name: F.when(is_over, F.col(name)) for name in ("valid_until", "recorded_until")}
    return history.where(F.col("recorded_from") <= F.lit(day)).withColumns({**ends, "is_current": ~is_over})


def as_of_join(
    facts: DataFrame, history: DataFrame, *, key: Sequence[str], on: str, columns: Sequence[str]
) -> DataFrame:
    """Each fact once, with columns of the version that was valid on its date `on`, `version`, and `closed` (bool).

    That is the last version that began by then, or the first one when `on` is older. `closed` says that the version had
    ended: on that day the row was deleted. A fact of an unknown key, or without a date, has NULLs.
    """
    in_order = Window.partitionBy(*key).orderBy("valid_from")
    next_from = F.date_sub(F.lead("valid_from").over(in_order), 1)
    begins = F.when(F.lag("valid_from").over(in_order).isNull(), F.expr(_BEFORE)).otherwise(F.col("valid_from"))
    keys = [F.col(name).alias(f"_{name}") for name in key]
    times = [
        begins.alias("_from"),
        F.coalesce(next_from, F.expr(_AFTER)).alias("_to"),
        F.col("valid_until").alias("_until"),
    ]
    versions = history.select("version", *columns, *keys, *times)
    matches = [F.col(name) == F.col(f"_{name}") for name in key]
    # The versions stand on the left, where engines that do not know how many they are keep them in memory.
    joined = versions.join(facts, [*matches, F.col(on).between(F.col("_from"), F.col("_to"))], "right")
    closed = F.when(F.col("version").isNotNull(), F.coalesce(F.col(on) >= F.col("_until"), F.lit(False)))
    return joined.select(*facts.columns, *columns, "version", closed.alias("closed"))


def closed(history: DataFrame, *, key: Sequence[str]) -> DataFrame:
    """From when until when (_from, _to, both included) rows were deleted, by their key (`_` and its names)."""
    in_order = Window.partitionBy(*key).orderBy("valid_from")
    to = F.coalesce(F.date_sub(F.lead("valid_from").over(in_order), 1), F.expr(_AFTER))
    spans = history.select(
        *[F.col(name).alias(f"_{name}") for name in key], F.col("valid_until").alias("_from"), to.alias("_to")
    )
    return spans.where(F.col("_from") <= F.col("_to"))


def _rows(snapshots: DataFrame, so_far: DataFrame, key: Sequence[str], attributes: Sequence[str]) -> DataFrame:
    """Known changes and rows of snapshots: key, attributes, _day, _known, _good, _ended, _hash."""
    names = (*key, *attributes, "_day", "_known", "_good", "_ended")
    day, is_end = F.col("day"), F.col("operation") == DELETE
    said = so_far.withColumns({"_day": day, "_good": ~is_end, "_ended": is_end})
    day, is_good = F.col("delivery_day"), F.expr(GOOD_ROW)
    seen = snapshots.where(~_is_null(key)).withColumns({"_day": day, "_good": is_good})
    said = said.withColumn("_known", F.lit(True)).select(*names)
    seen = seen.withColumns({"_known": F.lit(False), "_ended": F.lit(False)}).select(*names)
    return said.unionByName(seen).withColumn("_hash", F.xxhash64(*key))


def _touched(snapshots: DataFrame, so_far: DataFrame, key: Sequence[str], attributes: Sequence[str]) -> DataFrame:
    """The hashes (_hash) of keys of which not every snapshot has the known row, and some of others.

    By two hashes of 64 bits, of the key and of the row: nearly all rows stay as they are, and need no more than this.
    A rejected row that looks like the known one changes nothing either.
    """
    marks = [F.col(name).isNull() for name in attributes]
    row = F.xxhash64(*marks, *attributes, *key)
    # The newest change has the greatest of these; a row's hash does not fit beside its version, but its halves do.
    place = F.shiftleft(F.col("version").cast("long") * 2 + (F.col("operation") == DELETE).cast("long"), 32)
    half = F.lit(0xFFFFFFFF)
    nothing = F.lit(None).cast("long")
    said = so_far.select(F.xxhash64(*key).alias("_hash"), row.alias("_row"), place.alias("_place")).select(
        "_hash",
        (F.col("_place") + F.shiftrightunsigned("_row", 32)).alias("_high"),
        (F.col("_place") + F.col("_row").bitwiseAND(half)).alias("_low"),
        nothing.alias("_row"),
        nothing.alias("_day"),
    )
    # Which days a key was seen on, as a sum: of a repeated key a day has several rows.
    day = F.xxhash64("delivery_day").bitwiseAND(F.lit(0xFFFFFFFFFFFF))
    seen = snapshots.where(~_is_null(key)).select(
        F.xxhash64(*key).alias("_hash"),
        nothing.alias("_high"),
        nothing.alias("_low"),
        row.alias("_row"),
        day.alias("_day"),
    )
    keys = (
        said.unionByName(seen)
        .groupBy("_hash")
        .agg(
            *(F.max("_high").alias("_high"), F.max("_low").alias("_low")),
            *(F.min("_row").alias("_row"), F.max("_row").alias("_other_row"), F.sum("_day").alias("_seen")),
        )
    )
    days = snapshots.agg(F.sum_distinct(day).alias("_days")).where("_days IS NOT NULL")
    is_known = (
        (F.col("_high").bitwiseAND(half) == F.shiftrightunsigned("_row", 32))
        & (F.col("_low").bitwiseAND(half) == F.col("_row").bitwiseAND(half))
        & (F.col("_row") == F.col("_other_row"))
        & (F.col("_seen") == F.col("_days"))
    )
    is_deleted = F.shiftrightunsigned("_high", 32) % 2 == 1
    untouched = F.when(is_deleted, F.col("_seen").isNull()).otherwise(is_known)
    return days.crossJoin(keys).where(~F.coalesce(untouched, F.lit(False))).select("_hash")


def _days(snapshots: DataFrame, key: Sequence[str]) -> DataFrame:
    """The days of snapshots and one before them (_since), the next of them and the next that may delete, _lost."""
    daily = snapshots.groupBy(F.col("delivery_day").alias("_since")).agg(F.max(without_known_key(key)).alias("_lost"))
    before = snapshots.sparkSession.range(1).select(F.expr(_BEFORE).alias("_since"), F.lit(False).alias("_lost"))
    later = Window.partitionBy(F.lit(1)).orderBy("_since").rowsBetween(1, Window.unboundedFollowing)
    clean = F.when(~F.col("_lost"), F.col("_since"))
    return daily.unionByName(before).withColumns(
        {"_next": F.min("_since").over(later), "_next_clean": F.min(clean).over(later)}
    )


def _living(rows: DataFrame, snapshots: DataFrame, key: Sequence[str]) -> DataFrame:
    """The rows with _until, the day on which the key is there again, _gone, on which it is deleted, and _alive."""
    in_order, up_to_here = _in_order(key), _up_to_here(key)
    since = F.when(F.col("_known"), F.expr(_BEFORE)).otherwise(F.col("_day"))
    rows = _in_buckets(_days(snapshots, key).join(rows.withColumn("_since", since), "_since"))
    until = F.when(_of_same_key(F.lead, key), F.lead("_day").over(in_order))
    rows = rows.withColumns({"_begins": ~_of_same_key(F.lag, key), "_until": until})
    is_gone = F.coalesce(F.col("_until") > F.col("_next_clean"), F.lit(True))
    gone = F.when(F.col("_ended"), F.col("_day")).when(is_gone, F.col("_next_clean"))
    rows = rows.withColumn("_gone", gone)
    # A rejected row is of a living key when a good one stands before it, and no end between them.
    is_dead = ~F.col("_good") & (F.col("_ended") | F.col("_begins") | F.lag("_gone").over(in_order).isNotNull())
    rows = rows.withColumns({"_dead": is_dead, "_goods": F.sum(F.col("_good").cast("long")).over(up_to_here)})
    goods_at_end = F.max(F.when(F.col("_dead"), F.col("_goods"))).over(up_to_here)
    return rows.withColumn("_alive", F.col("_goods") > F.coalesce(goods_at_end, F.lit(0)))


def _with_times(rows: DataFrame, key: Sequence[str]) -> DataFrame:
    """Changes of keys with more than one, with valid_from, valid_until and recorded_until."""
    in_order = _in_order(key)
    rows = rows.withColumns({"_begins": ~_of_same_key(F.lag, key), "_number": F.row_number().over(in_order)})
    is_end = F.col("operation") == DELETE
    own, last_own, last_day = F.col("_own"), F.lag("_own").over(in_order), F.lag("_day").over(in_order)
    last_end = F.lag(F.when(is_end, F.col("_day"))).over(in_order)
    rows = rows.withColumns({"_last_own": last_own, "_last_day": last_day, "_last_end": last_end})
    # The version before is valid from its own date or from its day, which is not earlier. Whichever it is, a date after
    # both counts, and a date after neither does not. A date between them counts when its own one did, and so on.
    counts = (
        F.when(F.col("_begins"), F.lit(True))
        .when(F.col("_last_end").isNotNull(), own >= F.col("_last_end"))
        .when(own > F.col("_last_day"), F.lit(True))
        .when(own <= F.col("_last_own"), F.lit(False))
    )
    decided = F.when(counts.isNotNull(), F.col("_number") * 2 + counts.cast("int"))
    is_own = F.max(decided).over(_up_to_here(key)) % 2 == 1
    rows = rows.withColumn("valid_from", F.when(is_own, own).otherwise(F.col("_day")))
    next_begins = F.when(is_end, F.col("_day")).otherwise(F.col("valid_from"))
    after = {"valid_until": F.lead(next_begins), "recorded_until": F.lead("_day")}
    ends = F.coalesce(F.lead("_begins").over(in_order), F.lit(True))
    return rows.withColumns({name: F.when(~ends, value.over(in_order)) for name, value in after.items()})


def _is_null(key: Sequence[str]) -> Column:
    return reduce(lambda one, other: one | other, [F.col(name).isNull() for name in key])


def without_known_key(key: Sequence[str]) -> Column:
    """Whether nobody can know which row of the source a row of a snapshot is."""
    rules = [*_NO_ROW, *(f"{fault}_{name}" for name in key for fault in ("missing", "invalid"))]
    overlap = F.arrays_overlap("violations", F.array(*[F.lit(rule) for rule in rules]))
    return ~F.expr(GOOD_ROW) & overlap | _is_null(key)


def _in_buckets(rows: DataFrame) -> DataFrame:
    return rows.withColumn("_bucket", F.pmod("_hash", F.lit(_BUCKETS)))


def _in_order(key: Sequence[str]) -> WindowSpec:
    return Window.partitionBy("_bucket").orderBy(*key, "_day")


def _up_to_here(key: Sequence[str]) -> WindowSpec:
    return _in_order(key).rowsBetween(Window.unboundedPreceding, Window.currentRow)


def _of_same_key(other: Callable[[str], Column], key: Sequence[str]) -> Column:
    """Whether the row before (`F.lag`) or after (`F.lead`) in a bucket is of the same key."""
    same = [F.col(name) == other(name).over(_in_order(key)) for name in key]
    return F.coalesce(reduce(lambda one, other: one & other, same), F.lit(False))
