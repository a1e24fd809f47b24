"""A fork is a process as any other: its environment, folder, output, exit code, and how it is killed."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path

import pytest

from platform_assets_tests.support.processes.forks import Forked
from platform_assets_tests.support.processes.sites import ended, kill, wait_for

TOLD = """
import json, os, sys
modules = [name for name in sys.modules if name.split(".")[0] == "platform_assets"]
print(json.dumps([sys.argv[1:], dict(os.environ), os.getcwd(), os.getsid(0) == os.getpid(), modules]))
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "told.py").write_text(TOLD)
    (tmp_path / "ends.py").write_text("import atexit, sys\natexit.register(print, 'the end')\nsys.exit(3)\n")
    (tmp_path / "fails.py").write_text("raise ValueError('so it is')\n")
    (tmp_path / "waits.py").write_text("import time\nprint('here', flush=True)\ntime.sleep(600)\n")
    return tmp_path


def test_a_fork_has_its_own_words_variables_folder_and_session_and_nothing_of_the_platform(folder: Path) -> None:
    process = Forked(["-m", "told", "a", "b"], folder, {"ONLY": "this"}, folder / "log")
    with ended(process, folder / "log"):
        assert process.wait(timeout=60) == 0
    words, variables, where, leads, modules = json.loads((folder / "log").read_text())
    assert (words, variables["ONLY"], where, leads, modules) == (["a", "b"], "this", str(folder), True, [])
    assert not variables.keys() & (os.environ.keys() - {"LC_CTYPE"})


@pytest.mark.parametrize(
    ("script", "code", "said"), [("ends", 3, "the end"), ("fails", 1, "ValueError: so it is"), ("told", 0, "ONLY")]
)
def test_a_fork_ends_with_the_exit_code_and_the_words_of_its_program(
    folder: Path, script: str, code: int, said: str
) -> None:
    process = Forked([str(folder / f"{script}.py")], folder, {"ONLY": "this"}, folder / "log")
    with ended(process, folder / "log"):
        assert process.wait(timeout=60) == code
    assert said in (folder / "log").read_text()


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGKILL])
def test_a_fork_runs_until_a_signal_ends_it(folder: Path, end: signal.Signals) -> None:
    log = folder / "log"
    process = Forked([str(folder / "waits.py")], folder, {}, log)
    with ended(process, log):
        wait_for("it has begun", lambda: "here" in log.read_text(), longest=60)
        assert process.poll() is None
        if end == signal.SIGTERM:
            process.terminate()
        else:
            kill(process)
        assert process.wait(timeout=60) == -end
    with pytest.raises(ProcessLookupError):
        os.kill(process.pid, 0)
