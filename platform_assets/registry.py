"""The domains there are: found by the entry points of installed packages, this one's own domains like any others."""

from __future__ import annotations

import pkgutil
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cached_property
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from importlib.util import find_spec
from pathlib import Path
from traceback import extract_tb
from types import ModuleType

import dagster as dg

from platform_assets.assets.catalog import Catalog, in_order
from platform_assets.assets.declared import Declared
from platform_assets.assets.documents import DocumentDefinition
from platform_assets.assets.domain import Domain
from platform_assets.assets.files_tables import FilesTableDefinition, files_tables
from platform_assets.assets.raw_tables import RawTableDefinition
from platform_assets.assets.signature import place, suggestion
from platform_assets.assets.sql_tables import SqlTableDefinition, refuse_same_places
from platform_assets.assets.tables import TableDefinition
from platform_assets.errors import DeclarationError, PlatformError
from platform_assets.samples import FeedWriter
from platform_assets.settings import PREFIX, Setting, Settings, WrongSettings, current, listed, prefix_of
from platform_assets.variables import strangers, warn_once

GROUP = "platform_assets.domains"
"""The group of entry points that name packages of domains."""
# How like it the name of a group is that must be meant for it.
_NEAR = 0.9
_SAMPLES = "samples"
# What the names of modules begin with that are no part of a domain: run, or imported, when they are asked for.
_APART = ("__main__", "sample")

TableKind = TableDefinition | RawTableDefinition | FilesTableDefinition


@dataclass(frozen=True)
class FoundDomain:
    """A domain with all that its folder declares: its tables, each after those that it reads, then what shows them."""

    domain: Domain
    package: str
    declared: tuple[Declared, ...]

    @property
    def name(self) -> str:
        """The domain's name, which is also its folder's."""
        return self.domain.name

    @property
    def tables(self) -> list[TableKind]:
        """The tables, raw ones and those of files among them."""
        return [one for one in self.declared if isinstance(one, TableKind)]

    @property
    def raw_tables(self) -> list[RawTableDefinition]:
        """The raw tables."""
        return [one for one in self.declared if isinstance(one, RawTableDefinition)]

    @property
    def documents(self) -> list[DocumentDefinition]:
        """The documents."""
        return [one for one in self.declared if isinstance(one, DocumentDefinition)]

    @property
    def sql_tables(self) -> list[SqlTableDefinition]:
        """The tables of databases."""
        return [one for one in self.declared if isinstance(one, SqlTableDefinition)]

    @cached_property
    def sample_writers(self) -> Mapping[str, FeedWriter]:
        """What writes sample deliveries, by feed: `WRITERS` of the folder's `samples.py`, if there is one."""
        if _SAMPLES not in _names_in(self.package):
            return {}
        module = _imported(f"{self.package}.{_SAMPLES}")
        writers: Mapping[str, FeedWriter] = getattr(module, "WRITERS", {})
        feeds = [raw.feed.name for raw in self.raw_tables]
        if not writers or not writers.keys() <= set(feeds):
            raise DeclarationError(
                f"{module.__file__}: it must have WRITERS, a dict of what writes each feed ({', '.join(feeds)}); "
                f"found {', '.join(writers) or 'none'}"
            )
        return writers


def found(settings: Settings | None = None) -> tuple[FoundDomain, ...]:
    """The domains that the settings choose (`PLATFORM_DOMAINS`), all that are installed if they choose none; by name.

    A package is named by an entry point of the group `platform_assets.domains`; each of its subpackages with a
    `domain.py` is a domain. Raises `PlatformError` when a domain that is chosen is not installed, or none is,
    `WrongSettings` for settings of theirs, and `DeclarationError` when two share a name, a feed or a variable, or a
    package cannot be read as domains; one without a chosen domain is let be.

    Without settings they are those of the process, of which variables that must be mistakes are refused, too.
    """
    if settings is None:
        domains = found(current())
        refuse_unknown_variables(domains)
        return domains
    chosen = settings.domains
    packages = installed(chosen)
    if not packages:
        raise PlatformError(
            f"No domain is installed: no package has an entry point of the group {GROUP}. platform_assets names its "
            "own there: install it (`make setup`, or `pip install -e .` in its folder)."
        )
    for name in chosen:
        if name not in packages:
            raise PlatformError(f"{PREFIX}DOMAINS names {name}, which is not installed. {suggestion(name, packages)}")
    domains = tuple(load(package) for name, package in sorted(packages.items()) if not chosen or name in chosen)
    refuse_clashes(domains)
    for domain in domains:
        domain.domain.values(settings)  # wrong ones are told before any work begins
    refuse_same_places([one for domain in domains for one in domain.sql_tables], settings)
    _refuse_unknown_feeds(settings, domains)
    return domains


