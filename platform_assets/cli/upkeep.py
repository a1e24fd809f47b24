"""Commands that change the lake without a run: restore, clean."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from platform_assets.cli.arguments import TableName, built, find_definition, in_lake
from platform_assets.cli.terminal import Problem, changing, confirm, end_with, number, remark, say, say_table, size

if TYPE_CHECKING:
    from platform_assets.lake.tables.maintenance import Restoration, Waste
    from platform_assets.registry import TableKind


_SHOWN_DAYS = 20
Yes = Annotated[bool, typer.Option("--yes", help="Do it without a question.")]


def restore(
    table: TableName,
    version: Annotated[int, typer.Argument(min=0, help="One of those that `history` lists.")],
    yes: Yes = False,
) -> None:
    """Make an older version of a table current again.

    It shows what that changes, and asks. Nothing is lost: it becomes a new version, and the one before it can be
    restored too.
    """
    from platform_assets.lake.tables import maintenance

    definition = find_definition(table)
    found = in_lake(definition)
    built(found)
    try:
        asked = maintenance.restoration(found, version)
    except maintenance.NotRestorable as error:
        raise Problem(str(error)) from error
    if asked is None:
        return say(f"{found.key}: version {version} is the current one, nothing was changed.")
    _say_what_changes(asked)
    confirm(f"Make version {version} of {found.key} the current one?", yes)
    with changing(f"`platform-assets history {found.key}` shows whether version {version} is current again."):
        new = asked.carry_out()
    say(f"{found.key}: version {version} is current again, as version {new}.")
    if asked.days:
        say(
            "The plan calls these days due now, as they are not what their inputs make them: mend the cause before the "
            "next `platform-assets apply`."
        )
        if readers := _readers(definition):
            say(f"What was built from it is as before: {', '.join(readers)}.")
    return None


def _say_what_changes(asked: Restoration) -> None:
    say(
        f"{asked.table.key}: from version {asked.current} to version {asked.version}, {number(asked.rows_before)} rows "
        f"now, {number(asked.rows)} then."
    )
    if not asked.days:
        return say("No day has other files than now.")
    shown = list(asked.days.items())[:_SHOWN_DAYS]
    rows = [(_named(day), *("-" if n is None else number(n) for n in counts)) for day, counts in shown]
    say_table(["day", "rows now", "rows then"], rows, right=["rows now", "rows then"])
    if len(asked.days) > len(shown):
        say(f"and {number(len(asked.days) - len(shown))} more days, up to {max(asked.days)}.")
    if asked.emptied:
        say(f"{_listed(asked.emptied)} would have no rows any more.")
    return None


def clean(
    older_than: Annotated[
        float,
        typer.Option(
            "--older-than",
            min=0,
            metavar="HOURS",
            help="Leave what was written in the last hours to the run that may still be at work; 0 only while nothing "
            "runs. Runs that the Dagster instance (DAGSTER_HOME) knows are told by their state instead.",
        ),
    ] = 24,
    vacuum: Annotated[
        int | None,
        typer.Option(
            "--vacuum",
            min=0,
            metavar="DAYS",
            help="Also remove the files of versions that were replaced more than so many days ago. Those versions can "
            "no longer be restored. Choose more days than your longest run takes.",
        ),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be removed.")] = False,
    yes: Yes = False,
) -> None:
    """Remove what failed or killed runs left behind.

    No reader sees it. What was published stays, but for the files of old versions if --vacuum says so; it asks before
    it removes versions of the last PLATFORM_KEEP_VERSIONS_DAYS. What no run of the platform has made always stays.
    """
    from platform_assets.assets.runs import dagster_runs
    from platform_assets.assets.upkeep import waste_of
    from platform_assets.lake.tables import maintenance
    from platform_assets.lake.tables.log import Damaged
    from platform_assets.registry import found as found_domains
    from platform_assets.settings import current

    kept_days = current().keep_versions_days
    if vacuum is not None and vacuum < kept_days and not dry_run:
        confirm(f"Remove versions that were replaced in the last {kept_days} days (PLATFORM_KEEP_VERSIONS_DAYS)?", yes)
    found: list[Waste] = []
    damaged: list[str] = []
    age = timedelta(hours=older_than)
    kept = timedelta(days=vacuum) if vacuum is not None else None
    with dagster_runs() as state_of:
        for one in (declared for domain in found_domains() for declared in domain.declared):
            try:
                found += waste_of(one, current(), state_of, age, kept)
            except Damaged as error:
                damaged.append(str(error))
        with changing("What was removed is gone, and the next clean goes on from there."):
            for waste in found if not dry_run else ():
                maintenance.remove(waste)
    _say_waste(found, dry_run)
    end_with(damaged)


def _say_waste(found: Sequence[Waste], dry_run: bool) -> None:
    going, staying = [w for w in found if not w.kept], [w for w in found if w.kept]
    if found:
        say_table(
            ["asset", "run", "what", "files", "bytes", ""],
            [
                (
                    waste.place.key,
                    waste.run_id or "-",
                    waste.what,
                    number(waste.files),
                    size(waste.size),
                    f"kept: {waste.kept}" if waste.kept else "would be removed" if dry_run else "removed",
                )
                for waste in found
            ],
            right=["files", "bytes"],
        )
    files, bytes_of_them = sum(waste.files for waste in going), sum(waste.size for waste in going)
    done = "Would remove" if dry_run else "Removed"
    remark(f"{done} {number(files)} files, {number(bytes_of_them)} bytes." if going else "There is nothing to remove.")
    if staying:
        remark(f"Left alone what {len(staying)} runs may still need.")


def _readers(definition: TableKind) -> list[str]:
    """Tables and documents that are built from a table."""
    from platform_assets.registry import found

    everything = [declared for domain in found() for declared in domain.declared]
    return [one.text_key for one in everything if one.key != definition.key and definition.key in one.sources]


def _named(day: str) -> str:
    from platform_assets.lake.tables.days import span_text

    return span_text(date.fromisoformat(day), date.fromisoformat(day))


def _listed(days: Sequence[str]) -> str:
    return _named(days[0]) if len(days) == 1 else f"{number(len(days))} days of {days[0]} ... {days[-1]}"
