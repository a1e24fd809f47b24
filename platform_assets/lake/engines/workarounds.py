"""The defects of engines and client libraries that the code works around; what it would keep without them is not here.

Where the code does so, a comment or docstring says `(workaround: <name>)`. A test marked `shows("<name>")` shows the
defect on the engine itself: when it fails, the engine is mended, and the workaround, its entry and the test can go.
"""

from __future__ import annotations

from dataclasses import dataclass

_NOT_REPORTED = "not reported"


@dataclass(frozen=True)
class Workaround:
    """A defect, or a missing feature, and the version in which it was seen last.

    `engine` is `sail`, `spark`, `delta` (Spark's Delta), `connect` (the client of Spark Connect), `deltalake` or
    `duckdb`. `upstream` is the address of the issue. `shown` says why no test shows the defect, empty when one does.
    """

    name: str
    engine: str
    version: str
    what: str
    upstream: str = _NOT_REPORTED
    shown: str = ""


WORKAROUNDS = (
    Workaround(
        "sail-groups-by-constants",
        "sail",
        "0.7.2",
        "Columns that are the same in all rows by a Delta table's statistics become constants; counts of groups by "
        "them alone cannot be aggregated again: the planner refuses the plan.",
    ),
    Workaround(
        "sail-quoted-folders",
        "sail",
        "0.7.2",
        "A Delta write to the folder `my lake` goes to another one, `my%20lake`.",
    ),
    Workaround(
        "sail-no-escapes-in-paths",
        "sail",
        "0.7.2",
        "A bare path is a pattern, as in Spark, in which a backslash does not escape the character after it.",
    ),
    Workaround(
        "sail-no-file-of-a-row",
        "sail",
        "0.7.2",
        "Neither `_metadata` nor `input_file_name()` tells which file a row is from.",
        "https://github.com/lakehq/sail/issues/1210",
    ),
    Workaround(
        "sail-mixed-compression",
        "sail",
        "0.7.2",
        "Plain and packed files cannot be read together.",
    ),
    Workaround(
        "sail-not-null-below-filters",
        "sail",
        "0.7.2",
        "NOT NULL columns of a Delta table are checked before the filter of the query that is written, so that rows "
        "are refused which would not have been written.",
    ),
    Workaround(
        "sail-seconds-before-1970",
        "sail",
        "0.7.2",
        "`unix_seconds` of a time before 1970 with a fraction is rounded up instead of down.",
    ),
    Workaround(
        "sail-zeros-in-lists",
        "sail",
        "0.7.2",
        "`-0.0 IN (...)` is false for a list of more than a few numbers that has `0.0`.",
        "https://github.com/apache/datafusion/pull/25186",
    ),
    Workaround(
        "sail-unions-of-structs",
        "sail",
        "0.7.2",
        "The union of two structs whose fields can never be NULL fails when the optimizer sees that of only one.",
    ),
    Workaround(
        "sail-server-is-collected",
        "sail",
        "0.7.2",
        "The server stops when nothing refers to its Python object any more, and its clients wait for ever.",
        "https://github.com/lakehq/sail/issues/2530",
    ),
    Workaround(
        "sail-commits-again",
        "sail",
        "0.7.2",
        "A commit to a Delta table whose answer a store has lost is made once more, with the same files.",
    ),
    Workaround(
        "sail-tasks-wait-for-memory",
        "sail",
        "0.7.2",
        "Two tasks that hand rows to each other, both short of memory, may wait for each other for ever.",
        "https://github.com/apache/datafusion/issues/24883",
        shown="it was seen in two of sixty runs with 32 MiB on a busy machine: no short test can wait for that",
    ),
    Workaround(
        "sail-selectivity-out-of-limits",
        "sail",
        "0.7.2",
        "A filter that compares times, as dates, with a column of dates may end in an assertion about its selectivity "
        "that fails, where the file statistics say what the columns hold.",
        shown="which statistics it takes is not known: the law of days of telemetry met it, in one of ten examples",
    ),
    Workaround(
        "sail-hashes-of-constants",
        "sail",
        "0.7.2",
        "`xxhash64` of a column that is the same in all rows, by the file statistics, is one number and not one a row: "
        "with those of another column, the engine panics.",
        shown="which statistics it takes is not known: the law of days of telemetry met it, in one of thirty examples",
    ),
    Workaround(
        "sail-greatest-of-infinities",
        "sail",
        "0.7.2",
        "The greatest double of a group that has -Infinity alone is the least finite one; the least of Infinity alone "
        "is the greatest finite one.",
    ),
    Workaround(
        "sail-json-inexact-numbers",
        "sail",
        "0.7.2",
        "`from_json` reads one in twenty numbers of 16 digits, and one in three with an exponent, as the double beside "
        "the nearest one.",
    ),
    Workaround(
        "sail-removes-busy-sessions",
        "sail",
        "0.7.2",
        "A session that gets no call for five minutes is removed, although a query of it still runs: the query fails.",
    ),
    Workaround(
        "connect-waits-at-exit",
        "connect",
        "4.2.0",
        "From Python 3.12 on, a session that is stopped while the process ends waits for ever for its channel.",
        "https://github.com/apache/spark/pull/54636",
    ),
    Workaround(
        "connect-tries-ten-minutes",
        "connect",
        "4.2.0",
        "A server that nobody has started is tried for ten minutes, without a word, before an error is raised.",
    ),
    Workaround(
        "connect-loopback-through-proxies",
        "connect",
        "4.2.0",
        "A server on this machine is asked for at the proxy that the environment names, unless `no_proxy` names it.",
    ),
    Workaround(
        "connect-log-comes-on",
        "connect",
        "4.2.0",
        "The client's log is off by a mark that `logging.config` takes from every logger: errors are then printed as "
        "JSON on lines of thousands of characters.",
    ),
    Workaround(
        "connect-mode-stays-on",
        "connect",
        "4.2.0",
        "Once a process has had a session of Spark Connect, a variable of its environment leads all later sessions, "
        "and those of its child processes, to Spark Connect, even when the session was stopped.",
    ),
    Workaround(
        "connect-deep-plans",
        "connect",
        "4.2.0",
        "A plan of a thousand steps, such as a chain of unions, exceeds the depth that Python allows.",
    ),
    Workaround(
        "spark-int96-timestamps",
        "spark",
        "4.2.0",
        "Timestamps are written to Parquet as INT96, which is deprecated, and which other readers cut to the years "
        "1677 to 2262.",
        "https://github.com/apache/spark/pull/50215",
    ),
    Workaround(
        "spark-names-with-colons",
        "spark",
        "4.2.0",
        "Hadoop's local file system cannot open a file with a colon in its name, as it looks for the file's checksum.",
        "https://github.com/apache/hadoop/pull/269",
    ),
    Workaround(
        "spark-marks-at-the-start",
        "spark",
        "4.2.0",
        "A byte order mark at the start of a text file is taken off, at the start of any other line it is not.",
    ),
    Workaround(
        "spark-deep-regexes",
        "spark",
        "4.2.0",
        "Java's regular expressions overflow the stack where a group of alternatives is repeated a few thousand "
        "times, and Spark ends the whole process then.",
    ),
    Workaround(
        "spark-json-text-after-a-value",
        "spark",
        "4.2.0",
        "`from_json` does not look at what stands after the value (`{} x`), and of a broken object it keeps what "
        "stands before the break.",
    ),
    Workaround(
        "spark-json-half-pairs",
        "spark",
        "4.2.0",
        "`from_json` makes a question mark of half a surrogate pair (`\\ud800`), instead of refusing the text.",
    ),
    Workaround(
        "spark-json-huge-numbers",
        "spark",
        "4.2.0",
        '`from_json` gives a number beyond a double (`1e999`) as the text `"Infinity"`, with its quotes.',
    ),
    Workaround(
        "spark-json-numbers-as-doubles",
        "spark",
        "4.2.0",
        "`from_json` gives a number with a point as the text of the nearest double, also where that has fewer digits.",
    ),
    Workaround(
        "spark-json-earlier-objects",
        "spark",
        "4.2.0",
        "Of a field that stands twice, `from_json` takes the last, but not where an object is followed by something "
        "else: then the object stays.",
    ),
    Workaround(
        "spark-json-names-twice",
        "spark",
        "4.2.0",
        "`from_json` makes maps in which a key stands twice.",
    ),
    Workaround(
        "spark-java-outlives-its-start",
        "spark",
        "4.2.0",
        "Java that is starting while Python is interrupted finds no folder to say where it is, and waits for ever.",
    ),
    Workaround(
        "spark-takes-sigint",
        "spark",
        "4.2.0",
        "The start of a session replaces whatever handles SIGINT by a handler that asks Java, also where Python waits "
        "for an answer of Java already: both get the wrong one.",
    ),
    Workaround(
        "delta-older-hadoop",
        "delta",
        "4.4.0",
        "Delta's package asks for Unity Catalog's, and these for an older Hadoop than Spark's own and a second logger.",
        "https://github.com/delta-io/delta/issues/7415",
    ),
    Workaround(
        "deltalake-history-counts-down",
        "deltalake",
        "1.6.6",
        "`history` numbers the commits down from the version that was loaded, though newer commits are among them.",
        "https://github.com/delta-io/delta-rs/issues/4488",
    ),
    Workaround(
        "deltalake-fills-a-day-twice",
        "deltalake",
        "1.6.6",
        "Two writers that each replace the same empty partition both succeed, as the second is retried on the version "
        "of the first without a conflict: the partition has the files of both.",
    ),
    Workaround(
        "deltalake-fails-after-a-commit",
        "deltalake",
        "1.6.6",
        "A commit that stands raises an error when the checkpoint after it cannot be written.",
    ),
    Workaround(
        "deltalake-reads-empty-commits",
        "deltalake",
        "1.6.6",
        "A file of the log that is empty, as a full disk or a lost power leaves it, is read as a commit that changes "
        "nothing: what it had added is gone without a word.",
    ),
    Workaround(
        "duckdb-nan-in-json",
        "duckdb",
        "2.0.0",
        "NaN and infinite numbers are written to JSON as they are, which no JSON is.",
        "https://github.com/duckdb/duckdb/issues/17329",
    ),
)
"""Every defect that the code works around, by engine."""
