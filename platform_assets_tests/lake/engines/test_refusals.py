"""What engines say when they refuse a plan, and what is told of that."""

from __future__ import annotations

import pytest
from py4j.protocol import Py4JError
from pyspark.errors import AnalysisException, PySparkException
from pyspark.errors.exceptions.connect import SparkConnectGrpcException

from platform_assets.lake.engines.refusals import is_of_the_plan, missing_column, told

SPARK = (
    "[UNRESOLVED_COLUMN.WITH_SUGGESTION] A column, variable, or function parameter with name `a`.`foo` cannot be "
    "resolved. Did you mean one of the following? [`a`.`id`]. SQLSTATE: 42703;\n'Project ['a.foo]\n+- LogicalRDD"
)
USING = (
    "[UNRESOLVED_USING_COLUMN_FOR_JOIN] USING column `foo` cannot be resolved on the right side of the join. The "
    "right-side columns: [`id`]. SQLSTATE: 42703"
)
JAVA = """An error occurred while calling o12.save.
: org.apache.spark.SparkException: Job aborted due to stage failure
\tat org.apache.spark.Job.run(Job.scala:1)
Caused by: java.io.IOException: the plug was pulled
\tat java.base/java.lang.Thread.run(Thread.java:829)
"""


@pytest.mark.parametrize(
    ("said", "column"),
    [
        ('attribute ObjectName([Identifier("foo")]) is missing from the schema: cannot resolve attribute', "foo"),
        ('attribute ObjectName([Identifier("a"), Identifier("foo")]) is missing from the schema: cannot', "foo"),
        ("[UNRESOLVED_COLUMN] Cannot find column foo", "foo"),
        (SPARK, "foo"),
        (USING, "foo"),
        ("unknown function: foo", None),
    ],
)
def test_a_missing_column_is_known_by_what_each_engine_says(said: str, column: str | None) -> None:
    assert missing_column(AnalysisException(said)) == column
    assert missing_column(ValueError(said)) is None


def test_an_error_is_told_in_a_line_without_codes_plans_and_traces() -> None:
    assert told(AnalysisException("[SOME.CODE] It is so. SQLSTATE: 42703;\n'Project")) == "AnalysisException: It is so"
    assert told(Py4JError(JAVA)) == "Py4JError: java.io.IOException: the plug was pulled"
    assert told(KeyError()) == "KeyError"
    assert told(OSError(2, "gone", "a file")) == "FileNotFoundError: [Errno 2] gone: 'a file'"


def test_only_what_an_engine_was_asked_for_never_goes_well_later() -> None:
    assert is_of_the_plan(AnalysisException("no such column"))
    assert is_of_the_plan(PySparkException("no such function"))
    assert not is_of_the_plan(SparkConnectGrpcException("it has gone away"))
    assert not is_of_the_plan(Py4JError(JAVA))
