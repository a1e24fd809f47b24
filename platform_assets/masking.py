"""What must not be shown: secrets by their names, within texts as well, in URLs, and by their values anywhere."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from typing import Any

HIDDEN = "**********"
PERSONAL = "(personal)"
"""What stands for personal data where it is not shown."""
# Options that Spark hides, too; variables that hold what is no setting of the platform; what in URLs is for servers.
_OPTION = re.compile(
    r"secret|password|passwd|passphrase|token|(access|account|api|private|shared|encryption)[._-]?key(?!_?file)|"
    r"credential(?!s?[._-]?(provider|file))|signature(?!s?[._-]?(version|algorithm))|(^|[.&?_-])(sig|pwd)$",
    re.IGNORECASE,
)
_VARIABLE = re.compile("SECRET|PASSWORD|PASSWD|TOKEN|_PASS$")
# Where a secret lies is none: whoever is told that a file is not there must read which.
_PLACE = re.compile("(file|[._-]path|[._-]dir)$", re.IGNORECASE)
_IN_URL = re.compile(r"(?<=://)[^/@\s'\"]+(?=@)|(?<=\btoken=)[^;&\s'\"]+")
# Names and their values in a text: options of Java, parameters of URLs and of JDBC, variables.
_NAMED = re.compile(r"(?P<name>[\w.-]+)=(?P<value>\"[^\"]*\"|'[^']*'|[^&;\s'\"]+)")
# Shorter ones would be found in words that have nothing to do with them.
_SHORTEST = 6
# PostgreSQL shows the row after this.
_DETAILS = re.compile(r"\s*\b(?:DETAIL|CONTEXT): .*", re.DOTALL)
# Values of rows, which engines and databases put into quotes, but for numbers. A value may have quotes, too: all from
# the first to the last is one, and what was cut short has no last.
_QUOTED = re.compile(r"""['"].*['"]|['"].*\Z""", re.DOTALL)
_NUMBER = re.compile(r"\b[0-9][0-9.,:T+-]*[A-Z]?\b")
_known: set[str] = set()


def masked(option: str, value: str) -> str:
    """The value of an option as people may see it."""
    return HIDDEN if _names_a_secret(option) else str(without_secrets(value))


def is_secret(option: str, value: str) -> bool:
    """Whether nobody else may see the value of an option."""
    return masked(option, value) != value


def without_secrets(value: Any) -> Any:
    """A plain value without what options and URLs in it keep secret."""
    if isinstance(value, str):
        return _NAMED.sub(_without_its_secret, _IN_URL.sub(HIDDEN, value))
    if isinstance(value, list):
        return [without_secrets(one) for one in value]
    if isinstance(value, dict):
        return {name: HIDDEN if _names_a_secret(str(name)) else without_secrets(one) for name, one in value.items()}
    return value


def _is_secret(named: re.Match[str]) -> bool:
    return _names_a_secret(named["name"])


def _names_a_secret(option: str, words: re.Pattern[str] = _OPTION) -> bool:
    return bool(words.search(option)) and not _PLACE.search(option)


def _without_its_secret(named: re.Match[str]) -> str:
    return f"{named['name']}={HIDDEN}" if _is_secret(named) else named[0]


def forget(text: str) -> None:
    """Let a text be shown that was taken for a secret, and is none."""
    _known.discard(text)


def remember(values: Iterable[str]) -> None:
    """Never show these values again, whoever repeats them."""
    _known.update(value for value in values if len(value) >= _SHORTEST)


def secrets_in(option: str, value: str) -> list[str]:
    """What of the value of an option is secret."""
    if _names_a_secret(option):
        return [value]
    found = [*_IN_URL.findall(value), *(one["value"].strip("'\"") for one in _NAMED.finditer(value) if _is_secret(one))]
    # Of a name and its password, the password alone as well.
    return [*found, *(one.split(":")[-1] for one in found)]


def told(text: str) -> str:
    """A text, such as what another library says, as people may see it."""
    of_others = {value for name, value in os.environ.items() if _names_a_secret(name.upper(), _VARIABLE)}
    for value in sorted(_known | of_others, key=len, reverse=True):
        if len(value) >= _SHORTEST:
            text = text.replace(value, HIDDEN)
    return str(without_secrets(text))


def without_values(text: str) -> str:
    """What an engine or a database says, without the values of rows that it may have failed at."""
    return _NUMBER.sub(PERSONAL, _QUOTED.sub(PERSONAL, _DETAILS.sub("", text)))


def is_told_whole(error: BaseException) -> bool:
    """Whether neither an error nor what is shown with it (causes, notes, members of a group) holds anything secret."""
    waiting: list[BaseException | None] = [error]
    seen: set[int] = set()
    while waiting:
        one = waiting.pop()
        if one is None or id(one) in seen:
            continue
        seen.add(id(one))  # errors may be the causes of each other
        if any(told(text) != text for text in (_said(one), *getattr(one, "__notes__", ()))):
            return False
        waiting += [one.__cause__ or one.__context__, *_members(one)]
    return True


def _said(error: BaseException) -> str:
    try:
        return str(error)
    except Exception:  # those of Spark ask Java, which may be gone
        return ""


def _members(error: BaseException) -> list[BaseException]:
    # Groups have them, and errors of libraries something else by that name.
    members = getattr(error, "exceptions", ())
    return [one for one in members if isinstance(one, BaseException)] if isinstance(members, (tuple, list)) else []
