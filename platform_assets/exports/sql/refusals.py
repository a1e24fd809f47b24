"""What databases and their drivers say when they do not do what they are asked, and what people are told then."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from platform_assets.errors import OutsideError, PlatformError, TemporaryError
from platform_assets.exports.sql.addresses import SQLITE, Address
from platform_assets.masking import without_values

_LIBRARIES = ("adbc_driver_manager", "adbc_driver_postgresql", "sqlalchemy", "pymysql", "sqlite3")
# What is looked for in the code and the words of an error, in this order: SQLSTATE of PostgreSQL, numbers of MySQL.
_KINDS = {
    "no user": r"^(28\w{3}|1045|1698|1251)\b|password authentication failed|no password supplied|no pg_hba\.conf entry|"
    r"role \".*\" (does not exist|is not permitted)",
    "no database": r"^(3D000|1049)\b|database \".*\" does not exist",
    "no host": r"could not translate host name|Name or service not known|Errno -[235]\b|getaddrinfo",
    "no folder": r"unable to open database file",
    "no database file": r"file is not a database",
    "no right": r"^(42501|1044|1142|1143|1227|1370|3159)\b|readonly database|read-only transaction|permission denied",
    "busy": r"^(55P03|40P01|40001|57014|1205|1213)\b|database( table)? is locked",
    "full": r"^(53100|1114|1021|3675)\b|database or disk is full|No space left",
    "no answer": r"^(08\w{3}|57P0\d|53300|53400|2003|2006|2013|2055|1040|1053|1077|1079|1080|1203)\b|"
    r"Connection refused|timeout expired|timed out|closed the connection|no connection to the server|"
    r"terminating connection|(starting up|shutting down|in recovery mode)|too many clients|Connection reset|"
    r"could not receive data|Failed to connect|disk I/O error|SSL SYSCALL",
    "no encryption": r"'cryptography' package is required",
    "too long": r"^(1406|54000)\b|index row size .* exceeds",
    "too large": r"^1153\b|max_allowed_packet",
    "NUL": r"^22021\b.*0x00",
    "no driver": r"No module named|Could not load",
}
# Of all else a database says nothing of what is in rows.
_OF_ROWS = ("", "NUL", "too long")
_MAY_PASS = ("busy", "full", "no answer")
_OUTSIDE = ("no user", "no database", "no host", "no folder", "no database file", "no right", "too large")
_COLUMN = re.compile(r"column ['\"]?(\w+)")
_MOST = 300


@contextmanager
def told(address: Address, kept: str = "") -> Iterator[None]:
    """Say in a sentence what a database did not do; `kept` is the one after it, of what became of the rows."""
    try:
        yield
    except PlatformError:
        raise
    except Exception as error:
        if (wrong := explained(error, address, kept)) is None:
            raise
        raise wrong from None  # a driver's error may hold its URL


def explained(error: Exception, address: Address, kept: str = "") -> PlatformError | None:
    """The error for what a database did not do; None for an error that is of no database's library."""
    cause: Any = getattr(error, "orig", None) or error
    said = address.without_secrets(_words(cause))
    is_theirs = type(error).__module__.split(".")[0] in _LIBRARIES
    if not is_theirs and not re.search(f"{_KINDS['no encryption']}|{_KINDS['no driver']}", said):
        return None
    number = cause.args[0] if cause.args and isinstance(cause.args[0], int) else ""
    code = number or getattr(cause, "sqlstate", None) or ""
    found = next((kind for kind, says in _KINDS.items() if re.search(says, f"{code} {said}", re.DOTALL)), "")
    shown = without_values(said) if address.hides_values and found in _OF_ROWS else said
    kind = TemporaryError if found in _MAY_PASS else OutsideError if found in _OUTSIDE else PlatformError
    return kind(f"{address.variable}: {_why(found, address, shown, _COLUMN.findall(said))}. {kept}".strip())


def _why(kind: str, address: Address, said: str, columns: Sequence[str]) -> str:
    user, (column, *_) = address.url.username or "the one of this machine", (*columns, "of the key")
    return {
        "no user": f"{address.place} does not let the user {user} in: correct user and password in the URL, or let "
        "the user in from here",
        "no database": f"there is no database {address.url.database} ({address.place}): create it, or correct its name",
        "no host": f"nobody knows the host of {address.place}: correct its name",
        "no folder": f"{address.place} cannot be opened: see that its folder, {address.folder}, is there and may be "
        "written",
        "no database file": f"{address.place} is a file, and no database: name another",
        "no right": f"{address.place} refuses it to the user {user} ({said}): the user must have the right to create "
        "tables, temporary ones as well, and to read, insert and delete their rows"
        if address.dialect != SQLITE
        else f"{address.place} may not be written by this user: correct its permissions",
        "busy": f"others have kept a table of {address.place} locked for too long ({said}): run it again after them",
        "full": f"{address.place} has no room left ({said}): make some",
        "no answer": f"{address.place} did not answer, or went away ({said}). Start it, and then this again",
        "no encryption": f"{address.place} wants the password encrypted in a way that needs the package cryptography: "
        "install it (pip install cryptography)",
        "too long": f"a text of the column {column} is longer than a column of the key can be in {address.place}",
        "too large": f"a row is larger than the server takes at once: raise max_allowed_packet of {address.place}",
        "NUL": f"a text of the column {column} has the character NUL, which {address.place} cannot hold: take it out "
        "in the function that gives the rows",
        "no driver": f"the driver of {address.dialect} is not installed ({said}): install all of requirements.lock",
    }.get(kind, f"{address.place} did not take the rows ({said})")


def _words(error: BaseException) -> str:
    """What an error says, in a line: without the statement, and how each library begins."""
    args = error.args
    text = str(args[1] if len(args) > 1 and isinstance(args[0], int) else error)
    text = re.split(r"\.? ?(?:SQLSTATE:|Query was:| LINE \d+:|\[SQL:|\(Background on)", text)[0]
    text = re.sub(r"^.*?(ERROR|FATAL): +|^\w+: |\[libpq\] |Failed to connect: ", "", text, flags=re.DOTALL)
    return " ".join(text.split())[:_MOST].rstrip(". ")