def refuse_unknown_variables(domains: Sequence[FoundDomain]) -> None:
    """Raise `WrongSettings` for variables of the process that must be meant as settings, and are none; log others.

    The settings of domains that take no part are known: of each of them no more than its `domain.py` is imported.
    """
    known = variables_of(domain.domain for domain in domains)
    if not strangers(known):
        return
    unread = []
    for name, package in _others(domains).items():
        try:
            known |= variables_of([_domain_of(_imported(f"{package}.domain"))])
        except DeclarationError:
            unread.append(prefix_of(name))
    found = strangers(known, tuple(unread))
    if mistakes := [str(one) for one in found if one.is_mistake]:
        raise WrongSettings("\n".join(mistakes))
    for one in found:
        warn_once(str(one))


def variables_of(domains: Iterable[Domain]) -> set[str]:
    """The variables of the platform's settings and of these domains'."""
    return {f"{PREFIX}{name.upper()}" for name in Settings.model_fields} | {
        f"{domain.prefix}{name.upper()}" for domain in domains for name in domain.settings.model_fields
    }


def _others(domains: Iterable[FoundDomain]) -> dict[str, str]:
    """The packages of domains that are installed and take no part, by their names."""
    names = {domain.name for domain in domains}
    return {name: package for name, package in installed(names).items() if name not in names}


def _refuse_unknown_feeds(settings: Settings, domains: Sequence[FoundDomain]) -> None:
    feeds = _feeds(domains)
    named = {name: getattr(settings, name).keys() for name in ("reject_limits", "expected_by")}
    if all(names <= feeds for names in named.values()):
        return
    for package in _others(domains).values():
        try:
            feeds |= _feeds([load(package)])
        except DeclarationError:
            return  # of a domain that cannot be read and takes no part, nobody knows the feeds
    for name, names in named.items():
        for feed in names - feeds:
            raise WrongSettings(f"{PREFIX}{name.upper()} names {feed}, which is no feed. {suggestion(feed, feeds)}")


def _feeds(domains: Iterable[FoundDomain]) -> set[str]:
    return {raw.feed.name for domain in domains for raw in domain.raw_tables}


def installed(chosen: Collection[str] = ()) -> dict[str, str]:
    """The package of each domain that is installed, chosen or not, by its name; nothing of a domain is imported.

    Raises `DeclarationError` when two have one name, and for packages that cannot be read as domains, unless all that
    are `chosen` are found in others.
    """
    packages: dict[str, str] = {}
    every = entry_points()
    problems = [
        f"The entry point {entry.name} = {entry.value}{_distribution(entry)} is of the group {group}, which nobody "
        f"reads: the group of domains is {GROUP}. Correct it in pyproject.toml and install the package again."
        for group in sorted(every.groups)
        if group != GROUP and get_close_matches(group.lower(), [GROUP], cutoff=_NEAR)
        for entry in every.select(group=group)
    ]
    for entry in sorted(set(every.select(group=GROUP)), key=lambda entry: entry.value):
        try:
            names = _domains_in(entry)
        except DeclarationError as problem:
            problems.append(str(problem))
            continue
        for name in names:
            package = f"{entry.value}.{name}"
            if packages.setdefault(name, package) != package:
                raise DeclarationError(f"Two domains are named {name}: {packages[name]} and {package}. Rename one.")
    if problems and not (chosen and packages.keys() >= set(chosen)):
        raise DeclarationError("\n".join(problems))
    return packages


