"""How Spark's own process is started: with jars that were loaded once, no secret for others to see, and a quiet log."""

from __future__ import annotations

import logging
import os
import re
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from hashlib import sha256
from pathlib import Path
from urllib.parse import unquote, urlsplit
from zipfile import is_zipfile

import pyspark
from platformdirs import user_cache_path

from platform_assets.errors import PlatformError, TemporaryError
from platform_assets.lake import storage
from platform_assets.lake.storage import is_local
from platform_assets.masking import is_secret

PACKAGES = "spark.jars.packages"
JAVA_OPTIONS = "spark.driver.defaultJavaOptions"
_JAVA_WORDS = (JAVA_OPTIONS, "spark.driver.extraJavaOptions")
_JARS = "spark.jars"
# What decides which jars packages are, and where they are looked for.
_RESOLVING = (PACKAGES, "spark.jars.excludes", "spark.jars.repositories", "spark.jars.ivySettings", "spark.jars.ivy")
_FOUND = re.compile(r"^\(spark\.jars,(.*)\)$", re.MULTILINE)
_UNRESOLVED = re.compile(r"unresolved dependency: ([^:\s]+)|(Server access error.*)|(download failed: \S+)")
_SUBMIT_ARGUMENTS = "PYSPARK_SUBMIT_ARGS"
_ESCAPES = {"\n": r"\n", "\r": r"\r", "\t": r"\t"}
# The first of them that is set says how names of files are encoded.
_LOCALE = ("LC_ALL", "LC_CTYPE", "LANG")
_UTF8 = re.compile("utf-?8", re.IGNORECASE)
_LOG = Path(__file__).with_name("log4j2.properties")


def home() -> Path:
    """The Spark that is started: that of the environment, or else of the package pyspark."""
    return Path(os.environ.get("SPARK_HOME") or Path(pyspark.__file__).parent)


def quiet(options: Mapping[str, str]) -> dict[str, str]:
    """The same options, with the log of Spark's process kept to warnings, unless somebody has set it up already."""
    conf = Path(os.environ.get("SPARK_CONF_DIR") or home() / "conf")
    own = [f"log4j2.{suffix}" for suffix in ("properties", "xml", "yaml", "json")]
    if any(storage.exists(str(conf / name)) for name in own):
        return dict(options)
    # What is there already stands last: of two values of one property the last counts.
    said = [f"-Dlog4j2.configurationFile={_LOG.as_uri()}", options.get(JAVA_OPTIONS, "")]
    return {**options, JAVA_OPTIONS: " ".join(filter(None, said))}


def with_jars(options: Mapping[str, str]) -> dict[str, str]:
    """The same options, with the jars of the packages in place of their names.

    Spark would ask for each of them whenever it starts: seconds, and a hundred lines. They are asked for once, and
    stay where Spark keeps them. Raises `TemporaryError` when that fails.
    """
    if not options.get(PACKAGES):
        return dict(options)
    asked = {name: options[name] for name in _RESOLVING if name in options}
    own = [jar for jar in options.get(_JARS, "").split(",") if jar]
    rest = {name: value for name, value in options.items() if name not in asked}
    return rest | {_JARS: ",".join([*own, *_loaded(asked)])}


def _loaded(asked: Mapping[str, str]) -> list[str]:
    """The URLs of the jars of packages, from the last time, or loaded now."""
    key = sha256(repr((str(home()), sorted(asked.items()))).encode()).hexdigest()[:16]
    known = str(user_cache_path("platform_assets") / f"spark-jars-{key}.txt")
    if storage.exists(known):
        with storage.reading(known) as file:
            jars = file.read().decode().splitlines()
        if all(storage.exists(unquote(urlsplit(jar).path)) for jar in jars):
            return jars
    logging.getLogger(__package__).warning(
        "Spark loads %s from the Java registry: once, and then they are kept.", asked[PACKAGES].replace(",", " and ")
    )
    jars = _load(asked)
    try:
        with storage.writing(known) as file:
            file.write("\n".join(jars).encode())
    except OSError as error:
        logging.getLogger(__package__).warning("Spark will load its jars again next time: %s", error)
    return jars


def _load(asked: Mapping[str, str]) -> list[str]:
    # The smallest program that comes with Spark: what counts is what it does before that.
    program = ("--class", "org.apache.ivy.Main", "spark-internal", "-version")
    options = [word for name, value in asked.items() for word in ("--conf", f"{name}={value}")]
    submit = str(home() / "bin" / "spark-submit")
    done = subprocess.run(
        [submit, "--verbose", "--master", "local", *options, *program],
        capture_output=True,
        text=True,
        check=False,
        env=without_arguments(),
    )
    said = done.stdout + done.stderr
    if found := _FOUND.search(said):
        return found[1].split(",")
    why = _UNRESOLVED.search(said)
    last = next((line for line in reversed(said.splitlines()) if line.strip()), "it said nothing")
    raise TemporaryError(
        f"Spark could not load {asked[PACKAGES]} from the Java registry ({why[0] if why else last}): try again, or "
        "fill a folder with the jars on a machine that can, and set PLATFORM_SPARK_JARS to it (deploy/spark.md)."
    )


