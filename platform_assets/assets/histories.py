"""The two tables of a snapshot feed's history, declared once for all domains: what changed when, and every version."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from pyspark.sql import DataFrame

from platform_assets.assets.raw_tables import RawTableDefinition
from platform_assets.assets.signature import SO_FAR, declared_for, place, suggestion
from platform_assets.assets.tables import TableDefinition, table
from platform_assets.contracts.compiled import ColumnSpec
from platform_assets.contracts.contract import T, Versions
from platform_assets.contracts.making import Column, annotation_of, made_contract
from platform_assets.errors import DeclarationError, naming
from platform_assets.lake.audit import Balance, Finding
from platform_assets.landing.deliveries import some
from platform_assets.settings import Settings
from platform_assets.transforms import scd2

FEW_DELETES, HELD_BACK = "few_deletes", "deletes_held_back"
# Fewer deletes than this never stop a run, whatever their share.
_MANY_DELETES = 10
_OPERATION = "What happened: insert, update or delete"
_VERSION = "Number of the row's version, 1 being the first"
_DATES = {
    scd2.VALID_FROM: "First day on which it was true",
    scd2.VALID_UNTIL: "First day on which it was true no longer, as far as is known now",
    scd2.RECORDED_FROM: "Day of the first snapshot that said so",
    scd2.RECORDED_UNTIL: "Day of the first snapshot that said so no longer",
}
_ENDS = (scd2.VALID_UNTIL, scd2.RECORDED_UNTIL)
# What of a version stays as it is when others follow it: a day that joins one may have any of these.
_STAYS = (scd2.VERSION, scd2.VALID_FROM, scd2.RECORDED_FROM)


@dataclass(frozen=True)
class SnapshotGuards:
    """What must hold of the changes that snapshots make: a partial snapshot looks as if rows were deleted.

    `snapshots` and `so_far` are the inputs of these names.
    """

    snapshots: str
    so_far: str
    key: tuple[str, ...]

    @property
    def checks(self) -> Mapping[str, str]:
        """The checks, from their names to what must hold."""
        return {
            FEW_DELETES: f"No snapshot deletes {_MANY_DELETES} rows and more than the share of those there are that "
            "PLATFORM_SNAPSHOT_DELETE_SHARE allows",
            HELD_BACK: "No snapshot has rows of which nobody knows which they are: it would delete nothing",
        }

    @property
    def warnings(self) -> frozenset[str]:
        """The checks that stop nothing."""
        return frozenset({HELD_BACK})

    @property
    def shows(self) -> tuple[str, ...]:
        """The columns whose values are told: none."""
        return ()

    def judge(self, rows: DataFrame, inputs: Mapping[str, DataFrame], settings: Settings) -> list[Finding]:
        """Hold staged changes against the snapshots that they are made from, and the changes before."""
        snapshots, so_far = inputs[self.snapshots], inputs[self.so_far]
        return [_few_deletes(so_far, rows, settings.snapshot_delete_share), self._held_back(snapshots, so_far)]

    def _held_back(self, snapshots: DataFrame, so_far: DataFrame) -> Finding:
        if snapshots.where(scd2.without_known_key(self.key)).limit(1).count() == 0:
            return Finding(HELD_BACK, True, "every row has a known key", True)
        found = scd2.held_back(snapshots, so_far, key=self.key).orderBy("day").collect()
        held = {str(row["day"]): row["keys"] for row in found}
        said = (
            f"rows are absent that may be those without a known key, and were not deleted: "
            f"{some([f'{day}: {keys}' for day, keys in held.items()])}. The next snapshot without such rows deletes "
            "what it has not"
        )
        return Finding(HELD_BACK, not held, said if held else "no row is absent", True, {"days": held})


def _few_deletes(so_far: DataFrame, changes: DataFrame, share: float) -> Finding:
    found = scd2.deletions(so_far, changes).orderBy("day").collect()
    many = [
        f"{row['day']}: {row['deleted']} of {row['living']}"
        for row in found
        # Exact: 0.29 is a little less than 29 of 100 in floating point.
        if row["deleted"] >= _MANY_DELETES and row["deleted"] > Decimal(str(share)) * row["living"]
    ]
    if not many:
        return Finding(FEW_DELETES, True, f"{sum(row['deleted'] for row in found)} rows deleted")
    said = (
        f"{len(many)} snapshots would delete more than {share * 100:g}% of all rows: {some(many)}. Is the snapshot "
        "whole? Deliver it again, or take its folder away (and apply --allow-emptied), or allow it by "
        "PLATFORM_SNAPSHOT_DELETE_SHARE"
    )
    return Finding(FEW_DELETES, False, said, details={"days": many})


def changes_table(snapshots: RawTableDefinition, name: str, description: str, /) -> TableDefinition:
    """Declare the table of what the snapshots of a feed have changed, by the day of the snapshot.

    Its columns are: day, the key of the snapshots, operation (`insert`, `update` or `delete`), the other columns of
    the feed, and version. Of a deleted row it has what was known last. Columns that the feed requires are never NULL.

    Raises `DeclarationError`, which begins with the file that calls this, for a raw table that is not `snapshot_of` a
    key, and for a column of the feed with a name of the table's own.
    """

    def changes(snapshots: DataFrame, so_far: DataFrame) -> DataFrame:
        """What is in a snapshot and was not before, or is another now, and what was before and is not in it."""
        return scd2.changes(snapshots, so_far, key=key, attributes=attributes)

    key = snapshots.rows_key.columns if snapshots.rows_key else ()
    columns = {column.name: column for column in snapshots.sourced}
    attributes = [column for column in columns if column not in key]
    transform = _named(declared_for(changes, snapshots=snapshots.name, so_far=f"{name}{SO_FAR}"), name)
    with naming(place(transform)):
        if not snapshots.is_snapshot:
            raise DeclarationError(f"{snapshots.text_key} has no snapshots: give its @raw_table snapshot_of")
        contract = made_contract(
            "Changes",
            description,
            [
                ("day", T.DateType, {"description": "Day of the snapshot"}),
                *(_of_good_rows(columns[column]) for column in key),
                (
                    scd2.OPERATION,
                    T.StringType,
                    {"isin": [scd2.INSERT, scd2.UPDATE, scd2.DELETE], "description": _OPERATION},
                ),
                *(_of_good_rows(columns[column]) for column in attributes),
                (scd2.VERSION, T.IntegerType, {"ge": 1, "description": _VERSION}),
            ],
            unique=["day", *key],
        )
    guards = SnapshotGuards(snapshots.name, f"{name}{SO_FAR}", key)
    return table(contract, domain=snapshots.domain, guards=[guards])(transform)


def history_table(
    changes: TableDefinition, name: str, description: str, /, *, own_date: str | None = None
) -> TableDefinition:
    """Declare the table of every version of the rows of snapshots, made of the table of their changes; it has no days.

    Its columns are: the key, the other columns of the feed, version, valid_from and valid_until (when it was true),
    recorded_from and recorded_until (on which snapshot days the source said so), and is_current. Intervals contain
    their first day and not their last; NULL is no end. `own_date` names the column with a date of the row's own, from
    which on it is valid.

    Raises `DeclarationError`, which begins with the file that calls this, for an own date that is no date column.
    """

    def history(changes: DataFrame) -> DataFrame:
        """A version from each insert or update to the next change of its row."""
        return scd2.history(changes, key=key, attributes=attributes, own_date=own_date)

    columns = {column.name: column for column in changes.contract.columns}
    key = tuple(column for column in changes.contract.key if column != "day")
    own = ("day", scd2.OPERATION, scd2.VERSION)
    attributes = [column for column in columns if column not in (*key, *own)]
    transform = _named(declared_for(history, changes=changes.name), name)
    with naming(place(transform)):
        if scd2.OPERATION not in columns:
            raise DeclarationError(f"{changes.text_key} is no table of changes: declare it by changes_table")
        dates = [column for column in attributes if isinstance(columns[column].dtype, T.DateType)]
        if own_date is not None and own_date not in dates:
            raise DeclarationError(f"own_date={own_date!r} is no column with a date. {suggestion(own_date, dates)}")
        contract = made_contract(
            "History",
            description,
            [
                *(_of_good_rows(columns[column]) for column in (*key, *attributes)),
                (scd2.VERSION, T.IntegerType, {"ge": 1, "description": _VERSION}),
                *(
                    (name, T.DateType, {"nullable": name in _ENDS, "description": said})
                    for name, said in _DATES.items()
                ),
                (scd2.IS_CURRENT, T.BooleanType, {"description": "Whether the newest snapshot says so"}),
            ],
            unique=[*key, scd2.VERSION],
            whole=True,
            versions=Versions((*key, *attributes, *_STAYS), scd2.VERSION, scd2.VALID_FROM, scd2.VALID_UNTIL),
            columns_agree={
                "rules": {
                    "valid_for_some_time": "valid_from < valid_until",
                    "recorded_for_some_time": "recorded_from < recorded_until",
                    "current_is_recorded_still": "is_current = (recorded_until IS NULL)",
                }
            },
        )
    inserted = f"count_if({scd2.OPERATION} <> '{scd2.DELETE}')"
    balance = Balance("every_version_has_a_row", changes.name, inserted)
    return table(contract, domain=changes.domain, balances=[balance])(transform)


def _named(function: Any, name: str) -> Any:
    function.__name__ = name
    return function


def _of_good_rows(column: ColumnSpec) -> Column:
    """A column of a feed, or of the changes made of it, as good rows have it."""
    optional = column.nullable if column.source is None else not column.source.required
    said = {"nullable": optional, "description": column.description, "personal": column.is_personal}
    return column.name, annotation_of(column.dtype), said
