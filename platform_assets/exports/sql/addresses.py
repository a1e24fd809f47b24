"""Where a database is, by the URL of a setting, of which nobody but a driver may see user and password."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from platform_assets import project
from platform_assets.masking import HIDDEN, forget, remember, secrets_in
from platform_assets.settings import WrongSettings

if TYPE_CHECKING:
    from sqlalchemy import URL

POSTGRESQL, MYSQL, SQLITE = "postgresql", "mysql", "sqlite"
_DIALECTS = {"postgres": POSTGRESQL, "postgresql": POSTGRESQL, "mysql": MYSQL, "mariadb": MYSQL, "sqlite": SQLITE}
_PORTS = {POSTGRESQL: 5432, MYSQL: 3306}
_SEARCH_PATH = re.compile(r"search_path=(\S+)")
_HOST = re.compile(r"[A-Za-z0-9._-]+|[0-9A-Fa-f:.%]+")
_FORMS = (
    "postgresql://host:5432/database or mysql://host:3306/database, with user:password@ before the host, or as "
    "sqlite:////folder/file.db"
)


@dataclass(frozen=True)
class Address:
    """A database, the setting's `variable` that says where it is, and what people may see of that: its `place`.

    With `hides_values`, values of rows are no part of what it has said.
    """

    variable: str
    dialect: str
    place: str
    url: URL = field(repr=False, compare=False)
    hides_values: bool = False

    @classmethod
    def of(cls, variable: str, written: str) -> Address:
        """The database of a URL; raises `WrongSettings`, without a word of the URL that may be secret."""
        from sqlalchemy import make_url
        from sqlalchemy.exc import ArgumentError

        try:
            url = make_url(written)
        except (ArgumentError, ValueError):
            _refuse(variable, f"it is no URL of a database. Write it as {_FORMS}")
        if url.password:
            remember([str(url.password)])
        elif not list(secrets_in(variable, written)):
            forget(written)  # nothing in it is secret, and it may be what people see of it
        scheme = url.get_backend_name()
        dialect = _DIALECTS.get(scheme)
        if dialect is None:
            known = scheme if re.fullmatch("[a-z0-9]{1,20}", scheme) else "something else"
            _refuse(variable, f"it names {known}, which tables are not written to. Write it as {_FORMS}")
        url = url.set(drivername=dialect)
        if dialect == SQLITE:
            return cls._of_file(variable, url)
        if not url.host or not _HOST.fullmatch(url.host):
            _refuse(
                variable,
                f"it has no host that could be one. Write it as {_FORMS}; in user and password @ is %40, : is %3A, / "
                "is %2F and % is %25",
            )
        if not url.database:
            _refuse(variable, f"it names no database. Write it as {_FORMS}")
        if re.search(r"[@/]", url.database):
            # What people see of a place would hold the rest of a password that is not written as URLs have it.
            _refuse(
                variable,
                "it has @ or / where the name of the database is. Do they belong to the password? In user and password "
                "@ is %40, : is %3A, / is %2F and % is %25",
            )
        host = f"[{url.host}]" if ":" in url.host else url.host
        place = f"{dialect}://{host}:{url.port or _PORTS[dialect]}/{url.database}"
        # Tables of another schema are others.
        schema = _SEARCH_PATH.search(str(url.query.get("options", "")))
        return cls(variable, dialect, f"{place}/{schema[1]}" if schema else place, url)

    @classmethod
    def _of_file(cls, variable: str, url: URL) -> Address:
        if url.host or not url.database or url.database.startswith((":memory:", "file:")):
            _refuse(variable, f"it names no file, in which rows would stay. Write it as {_FORMS}")
        file = project.from_root(url.database)
        return cls(variable, SQLITE, f"{SQLITE}:///{file}", url.set(database=file, query={}))

    def of_table(self, name: str) -> str:
        """Where a table of the database is."""
        return f"{self.place}/{name}"

    def without_secrets(self, text: str) -> str:
        """A text, such as what a driver says, without the password, however short it is."""
        password = str(self.url.password or "")
        for secret in filter(None, (password, self.url.render_as_string(hide_password=False))):
            text = text.replace(secret, HIDDEN)
        return text

    @property
    def folder(self) -> str:
        """Of a file: the folder that it lies in."""
        return str(Path(self.url.database or "").parent)


def _refuse(variable: str, why: str) -> NoReturn:
    raise WrongSettings(f"{variable} cannot be used: {why}.") from None
