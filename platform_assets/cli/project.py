"""Commands about the platform itself: settings, docs, samples."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer

from platform_assets.cli.arguments import all_tables
from platform_assets.cli.terminal import Problem, changing, number, say, say_table


def settings(as_json: Annotated[bool, typer.Option("--json", help="As a JSON list of objects.")] = False) -> None:
    """Every setting: variable, value, origin, meaning."""
    from platform_assets.registry import found, listed_settings, refuse_unknown_variables
    from platform_assets.settings import current

    domains = found(current())
    every = listed_settings(domains, current())
    rows = [{"variable": s.variable, "value": s.value, "from": s.origin, "meaning": s.meaning} for s in every]
    if as_json:
        say(json.dumps(rows, indent=2, ensure_ascii=False))
    else:
        say_table(list(rows[0]), [[row[key] or "-" for key in row] for row in rows])
    refuse_unknown_variables(domains)


def docs(
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FOLDER", help="Where the pages go.")] = Path(
        "docs/tables"
    ),
) -> None:
    """Write the data dictionary, a page for each table."""
    from platform_assets.docs.dictionary import write_pages

    tables = all_tables()
    with changing(f"Some pages in {output} may be new, and others not: write them again."):
        pages = write_pages(tables, output)
    say(f"{number(len(pages))} pages written to {output}.")


def samples(
    start: Annotated[
        datetime,
        typer.Option(
            "--start", formats=["%Y-%m-%d"], metavar="DAY", show_default="2026-01-01", help="Day of the first delivery."
        ),
    ] = datetime(2026, 1, 1),
    days: Annotated[int, typer.Option("--days", min=1, help="Deliveries of each feed, one a day.")] = 7,
    rows: Annotated[int, typer.Option("--rows", min=1, help="Rows in each delivery.")] = 500,
    seed: Annotated[int, typer.Option("--seed", help="The same seed gives the same files.")] = 1,
    output: Annotated[
        str | None,
        typer.Option("--output", "-o", metavar="FOLDER", help="The landing folder of the settings if not given."),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Write into delivery folders that are there already.")] = False,
) -> None:
    """Write made-up deliveries of every feed to landing.

    They have good rows and bad ones; the same options give the same files.
    """
    from platform_assets.lake import storage
    from platform_assets.registry import found
    from platform_assets.samples import write_samples
    from platform_assets.settings import current

    landing = output or current().landing
    if not storage.is_local(landing):
        raise Problem(f"Samples are written to folders of this machine, not to {landing}: name one with -o.")
    writers = {feed: writer for domain in found() for feed, writer in domain.sample_writers.items()}
    root, first = storage.absolute(landing), start.date()
    names = [(first + timedelta(days=day)).isoformat() for day in range(days)]
    folders = [storage.join(root, feed, name) for feed in sorted(writers) for name in names]
    there = [folder for folder in folders if storage.exists(folder)]
    if there and not force:
        more = f" and {len(there) - 1} more" if len(there) > 1 else ""
        raise Problem(f"{there[0]}{more} would be overwritten, so nothing was written. --force does it.")
    with changing(f"Some files are in {root} already: write them again with --force."):
        files = write_samples(writers, Path(root), first_day=first, days=days, rows=rows, seed=seed)
    say(f"{number(len(files))} files of {', '.join(sorted(writers))} written to {root}, {names[0]} ... {names[-1]}.")