def _domains_in(entry: EntryPoint) -> list[str]:
    said = f"the entry point {entry.name} = {entry.value}{_distribution(entry)} (group {GROUP})"
    if not all(part.isidentifier() for part in entry.value.split(".")):
        raise DeclarationError(f"{said} is not the name of a package alone, such as acme_tables")
    try:
        spec = find_spec(entry.value)
    except Exception as error:
        raise DeclarationError(f"{said} names a package that cannot be imported: {_told(error)}") from error
    if spec is None:
        raise DeclarationError(
            f"{said} names a package that is not there: install it again, or uninstall what names it"
        )
    places = list(spec.submodule_search_locations or [])
    folders = [one.name for one in pkgutil.iter_modules(places) if one.ispkg]
    for file in (file for folder in places for file in Path(folder).glob("*/domain.py")):
        if file.parent.name not in folders:
            raise DeclarationError(f"{file} is in no package: put an empty __init__.py beside it ({said})")
    names = [name for name in folders if "domain" in _modules_in(f"{folder}/{name}" for folder in places)]
    if not names:
        raise DeclarationError(f"{said} names a package in which no subpackage has a `domain.py`")
    return names


def _distribution(entry: EntryPoint) -> str:
    return f" of {entry.dist.name} {entry.dist.version}" if entry.dist else ""


def _modules_in(places: Iterable[str]) -> set[str]:
    return {one.name for one in pkgutil.iter_modules(list(places))}


def _names_in(package: str) -> set[str]:
    """The modules of a package, which is not imported for it."""
    spec = find_spec(package)
    folders = spec.submodule_search_locations if spec else None
    return _modules_in(folders or [])


