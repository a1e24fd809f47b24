"""`python -m platform_assets_tests.benchmarks.havoc`: runs killed, and stores that fail, at random, in figures.

It ends with an error at the first thing that is lost, double, half visible or left behind.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

from platform_assets_tests.benchmarks.measuring import console
from platform_assets_tests.support.processes.havoc import Havoc
from platform_assets_tests.support.services.s3 import s3_server


def main() -> None:
    """Parse the command line, do all trials, and print what has happened."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    parser.add_argument("--kills", type=int, default=300, help="runs to kill, on a disk")
    parser.add_argument("--faults", type=int, default=100, help="faults of a store, in runs on S3")
    parser.add_argument("--seed", type=int, default=1, help="the same seed makes the same choices")
    parser.add_argument("--trials", type=int, default=4, help="trials before each run that nothing disturbs")
    words = parser.parse_args()
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="platform_havoc_") as folder:
        room = Path(folder)
        if words.kills:
            on_disk = Havoc(room / "disk", words.seed, trials=words.trials)
            while on_disk.tally["killed"] < words.kills:
                on_disk.kill_runs()
                console.print(f"{time.monotonic() - began:6.0f} s  {dict(on_disk.tally)}")
        if words.faults:
            with s3_server(room / "s3") as server:
                on_s3 = Havoc(room / "site", words.seed, server, words.trials)
                while on_s3.tally["faults"] < words.faults:
                    on_s3.fail_requests()
                    console.print(f"{time.monotonic() - began:6.0f} s  {dict(on_s3.tally)}")
    console.print("Nothing was lost, double or half visible, and `clean` left nothing.")


if __name__ == "__main__":
    main()
