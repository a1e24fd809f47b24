"""`platform-assets`, several times in one process: `python -m ...processes.commands '[["tables"], ["show", ...]]'`.

What each command prints follows a zero byte.
"""

from __future__ import annotations

import json
import sys

from platform_assets.cli import app


def run(commands: list[list[str]]) -> None:
    """Run each, and end with the first that fails."""
    for words in commands:
        print("\0", end="", flush=True)
        code = app(words, prog_name="platform-assets", standalone_mode=False)
        if code:
            raise SystemExit(code)


if __name__ == "__main__":
    run(json.loads(sys.argv[1]))
