"""`make bench`: the platform beside hand-written scripts, domain by domain, in one run, as ratios."""

from __future__ import annotations

import argparse
import shutil
import tempfile
from contextlib import ExitStack
from pathlib import Path

from platform_assets_tests.benchmarks import events, listening, plan, purchases, retail, telemetry, web
from platform_assets_tests.benchmarks.measuring import console
from platform_assets_tests.support.services.s3 import s3_server, versitygw

DOMAINS = ("web", "listening", "plan", "events", "purchases", "retail", "telemetry")


def main() -> None:
    """Parse the command line and measure."""
    parser = argparse.ArgumentParser(
        prog="make bench ARGS='...'", description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter
    )
    parser.add_argument("--only", choices=DOMAINS, help="measure this domain alone")
    parser.add_argument("--rounds", type=int, default=3, help="runs of each, side by side")
    parser.add_argument("--without-spark", action="store_true", help="leave out what needs Java")
    web.add_options(parser)
    listening.add_options(parser)
    plan.add_options(parser)
    events.add_options(parser)
    purchases.add_options(parser)
    retail.add_options(parser)
    telemetry.add_options(parser)
    words = parser.parse_args()
    java = bool(shutil.which("java")) and not words.without_spark
    if not java:
        console.print("Apache Spark and the PySpark scripts are left out: no Java on this machine, or --without-spark.")
    with tempfile.TemporaryDirectory(prefix="platform_bench_") as folder, ExitStack() as stack:
        room = Path(folder)
        if not versitygw():
            console.print("S3 is left out: versitygw is not on this machine.")
        store = stack.enter_context(s3_server(room / "s3")) if versitygw() else None
        if words.only in (None, "plan"):
            plan.measure(words, room / "plan", store)
        if words.only in (None, "events"):
            events.measure(words, room / "events")
        if words.only in (None, "web"):
            web.measure(words, room, store, java)
        if words.only in (None, "listening"):
            listening.measure(words, room, java)
        if words.only in (None, "purchases"):
            purchases.measure(words, room)
        if words.only in (None, "retail"):
            retail.measure(words, room)
        if words.only in (None, "telemetry"):
            telemetry.measure(words, room)


if __name__ == "__main__":
    main()
