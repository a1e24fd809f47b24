"""The README as its readers use it: its blocks of code, and its commands in an activated environment."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from platform_assets_tests.support.processes.forks import Forked
from platform_assets_tests.support.processes.sites import LONGEST, ROOT, ended, outside

README = (ROOT / "README.md").read_text(encoding="utf-8")
_HEADINGS = "Beyond one machine|Add a table|Bring a domain of your own|Develop"
ONE_MACHINE, BEYOND, TABLE, DOMAIN, _ = re.split(rf"^## (?:{_HEADINGS})$", README, flags=re.MULTILINE)


def blocks(language: str, text: str = README) -> list[str]:
    """The blocks of code of a language."""
    return re.findall(rf"```{language}\n(.*?)```", text, flags=re.DOTALL)


def activated(root: Path, python: str = sys.executable) -> dict[str, str]:
    """What processes in a folder see: an activated environment, and a home of Dagster in the folder."""
    (root / ".dagster").mkdir(exist_ok=True)
    path = f"{Path(python).parent}{os.pathsep}{os.environ['PATH']}"
    return outside() | {"PATH": path, "DAGSTER_HOME": str(root / ".dagster"), "PYTHONPATH": str(root)}


def run(root: Path, command: str, log: Path) -> str:
    """What a command of the platform or of Dagster says in a folder; raises when it fails."""
    program, *words = shlex.split(command)
    module = {"platform-assets": "platform_assets.cli", "dagster": "dagster"}[program]
    process = Forked(["-m", module, *words], root, activated(root), log)
    with ended(process, log):
        assert process.wait(timeout=LONGEST) == 0, log.read_text()
    return log.read_text()


def shell(
    root: Path, command: str, variables: Mapping[str, str] | None = None, python: str = sys.executable
) -> subprocess.CompletedProcess[str]:
    """Run commands in a folder, as the user of an environment that is activated; raises when one fails."""
    for script, module in (("platform-assets ", "platform_assets.cli "), ("dagster asset ", "dagster asset ")):
        command = command.replace(script, f"python -m {module}")
    done = subprocess.run(
        ["bash", "-e", "-c", command],
        cwd=root,
        env=activated(root, python) | dict(variables or {}),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done
