"""The engine of the settings at its smallest work, run by a test; prints how many rows there are."""

from __future__ import annotations

from platform_assets.lake.engines.running import start

if __name__ == "__main__":
    print(start().session.range(3).count())
