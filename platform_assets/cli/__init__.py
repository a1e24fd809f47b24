"""`platform-assets`: what the `dagster` command does not do: look at tables, take rows out, keep the lake tidy."""

from __future__ import annotations

import typer

from platform_assets.cli import metrics, notify, overview, plan, project, rows, upkeep
from platform_assets.cli.terminal import Sentences

app = typer.Typer(
    cls=Sentences,
    help="See what is due and build it, look at the tables, take rows out of them, and keep the lake tidy.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)

for command in (
    plan.plan,
    plan.apply,
    plan.why,
    overview.tables,
    overview.summary,
    metrics.metrics,
    notify.notify,
    rows.show,
    rows.rejected,
    rows.export,
    overview.history,
    upkeep.restore,
    upkeep.clean,
    project.settings,
    project.docs,
    project.samples,
):
    app.command()(command)
