"""Commands that say what there is: tables, summary, history; they read the tables' logs, not their rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from platform_assets.cli.arguments import Limit, TableName, all_tables, built, find_table, in_lake
from platform_assets.cli.terminal import end_with, number, say, say_table, size

if TYPE_CHECKING:
    from platform_assets.lake.tables.table import Table

# Commits without a run (restored, made empty) before which the last run is looked for.
_LOOK_BACK = 50
_RUN_ID = "dagster_run_id"
_HEADINGS = (
    *("table", "rows", "days", "first day", "last day"),
    *("last run (UTC)", "run", "version", "rejected", "bytes"),
)


@dataclass(frozen=True)
class Overview:
    """A table as its log tells of it.

    `rows_by_day` has the days (ISO text) with rows, `rejected` is None where nothing can be, `size` is in bytes,
    `version` is None before anything was published, `last` is the commit of the last run.
    """

    table: Table
    rows_by_day: Mapping[str, int]
    rejected: int | None
    size: int
    version: int | None
    last: dict[str, Any] | None
    is_damaged: bool = False

    @property
    def rows(self) -> int:
        """All rows of the current version."""
        return sum(self.rows_by_day.values())


def look_at(table: Table) -> Overview:
    """The overview of a table, from its log alone."""
    from platform_assets.lake.tables.contents import contents_of

    delta = table.delta()
    if delta is None:
        return Overview(table, {}, None, 0, None, None)
    its = contents_of(table, delta)
    commits = delta.history(_LOOK_BACK)
    return Overview(
        table,
        its.rows_by_day,
        its.rejected,
        its.size,
        delta.version(),
        next((commit for commit in commits if _RUN_ID in commit), None),
    )


def tables() -> None:
    """All tables: rows, days, last run, version, bytes."""
    overviews, damaged = _look_at_all()
    _say_overviews(overviews, _HEADINGS)
    end_with(damaged)


def summary() -> None:
    """The tables, what was rejected and why, what to try next."""
    from platform_assets.cli.reader import rejected_by_rule
    from platform_assets.lake import storage
    from platform_assets.settings import current

    overviews, damaged = _look_at_all()
    some = [overview for overview in overviews if overview.rows]
    say(f"Tables in {storage.absolute(current().lake)}")
    say()
    # What fits on a terminal of any width.
    _say_overviews(overviews, ["table", "rows", "days", "first day", "last day", "rejected"])
    for overview in some:
        if overview.rejected is None:
            continue
        say()
        if not overview.rejected:
            say(f"{overview.table.key}: every delivered row is good.")
            continue
        share = overview.rejected / overview.rows
        say(
            f"{overview.table.key}: {number(overview.rejected)} of {number(overview.rows)} delivered rows "
            f"({share:.1%}) were rejected. They are kept, each with the rules that it breaks:"
        )
        say()
        say_rules(rejected_by_rule(overview.table, None))
    say()
    say("What to try next:" if some else "No table has rows yet. To build them from the sample files: make demo")
    say()
    for command, meaning in _try_next(some):
        say(f"  {meaning:<42}{command}")
    end_with(damaged)


def say_rules(rules: Sequence[tuple[str, int, str, str]]) -> None:
    """Print how many rows break each rule, and the first and last delivery day that has some."""
    say_table(
        ["rule", "rows", "first delivery", "last delivery"],
        [(rule, number(count), first, last) for rule, count, first, last in rules],
        right=["rows"],
    )


def history(table: TableName, limit: Limit = 20) -> None:
    """The versions of a table and the runs that made them.

    The newest comes first; `restore` goes back to one.
    """
    from platform_assets.lake.tables.published import commit_time

    commits = built(find_table(table)).history(limit)
    say_table(
        ["version", "time (UTC)", "operation", "days", "rows", "run"],
        [
            (
                str(commit["version"]),
                f"{commit_time(commit):%Y-%m-%d %H:%M:%S}",
                _operation(commit),
                str(commit.get("days", "-")),
                number(int(commit["rows"])) if "rows" in commit else "-",
                str(commit.get(_RUN_ID, "-")),
            )
            for commit in commits
        ],
        right=["version", "rows"],
        fold=False,
    )


def _operation(commit: Mapping[str, Any]) -> str:
    from platform_assets.lake.tables.commits import RESTORED

    restored = commit.get(RESTORED)
    return f"{commit['operation']} of {restored}" if restored else str(commit["operation"])


def _look_at_all() -> tuple[list[Overview], list[str]]:
    """The overviews of all tables, and what is wrong with those that are damaged."""
    from platform_assets.lake.tables.log import Damaged

    overviews, damaged = [], []
    for table in map(in_lake, all_tables()):
        try:
            overviews.append(look_at(table))
        except Damaged as error:
            overviews.append(Overview(table, {}, None, 0, None, None, is_damaged=True))
            damaged.append(str(error))
    return overviews, damaged


def _say_overviews(overviews: Sequence[Overview], headings: Sequence[str]) -> None:
    facts = [_facts(overview) for overview in overviews]
    right = ["rows", "days", "version", "rejected", "bytes"]
    say_table(headings, [[fact.get(heading, "-") for heading in headings] for fact in facts], right, fold=False)


def _facts(overview: Overview) -> dict[str, str]:
    """What `tables` shows of a table, by heading."""
    from platform_assets.lake.tables.published import commit_time

    if overview.version is None:
        return {"table": overview.table.key, "rows": "damaged" if overview.is_damaged else "not built"}
    facts = {
        "table": overview.table.key,
        "rows": number(overview.rows),
        "version": str(overview.version),
        "bytes": size(overview.size),
    }
    if overview.table.contract.partition_column:
        facts["days"] = number(len(overview.rows_by_day))
    if "days" in facts and overview.rows_by_day:
        days = list(overview.rows_by_day)
        facts |= {"first day": days[0], "last day": days[-1]}
    if overview.last:
        facts |= {"last run (UTC)": f"{commit_time(overview.last):%Y-%m-%d %H:%M}", "run": overview.last[_RUN_ID][:8]}
    if overview.rejected is not None:
        facts["rejected"] = number(overview.rejected)
    return facts


def _try_next(some: Sequence[Overview]) -> list[tuple[str, str]]:
    """Commands that work on the tables there are."""
    commands = []
    whole = [one for one in some if one.rejected is None]
    good = [one for one in whole if one.table.contract.partition_column]
    if good:
        key, name, days = good[0].table.key, good[0].table.name, list(good[0].rows_by_day)
        # What a domain comes to is its last table.
        last = {overview.table.domain: overview.table for overview in whole}
        commands += [(f"platform-assets show {table.key}", f"the newest {table.name}") for table in last.values()]
        commands += [
            (f"platform-assets show {key} --day {days[-1]}", "rows of a day"),
            (f"platform-assets export {key} -o {name}.csv", "all rows as csv, tsv, json or parquet"),
            (f"platform-assets history {key}", "versions; `restore` goes back to one"),
        ]
    if with_rejects := [overview for overview in some if overview.rejected]:
        commands.append((f"platform-assets rejected {with_rejects[0].table.key}", "rejected rows as they came"))
    return [
        *commands,
        ("platform-assets settings", "what can be set, and what it is set to"),
        ("make ui", "runs, checks and lineage, in the browser"),
    ]