def _told(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"


def _imported(name: str) -> ModuleType:
    """A module of a domain; raises `DeclarationError`, with the file and line, when it cannot be imported."""
    try:
        return import_module(name)
    except PlatformError:
        raise
    except Exception as error:
        own = [frame for frame in extract_tb(error.__traceback__) if "importlib" not in frame.filename][1:]
        place = f"{own[0].filename}:{own[0].lineno}" if own else name
        if isinstance(error, SyntaxError):
            place = f"{error.filename}:{error.lineno}"
        raise DeclarationError(
            f"{place}: {_told(error)}. To go on without this domain, name the others in {PREFIX}DOMAINS."
        ) from error


def load(package: str) -> FoundDomain:
    """The domain of a package: its `domain.py`, and what every other of its modules declares.

    Raises `DeclarationError` when `domain.py` has not one domain, of the folder's name, or a module declares what is
    another domain's, or is declared already, or reads in a circle, and for a setting without a docstring.
    """
    modules = [_imported(one.name) for one in _modules(package)]
    domain = _domain_of(_imported(f"{package}.domain"))
    declared: dict[str, Declared] = {}
    for module in modules:
        for one in vars(module).values():
            if not isinstance(one, Declared):
                continue
            if one.domain != domain and one.domain.name == domain.name:
                raise DeclarationError(
                    f"{module.__file__}: {one.text_key} is of another {domain.name} than that of {package}.domain: "
                    "import it from there, by that name alone (a file under two names is two modules)"
                )
            if one.domain != domain:
                raise DeclarationError(
                    f"{module.__file__}: {one.text_key} is of another domain than its folder, {domain.name}. A domain "
                    f"never imports another: to read its table, write inputs={{...: {one.text_key!r}}}"
                )
            other = declared.setdefault(one.name, one)
            if other is not one:
                raise DeclarationError(
                    f"{one.text_key} is declared twice, {place(other.function)} and {place(one.function)}: rename one"
                )
    for files in files_tables([one for one in declared.values() if isinstance(one, RawTableDefinition)]):
        clash = declared.get(files.name)
        if clash and not isinstance(clash, FilesTableDefinition):
            raise DeclarationError(
                f"{place(clash.function)}: {files.text_key} is the table of the files of the feed "
                f"{files.raw.feed.name}: rename yours"
            )
        declared[files.name] = files
    domain.refuse_silent_settings()
    ordered = in_order(declared.values())
    return FoundDomain(domain, package, tuple(sorted(ordered, key=lambda one: not isinstance(one, TableKind))))


def _modules(package: str) -> Iterable[pkgutil.ModuleInfo]:
    path = _imported(package).__path__
    apart = tuple(f"{package}.{name}" for name in _APART)
    return (one for one in pkgutil.walk_packages(path, f"{package}.") if not one.name.startswith(apart))


def _domain_of(module: ModuleType) -> Domain:
    domains = {one.name: one for one in vars(module).values() if isinstance(one, Domain)}
    name = module.__name__.split(".")[-2]
    if list(domains) != [name]:
        said = ", ".join(domains) or "none"
        raise DeclarationError(f"{module.__file__}: it must declare the one domain {name}, as its folder; found {said}")
    return domains[name]


def refuse_clashes(domains: Sequence[FoundDomain]) -> None:
    """Raise `DeclarationError` when domains share a name, a feed or a variable, or their tables cannot be read.

    A table cannot be read that there is not, or that is made of the one that reads it.
    """
    names = Counter(domain.name for domain in domains)
    for name in [name for name, times in names.items() if times > 1]:
        raise DeclarationError(f"Two domains are named {name}. Rename one.")
    feeds: dict[str, RawTableDefinition] = {}
    for raw in (raw for domain in domains for raw in domain.raw_tables):
        first = feeds.setdefault(raw.feed.name, raw)
        if first is not raw:
            raise DeclarationError(
                f"The feed {raw.feed.name} is that of {first.text_key} ({place(first.function)}) and of "
                f"{raw.text_key} ({place(raw.function)}): rename one."
            )
    variables = {f"{PREFIX}{name.upper()}": "the platform" for name in Settings.model_fields}
    for domain in domains:
        for name in domain.domain.settings.model_fields:
            variable = f"{domain.domain.prefix}{name.upper()}"
            other = variables.setdefault(variable, domain.name)
            if other != domain.name:
                raise DeclarationError(
                    f"{variable} would be a setting of {other} and of the domain {domain.name}: rename the setting "
                    f"{name} of {domain.name}, or the domain."
                )
    tables = {table.key: table for domain in domains for table in domain.tables}
    for declared in (one for domain in domains for one in domain.declared):
        _refuse_unknown_tables(declared, tables, [domain.name for domain in domains])
    in_order(declared for domain in domains for declared in domain.declared)


def _refuse_unknown_tables(declared: Declared, tables: Mapping[dg.AssetKey, TableKind], domains: Sequence[str]) -> None:
    with declared.in_file():
        for parameter in declared.signature.frames:
            key = declared.reads(parameter)
            if key in tables:
                continue
            domain, name = key.path
            if domain not in domains:
                raise DeclarationError(
                    f"{parameter} is a table of the domain {domain}, which takes no part: install it, or add it to "
                    f"{PREFIX}DOMAINS"
                )
            if name in declared.domain.settings.model_fields:
                raise DeclarationError(f"{name} is a setting, and would be read as a table: put a `*` before it")
            there = [other.path[1] for other in tables if other.path[0] == domain]
            raise DeclarationError(f"there is no table {domain}/{name} to read. {suggestion(name, there)}")
        declared.refuse_sources(tables)


def catalog_of(domains: Iterable[FoundDomain], settings: Settings) -> Catalog:
    """Everything that some domains declare, with some settings."""
    return Catalog(settings, [declared for domain in domains for declared in domain.declared])


def listed_settings(domains: Iterable[FoundDomain], settings: Settings) -> list[Setting]:
    """Every setting of the platform, then those of each domain."""
    every = listed(settings, PREFIX)
    for domain in domains:
        every += listed(domain.domain.values(settings), domain.domain.prefix)
    return every
