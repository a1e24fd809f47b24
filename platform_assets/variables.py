"""Variables that are no setting but look like one: which there are, and what may be meant; no setting is read here."""

from __future__ import annotations

import logging
import os
from collections.abc import Collection
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache

from pydantic_settings import DotEnvSettingsSource

from platform_assets import project
from platform_assets.settings import PREFIX, Settings

# Of a whole name: one letter too few, too many or another, or two in the wrong order.
_NEAR, _ALIKE = 0.9, 0.75


@dataclass(frozen=True)
class Stranger:
    """A variable that is no setting; `meant` is the setting that is most like it, None when none is.

    `is_mistake` says that it must have been meant as a setting: it stands in `.env`, or differs from one by a letter.
    """

    name: str
    meant: str | None
    is_mistake: bool
    in_file: bool

    def __str__(self) -> str:
        where = f"in {project.env_file()}" if self.in_file else "in the environment"
        meant = f" Did you mean {self.meant}?" if self.meant else " `platform-assets settings` lists all there are."
        return f"{self.name} {where} is no setting.{meant}"


def strangers(known: Collection[str], prefixes: tuple[str, ...] = ()) -> list[Stranger]:
    """The variables of the environment and of `.env` that look like settings, and are none of those known.

    What begins with one of the prefixes is let be: nobody can tell what those settings are.
    """
    # The library reads variables in capitals or not.
    in_file = {name.upper() for name in DotEnvSettingsSource(Settings, env_file=project.env_file()).env_vars}
    names = {name.upper() for name in os.environ} | in_file
    found = []
    for name in sorted(names - set(known)):
        ours = name.startswith(PREFIX)
        near = get_close_matches(name, known, n=1, cutoff=_NEAR)
        if name.startswith(prefixes) or not (ours or near):
            continue
        alike = near or get_close_matches(name, known, n=1, cutoff=_ALIKE)
        is_mistake = bool(near) or name in in_file
        found.append(Stranger(name, alike[0] if alike else None, is_mistake, name in in_file))
    return found


@cache
def warn_once(sentence: str) -> None:
    """Say something in the log of this process, one line, and not again."""
    logging.getLogger(__package__).warning(sentence)
