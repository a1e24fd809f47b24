"""The project: the folder that relative places count from and whose `.env` is read; nothing of what is set there."""

from __future__ import annotations

import re
from pathlib import Path

ENV_FILE = ".env"
_MARK = re.compile(r"^\[tool\.platform_assets\]", re.MULTILINE)


def root() -> Path:
    """The nearest folder upwards with a `.env` or a `pyproject.toml` with `[tool.platform_assets]`.

    It is the working directory when there is none.
    """
    here = Path.cwd()
    return next((folder for folder in (here, *here.parents) if _is_root(folder)), here)


def env_file() -> Path:
    """The project's `.env`, which may not be there."""
    return root() / ENV_FILE


def from_root(path: str) -> str:
    """A path of this machine (`file://` or not) as an absolute one, a relative one counted from the project."""
    return str(root() / Path(path.removeprefix("file://")).expanduser())


def has_tables(lake: Path) -> bool:
    """Whether a local lake has a table, `<lake>/<domain>/<table>`."""
    return next(lake.glob("*/*/_delta_log"), None) is not None


def _is_root(folder: Path) -> bool:
    if (folder / ENV_FILE).is_file():
        return True
    try:
        text = (folder / "pyproject.toml").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False
    return bool(_MARK.search(text))