def without_arguments() -> dict[str, str]:
    """The environment for a Spark that is no session's."""
    return {name: value for name, value in os.environ.items() if name != _SUBMIT_ARGUMENTS}


@contextmanager
def hidden_secrets(options: Mapping[str, str]) -> Iterator[dict[str, str]]:
    """The options that may be told to Spark on its command line, which all users of a machine can see.

    Within the block Spark finds the others, which are secret, in a file that nobody else may read, and so does Java
    with options of its own that are.
    """
    with _hidden_words(options) as hidden, _hidden_options(hidden) as told:
        yield told


@contextmanager
def _hidden_words(options: Mapping[str, str]) -> Iterator[dict[str, str]]:
    """The same options, with a file in place of those words for the driver's Java that are secret.

    Wherever Spark finds them, it would write them into Java's command line.
    """
    found: dict[str, str] = {}
    with ExitStack() as files:
        for name in _JAVA_WORDS:
            if is_secret(name, options.get(name, "")):
                file = files.enter_context(tempfile.NamedTemporaryFile("w", suffix=".java", encoding="utf-8"))
                words = shlex.split(options[name])
                file.writelines('"{}"\n'.format(word.replace("\\", "\\\\").replace('"', '\\"')) for word in words)
                file.flush()
                found[name] = f"@{file.name}"
        yield {**options, **found}


@contextmanager
def _hidden_options(options: Mapping[str, str]) -> Iterator[dict[str, str]]:
    secret = {name: value for name, value in options.items() if is_secret(name, value)}
    if not secret:
        yield dict(options)
        return
    before = os.environ.get(_SUBMIT_ARGUMENTS)
    with tempfile.NamedTemporaryFile("w", suffix=".conf", encoding="utf-8") as file:
        file.writelines(f"{_property(name)}={_property(value)}\n" for name, value in secret.items())
        file.flush()
        words = f"--load-spark-defaults --properties-file {shlex.quote(file.name)} {before or 'pyspark-shell'}"
        os.environ[_SUBMIT_ARGUMENTS] = words
        try:
            yield {name: value for name, value in options.items() if name not in secret}
        finally:
            del os.environ[_SUBMIT_ARGUMENTS]
            if before is not None:
                os.environ[_SUBMIT_ARGUMENTS] = before


@contextmanager
def in_utf8() -> Iterator[None]:
    """Within the block a process is started that takes the names of files for UTF-8, as this one does.

    Java goes by the locale alone, and in the plain one, `C`, finds no file with other characters than ASCII's in its
    name; no option of Java's changes that.
    """
    said = next((os.environ[name] for name in _LOCALE if os.environ.get(name)), "")
    if sys.getfilesystemencoding() != "utf-8" or _UTF8.search(said):
        yield
        return
    name = _LOCALE[0] if os.environ.get(_LOCALE[0]) else _LOCALE[1]
    before = os.environ.get(name)
    os.environ[name] = "C.UTF-8"
    try:
        yield
    finally:
        del os.environ[name]
        if before is not None:
            os.environ[name] = before


def require_whole_jars(options: Mapping[str, str]) -> None:
    """Raise `PlatformError` where a jar is no whole archive, of which Java would say that it lacks some class."""
    paths = [Path(unquote(urlsplit(jar).path)) for jar in options.get(_JARS, "").split(",") if jar and is_local(jar)]
    jars = [path for path in paths if path.is_file()]
    broken = [path for path in jars if not is_zipfile(path)]
    # What Spark has loaded it has copied from there, and would again.
    kept = {path.parent.parent / "cache" for path in broken}
    broken += [path for folder in kept for path in folder.glob("*/*/*/*.jar") if not is_zipfile(path)]
    if broken:
        raise PlatformError(
            f"{' and '.join(map(str, broken))} {'is' if len(broken) == 1 else 'are'} cut short, or no jar: remove "
            f"{'it' if len(broken) == 1 else 'them'}, and Spark loads what it needs again (in PLATFORM_SPARK_JARS, put "
            "a whole one there). Nothing was published."
        )


def _property(text: str) -> str:
    """A name or value as files of Java properties have it."""
    return re.sub(r"[\\:=#!\s]", lambda found: _ESCAPES.get(found[0], f"\\{found[0]}"), text)
