"""Commands about what is due: plan, why, apply."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from platform_assets.cli.arguments import find_keys
from platform_assets.cli.telling import as_object, counted, said_of, say_chain, say_plan
from platform_assets.cli.terminal import (
    NOT_DONE,
    WRONG_USE,
    Problem,
    changing,
    confirm,
    number,
    remark,
    say,
)
from platform_assets.cli.upkeep import Yes

if TYPE_CHECKING:
    import dagster as dg

    from platform_assets.assets.catalog import Catalog
    from platform_assets.plan.apply import Outcome, Progress
    from platform_assets.plan.due import Due
    from platform_assets.plan.runs import Run

_STOPPED = "What was built stays, and the next apply goes on from there."
Names = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[TABLE|DOMAIN ...]", help="Tables, documents or domains, with all that they are made from."
    ),
]
Until = Annotated[
    datetime | None,
    typer.Option("--until", formats=["%Y-%m-%d"], metavar="DAY", help="The last day to look at; today if not given."),
]
Rebuild = Annotated[bool, typer.Option("--rebuild", help="Take days with other code, and unknown ones, for due.")]


def plan(
    names: Names = None,
    until: Until = None,
    check: Annotated[bool, typer.Option("--check", help="Exit with 1 when something is due.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="As one JSON object.")] = False,
) -> None:
    """What is due, why, and the runs that mend it.

    Days are due that are not what their files, inputs and settings make them now. `apply` builds them.
    """
    from platform_assets.plan.apply import Progress
    from platform_assets.plan.runs import runs_of

    catalog, keys = _chosen(names)
    found, progress = _due(catalog, keys, until), Progress()
    if as_json:
        runs = list(runs_of(found, progress.rules))
        say(json.dumps(as_object(found, runs, progress.waits(found)), ensure_ascii=False))
    else:
        say_plan(found, progress)
    if check and any(found.days.values()):
        raise typer.Exit(NOT_DONE)


def why(
    table: Annotated[str, typer.Argument(metavar="TABLE", help="A table or document, such as web/sessions.")],
    day: Annotated[
        datetime | None,
        typer.Argument(
            formats=["%Y-%m-%d"],
            metavar="[DAY]",
            help="Of raw tables the delivery day; a table without days has none.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Why a day is due, and what it was made from."""
    from platform_assets.assets.provenance import shown
    from platform_assets.lake.tables.days import WHOLE

    catalog, keys = _chosen([table])
    if len(keys) > 1:
        raise Problem(f"{table} is a domain: name one of its tables.", WRONG_USE)
    (key,) = keys
    if catalog[key].has_days != (day is not None):
        said = "say which day" if catalog[key].has_days else "it has no days, leave the day out"
        raise Problem(f"{key.to_user_string()}: {said}.", WRONG_USE)
    if left_out := catalog[key].left_out(catalog.settings):
        raise Problem(f"{left_out}.")
    found = _due(catalog, [key])
    asked = day.date() if day else WHOLE
    if asked not in found.state.days(key) and asked not in found.state.known[key].made:
        days = found.state.days(key)
        span = f"its days are {days[0]} ... {days[-1]}" if days else "nothing was delivered or built of its domain"
        raise Problem(f"{key.to_user_string()} has no day {asked}: {span}." if day else f"{span}.")
    say_chain(found, key, asked)
    for reason in found.reported.get(key, {}).get(asked, ()):
        say(f"  {said_of(reason)} (built anew only by `apply --rebuild`)")
    if made := found.state.known[key].made.get(asked):
        say()
        say(f"Made by the run {made.run_id}, platform_assets {made.platform}, {number(made.rows)} rows:")
        for variable, value in made.effective.items():
            say(f"  {variable}={shown(value)}")
        for file in made.files_read:
            say(f"  {file.location}: {number(file.rows)} rows, {number(file.rejected)} rejected, sha256 {file.sha256}")
        for reading, its in found.state.reads(key, asked):
            say(f"  {reading.name} {its}, fingerprint {made.read.get(reading.name, {}).get(str(its))}")
        rows = "" if made.state else f", fingerprint of the rows {made.fingerprint}"  # a document's are in its table
        say(f"  code {made.code or '-'}, contract {made.contract or '-'}{rows}")


