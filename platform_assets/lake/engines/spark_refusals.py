"""What Spark's driver says when it does not start, as a sentence that names the options it was given."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress

from py4j.protocol import Py4JError
from pyspark.errors import PySparkException

from platform_assets.errors import PlatformError
from platform_assets.lake.engines.spark_start import home, without_arguments
from platform_assets.settings import Settings

_LONGEST = 60.0
# Of a program that has ended: of Spark's and of Java's own words the first that say why.
_SAYS = re.compile(r'^(?:Exception in thread "main" )?(?:[\w.$]+(?:Exception|Error)|Error): (.+)$', re.MULTILINE)
_OF_JAVA = re.compile(r"^((?:Invalid|Unrecognized|Too small|Conflicting|Improperly) .+)$", re.MULTILINE)
_CAUSE = re.compile(r"^(?:Caused by|): [\w.$]+: (.+)$", re.MULTILINE)
_CODES = re.compile(r"^\[[A-Z0-9_.]+\] ?|\s*SQLSTATE: \w+;?$")


@contextmanager
def explained(settings: Settings, options: Mapping[str, str]) -> Iterator[None]:
    """Start Spark within the block; raise `PlatformError`, with its own reason, when it refuses what it is given."""
    refused = None
    try:
        yield
    except (PySparkException, Py4JError) as error:
        is_gone = isinstance(error, PySparkException) and error.getCondition() == "JAVA_GATEWAY_EXITED"
        why = _said_by_java(options) if is_gone else _said_by_spark(error)
        refused = PlatformError(f"Spark did not start ({why.rstrip('.')}): {_meant(settings, why)}.")
    if refused:
        # Not from the error, which says nothing any more as soon as there is no Java.
        raise refused


def _meant(settings: Settings, why: str) -> str:
    """What to correct: the options whose values, or names, Spark speaks of, or else all that are the user's."""
    own = settings.spark_config
    named = [name for name, value in own.items() if name in why or (value and value in why)] or list(own)
    options = f"{', '.join(named)} in PLATFORM_SPARK_CONFIG" if own else ""
    others = f"PLATFORM_SPARK_MASTER={settings.spark_master.split('/;')[0]} or PLATFORM_ENGINE_MEMORY"
    return f"correct {options or others}"


def _said_by_spark(error: Exception) -> str:
    said = str(error)
    causes = _CAUSE.findall(said)
    return _CODES.sub("", causes[-1] if causes else next(iter(said.splitlines()), type(error).__name__))


def _said_by_java(options: Mapping[str, str]) -> str:
    """Why a Java that is gone did not start: it is asked once more, by a program that does nothing."""
    words = [word for name, value in options.items() for word in ("--conf", f"{name}={value}")]
    program = ("--master", "local", "--class", "org.apache.ivy.Main", "spark-internal", "-version")
    done = ""
    with suppress(subprocess.TimeoutExpired):
        done = subprocess.run(
            [str(home() / "bin" / "spark-submit"), *words, *program],
            capture_output=True,
            text=True,
            check=False,
            timeout=_LONGEST,
            env=without_arguments(),
        ).stderr
    found = _OF_JAVA.search(done) or _SAYS.search(done)
    return found[1] if found else "Java ended, and what it said stands above"
