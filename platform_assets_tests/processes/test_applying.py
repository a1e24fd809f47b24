"""`platform-assets apply` as a process that is interrupted or killed, and applied again."""

from __future__ import annotations

import os
import signal

import pytest

from platform_assets_tests.support.platforms import Platform
from platform_assets_tests.support.processes.sites import DAYS, LONGEST, Site, events, kill, wait_for

TABLES = ("web/raw_events", "web/user_web_hits", "web/aggregated_web_stats", "web/open_sessions", "web/sessions")
APPLY = ("-m", "platform_assets.cli", "apply", "web", "--yes")


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGKILL])
def test_an_apply_that_is_stopped_in_the_middle_is_finished_by_the_next_one(site: Site, sent: signal.Signals) -> None:
    for n, day in enumerate(DAYS):
        site.deliver("web_events", day, "a.jsonl", events(day, f"a{n}", f"b{n}"))
    with site.started(*APPLY) as process:
        wait_for("the deliveries are published", lambda: site.version("web/raw_events") or process.poll() is not None)
        assert process.poll() is None
        if sent == signal.SIGINT:
            os.kill(process.pid, sent)
            assert process.wait(timeout=30) == 130
        else:
            kill(process)
    said = next(site.root.glob("output-*.txt")).read_text()
    assert ("Interrupted. What was built stays" in said) == (sent == signal.SIGINT)
    assert "Traceback" not in said
    assert site.version("web/sessions") is None

    done = site.run("platform_assets.cli", "apply", "web", "--yes")
    assert (done.returncode, done.stdout.splitlines()[-1]) == (0, "Nothing is due."), done.stdout
    whole = Platform(site.root / "whole", landing=site.settings.landing)
    whole.materialise(DAYS[0], DAYS[-1], select="group:web")
    for table in TABLES:
        assert site.rows(table) == whole.rows(table), table


def test_two_applies_at_once_end_in_the_tables_of_one(site: Site) -> None:
    for n, day in enumerate(DAYS):
        site.deliver("web_events", day, "a.jsonl", events(day, f"a{n}", f"b{n}"))
    with site.started(*APPLY, "--anyway") as one, site.started(*APPLY, "--anyway") as other:
        codes = {process.wait(timeout=LONGEST) for process in (one, other)}
    assert codes <= {0, 1}
    done = site.run("platform_assets.cli", "apply", "web", "--yes")
    assert (done.returncode, done.stdout.splitlines()[-1]) == (0, "Nothing is due."), done.stdout
    assert sorted(site.event_ids("web/user_web_hits")) == sorted(
        (d, f"{x}{n}") for n, d in enumerate(DAYS) for x in "ab"
    )
