"""Commands that change the lake without a run: restore, clean."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from platform_assets.cli.arguments import TableName, all_tables, built, find_definition, in_lake
from platform_assets.cli.terminal import Problem, number, remark, say, say_table

if TYPE_CHECKING:
    from platform_assets.lake.tables.maintenance import Waste
    from platform_assets.registry import TableKind


def restore(
    table: TableName, version: Annotated[int, typer.Argument(min=0, help="One of those that `history` lists.")]
) -> None:
    """Make an older version of a table current again.

    Nothing is lost: it becomes a new version, and the one before it can be restored too.
    """
    from platform_assets.lake.tables import maintenance

    definition = find_definition(table)
    found = in_lake(definition)
    built(found)
    try:
        restored = maintenance.restore(found, version)
    except maintenance.NotRestorable as error:
        raise Problem(str(error)) from error
    if restored is None:
        return say(f"{found.key}: version {version} is the current one, nothing was changed.")
    changed = restored.changed_days
    say(f"{found.key}: version {version} is current again, as version {restored.version}.")
    if not changed:
        return say("No day has other files than before.")
    say(f"{number(restored.rows)} rows, {number(restored.rows_before)} before; {_listed(changed)} changed.")
    if readers := _readers(definition):
        say(f"What was built from it is as before; materialise it again for those days: {', '.join(readers)}.")
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
) -> None:
    """Remove what failed or killed runs left behind.

    No reader sees it. What was published stays, but for the files of old versions if --vacuum says so.
    """
    from platform_assets.assets.runs import dagster_runs
    from platform_assets.lake.tables import maintenance
    from platform_assets.registry import found as found_domains
    from platform_assets.settings import current

    found: list[Waste] = []
    age = timedelta(hours=older_than)
    with dagster_runs() as state_of:
        for definition in all_tables():
            table = in_lake(definition)
            left = maintenance.leftovers(table, state_of, age)
            old = maintenance.replaced_files(table, timedelta(days=vacuum), left) if vacuum is not None else None
            found += [*left, *([old] if old else [])]
        for export in (document for domain in found_domains() for document in domain.documents):
            place = maintenance.Exported(export.text_key, export.folder(current()).url)
            found += maintenance.spools(place, state_of, age)
        for waste in found if not dry_run else ():
            maintenance.remove(waste)
    _say_waste(found, dry_run)


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
                    number(waste.size),
                    f"kept: {waste.kept}" if waste.kept else "would be removed" if dry_run else "removed",
                )
                for waste in found
            ],
            right=["files", "bytes"],
        )
    files, size = sum(waste.files for waste in going), sum(waste.size for waste in going)
    done = "Would remove" if dry_run else "Removed"
    remark(f"{done} {number(files)} files, {number(size)} bytes." if going else "There is nothing to remove.")
    if staying:
        remark(f"Left alone what {len(staying)} runs may still need.")


def _readers(definition: TableKind) -> list[str]:
    """Tables and documents that are built from a table."""
    from platform_assets.registry import found

    everything = [declared for domain in found() for declared in domain.declared]
    return [one.text_key for one in everything if one.key != definition.key and definition.key in one.sources]


def _listed(days: Sequence[str]) -> str:
    return days[0] if len(days) == 1 else f"{number(len(days))} days of {days[0]} ... {days[-1]}"