def apply(
    names: Names = None,
    until: Until = None,
    rebuild: Rebuild = False,
    adopt: Annotated[
        bool,
        typer.Option("--adopt", help="Run nothing: take days without a record as made from what is there now."),
    ] = False,
    allow_emptied: Annotated[
        bool, typer.Option("--allow-emptied", help="Empty the days whose files are gone from landing.")
    ] = False,
    anyway: Annotated[bool, typer.Option("--anyway", help="Even while other runs are in flight.")] = False,
    yes: Yes = False,
) -> None:
    """Build everything that is due, and nothing else.

    It shows the plan, and asks. Exit code 1 when something is due still, such as a delivery that is refused.
    """
    from platform_assets.lake.tables.days import span_text
    from platform_assets.plan import apply as applying

    catalog, keys = _chosen(names)
    if adopt:
        return _adopt(catalog, keys, yes)

    def planned() -> Due:
        return _due(catalog, keys, until, rebuild=rebuild, progress=progress)

    progress = applying.Progress(allow_emptied)
    found = planned()
    say_plan(found, progress)
    if not any(found.days.values()):
        return None
    confirm("Build what is due?", yes)
    with _execution(catalog, keys, anyway, allow_emptied) as execute, changing(_STOPPED):
        for outcome in applying.apply(planned, _shown(execute), progress):
            span = span_text(outcome.run.first, outcome.run.last)
            for key, check, said in outcome.warnings:
                remark(f"{key.to_user_string()} {span}: {check}: {said}")
            for key, why in outcome.refused.items():
                remark(f"{key.to_user_string()} {span} was refused: {why}")
    with changing(_STOPPED):
        say()
        left = planned()
        say_plan(left, progress, runs=False)
    if any(left.days.values()):
        raise typer.Exit(NOT_DONE)
    return None


def _adopt(catalog: Catalog, keys: Sequence[dg.AssetKey], yes: bool) -> None:
    from platform_assets.lake.engines.running import start
    from platform_assets.lake.tables.days import span_text
    from platform_assets.plan.adopt import adopt, unrecorded
    from platform_assets.plan.state import State

    state = State.of(catalog, keys)
    days = {key: found for key in state.keys if (found := unrecorded(state.known[key]))}
    if not days:
        return say("Of every published day it is known what it was made from: nothing was changed.")
    for key, found in days.items():
        say(f"{key.to_user_string()}: {counted(len(found), 'day')}, {span_text(min(found), max(found))}")
    confirm("Take these days as made from the files, tables, settings and code that there are now?", yes)
    with changing("What was recorded stays, and the next apply --adopt goes on from there."):
        for key, recorded in adopt(catalog, keys, lambda: start(catalog.settings)):
            say(f"{key.to_user_string()}: {counted(len(recorded), 'day')} recorded.")
    return None


def _chosen(names: Sequence[str] | None) -> tuple[Catalog, list[dg.AssetKey]]:
    from platform_assets.lake.storage import check
    from platform_assets.registry import catalog_of, found
    from platform_assets.settings import current

    catalog = catalog_of(found(), current())
    keys = find_keys(catalog, names or [])
    check(current().places)
    return catalog, keys


def _due(
    catalog: Catalog,
    keys: Sequence[dg.AssetKey],
    until: datetime | None = None,
    *,
    rebuild: bool = False,
    progress: Progress | None = None,
) -> Due:
    from platform_assets.plan.due import due

    return due(
        catalog,
        keys,
        until=until.date() if until else None,
        rebuild=rebuild,
        blocked=progress.refused if progress else (),
        allow_emptied=progress is not None and progress.allow_emptied,
    )


@contextmanager
def _execution(
    catalog: Catalog, keys: Sequence[dg.AssetKey], anyway: bool, allow_emptied: bool
) -> Iterator[Callable[[Run], Outcome]]:
    """What carries out runs: recorded where DAGSTER_HOME says, else nowhere."""
    import dagster as dg

    from platform_assets.assets.runs import in_flight
    from platform_assets.definitions import build_definitions
    from platform_assets.plan.apply import in_process
    from platform_assets.registry import found

    definitions = build_definitions(catalog.settings, found(catalog.settings))
    if os.environ.get("DAGSTER_HOME"):
        instance = dg.DagsterInstance.get()
    else:
        remark("DAGSTER_HOME is not set: these runs are recorded nowhere.")
        instance = dg.DagsterInstance.ephemeral()
    with instance:
        wanted = set(catalog.with_sources(keys))
        flying = [] if anyway else in_flight(instance, {key.path[0] for key in wanted})
        if flying:
            raise Problem(
                f"{counted(len(flying), 'run')} of these domains in flight, such as {flying[0]}: nothing was built. "
                "Wait for them, or terminate them in the UI; --anyway builds even so."
            )
        yield in_process(definitions, instance, allow_emptied)


def _shown(execute: Callable[[Run], Outcome]) -> Callable[[Run], Outcome]:
    from platform_assets.lake.tables.days import span_text

    def with_progress(run: Run) -> Outcome:
        began = time.monotonic()
        say(f"Building {span_text(run.first, run.last)}: {', '.join(key.to_user_string() for key in run.keys)}")
        outcome = execute(run)
        say(f"  {number(len(outcome.built))} built in {time.monotonic() - began:.1f} s")
        return outcome

    return with_progress
