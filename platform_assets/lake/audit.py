"""The audit of staged rows: the contract's rules, the totals that must agree and the volume, as check results."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

import pyspark.sql.types as T
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from platform_assets.contracts.compiled import CompiledContract
from platform_assets.contracts.rules import UNIQUE, Rule
from platform_assets.errors import DeclarationError, PlatformError
from platform_assets.lake.engines.engine import Engine
from platform_assets.lake.tables.staging import Staged
from platform_assets.masking import PERSONAL

COLUMNS = "contract_columns"
WINDOW = "rows_in_window"
VOLUME = "volume"
SAMPLES = "samples"
_SAMPLES = 5
# A line of a delivery may have millions of characters, and the event log of Dagster keeps what checks show for ever.
_LONGEST, _MOST = 200, 100
Total = int | Decimal
# What makes SQL a floating-point number, whatever it is of.
_FLOATING = {"avg", "mean", "double", "float", "real", "/"}
# A day that shrinks below this share of what is published gets a warning.
_SHRUNK = 0.5


@dataclass(frozen=True)
class Repeats:
    """How many of the rows for which `where` (SQL) holds have a key that another of them has: all but one for each key.

    Counted from the rows by themselves, exactly. With `each_of`, an array of structs, its elements are what is counted:
    the key names their fields, too.
    """

    key: tuple[str, ...]
    where: str = "true"
    each_of: str = ""

    def rows(self, source: DataFrame) -> DataFrame:
        """What is counted, of the rows of an input."""
        rows = source.where(self.where)
        if not self.each_of:
            return rows
        outer = [name for name in self.key if name in rows.columns]
        inner = [f"_each.{name}" for name in self.key if name not in rows.columns]
        return rows.select(*outer, F.explode(self.each_of).alias("_each")).select(*outer, *inner)


@dataclass(frozen=True)
class Balance:
    """A total that must agree between inputs and the table.

    `whole` is an aggregate over the rows of the input `source`, `staged` one over the table's rows, `left_out`
    names aggregates over the input for what the table leaves out on purpose, or `Repeats` of it. `added` and
    `elsewhere` are aggregates over other inputs, by their names, that come to the whole, and that another table has:
    whole + added = staged + left out + elsewhere. All are SQL, in which `{last}` is the last day of the run; totals
    are whole numbers or decimals, which are compared exactly.
    """

    name: str
    source: str
    whole: str
    staged: str = "count(*)"
    left_out: Mapping[str, str | Repeats] = field(default_factory=dict)
    added: Mapping[str, str] = field(default_factory=dict)
    elsewhere: Mapping[str, str] = field(default_factory=dict)

    @property
    def sources(self) -> list[str]:
        """The inputs that it is over."""
        return [self.source, *self.added, *self.elsewhere]

    @property
    def totals(self) -> list[tuple[str, str]]:
        """Every total over an input that is SQL, each with the input."""
        left_out = [sql for sql in self.left_out.values() if isinstance(sql, str)]
        of_source = [(self.source, sql) for sql in (self.whole, *left_out)]
        return [*of_source, *self.added.items(), *self.elsewhere.items()]

    def __str__(self) -> str:
        """The equation."""
        whole = [f"{self.whole} of {self.source}", *(f"{sql} of {name}" for name, sql in self.added.items())]
        parts = [self.staged, *self.left_out, *(f"{sql} of {name}" for name, sql in self.elsewhere.items())]
        return f"{' + '.join(whole)} = {' + '.join(parts)}"


def refuse_floating(balance: Balance, sql: str, contract: CompiledContract) -> None:
    """Raise `DeclarationError` for a total that rounding may put off, as far as it can be told from the SQL alone."""
    floating = {c.name.lower() for c in contract.columns if isinstance(c.dtype, (T.DoubleType, T.FloatType))}
    words = re.findall(r"[a-z_][a-z0-9_]*|/", sql.lower())
    found = [word for word in words if word in floating | _FLOATING]
    if found and not words[0].startswith("count"):
        raise DeclarationError(
            f"the balance {balance.name} has {sql}, a floating-point number ({found[0]}), which does not add up "
            "exactly: make the column a decimal"
        )


@dataclass(frozen=True)
class Shown:
    """What a finding shows as a table: the names of its columns, and its records."""

    columns: tuple[str, ...]
    records: Sequence[tuple[str | int, ...]]


@dataclass(frozen=True)
class Finding:
    """The outcome of one rule: whether it holds, and what to show: JSON values, and tables (`Shown`)."""

    check: str
    passed: bool
    summary: str
    warning: bool = False
    details: Mapping[str, Any] = field(default_factory=dict)


def checks_of(contract: CompiledContract, balances: Sequence[Balance] = ()) -> dict[str, str]:
    """The checks of a table, one for each rule that the audit answers: the name to what must hold.

    Raises `DeclarationError` when two have the same name: the results of one would hide the other's.
    """
    described = [
        (COLUMNS, "The columns and their types are the contract's"),
        (WINDOW, "Every row belongs to a day of the run"),
        (VOLUME, f"No day has less than {_SHRUNK:.0%} of the rows that are published for it"),
        *((rule.name, rule.description) for rule in contract.rules),
        *((balance.name, str(balance)) for balance in balances),
    ]
    twice = [name for name, times in Counter(name for name, _ in described).items() if times > 1]
    if twice:
        raise DeclarationError(f"it has more than one check named {', '.join(twice)}: rename the others")
    return dict(described)


def warnings_of(contract: CompiledContract) -> set[str]:
    """The checks among those that are warnings and stop no publication."""
    return {VOLUME} | {rule.name for rule in contract.rules if rule.warning}


def audit_columns(contract: CompiledContract, rows: DataFrame) -> Finding:
    """Whether a transform's columns are the contract's; asked before anything is written."""
    differences = contract.differences(rows.schema)
    said = "; ".join(f"{column} {what}" for column, what in differences.items())
    return Finding(COLUMNS, not differences, said or f"{len(rows.columns)} columns as agreed")


def audit(
    staged: Staged,
    engine: Engine,
    balances: Sequence[Balance],
    inputs: Mapping[str, DataFrame],
    hidden: Collection[str] = (),
) -> list[Finding]:
    """Hold the staged rows against their contract: one aggregate over them answers all rules at once.

    The values of `hidden` columns are not shown.
    """
    last = staged.days[-1]
    more = {balance.name: _on(balance.staged, last) for balance in balances}
    found, counted = audit_rules(
        staged.table.contract.rules, engine, staged.read(engine), staged.rows, staged.nulls, more, hidden
    )
    balanced = [_balance(balance, counted[balance.name], inputs, last) for balance in balances]
    return [_window(staged), _volume(staged), *found, *balanced]


def audit_rules(
    rules: Sequence[Rule],
    engine: Engine,
    rows: DataFrame,
    total: int,
    nulls: Callable[[str], int | None] = lambda column: None,
    more: Mapping[str, str] | None = None,
    hidden: Collection[str] = (),
) -> tuple[list[Finding], Mapping[str, Any]]:
    """Hold rows, so many in `total`, against rules; and what the same aggregate counts of `more`, by name.

    `nulls` tells of a column how many are NULL, where that is known. The values of `hidden` columns are not shown.
    """
    measures = {**_measures(rules, nulls), **(more or {})}
    counted = _one_row(rows, measures) if measures and total else dict.fromkeys(measures, 0)
    findings = []
    for rule in rules:
        if rule.kind == "key":
            findings.append(_key(rule, engine.without_constants(rows), total, counted[rule.name], hidden))
        else:
            broken = counted[rule.name] if rule.name in counted else nulls(rule.columns[0])
            findings.append(_rule(rule, rows, total, int(broken or 0), hidden))
    return findings, counted


def _measures(rules: Sequence[Rule], nulls: Callable[[str], int | None]) -> dict[str, str]:
    """What the one aggregate counts; nulls that the file statistics have counted are not counted again."""
    measures: dict[str, str] = {}
    for rule in rules:
        if rule.kind == "key":
            measures[rule.name] = f"count(DISTINCT {_hash(rule.columns)})"
        elif rule.kind != "null" or "isnan" in rule.broken or nulls(rule.columns[0]) is None:
            measures[rule.name] = f"count_if({rule.broken})"
    return measures


def _on(sql: str, last: date) -> str:
    """A balance's SQL for a run with that last day."""
    return sql.replace("{last}", last.isoformat())


def _hash(columns: Sequence[str]) -> str:
    """One number for a whole key: cheaper to count than the key itself, and as good as that in all but freak cases."""
    return f"xxhash64({', '.join(f'`{column}`' for column in columns)})"


def _one_row(rows: DataFrame, measures: Mapping[str, str]) -> dict[str, Any]:
    row = rows.agg(*[F.expr(sql).alias(name) for name, sql in measures.items()]).first()
    return row.asDict() if row else {}


def _rule(rule: Rule, rows: DataFrame, total: int, broken: int, hidden: Collection[str]) -> Finding:
    if not broken:
        return Finding(rule.name, True, rule.description, rule.warning, {"rows": 0})
    details = {"rows": broken, SAMPLES: samples(rows.where(rule.broken), hidden)}
    return Finding(rule.name, False, f"{broken} of {total} rows break: {rule.description}", rule.warning, details)


def _key(rule: Rule, rows: DataFrame, total: int, distinct: int, hidden: Collection[str]) -> Finding:
    if total == distinct:
        return Finding(rule.name, True, rule.description, details={"rows": 0})
    # Fewer hashes than rows: keys repeat, or (hardly ever) two keys share a hash.
    repeated = _repeated(rows, rule.columns)
    extra = _extra(repeated)
    if not extra:
        return Finding(rule.name, True, rule.description, details={"rows": 0})
    details = {"rows": extra, SAMPLES: samples(repeated, hidden)}
    return Finding(UNIQUE, False, f"{extra} of {total} rows repeat a key: {rule.description}", details=details)


def _repeated(rows: DataFrame, key: Sequence[str]) -> DataFrame:
    """The keys that more than one row has, and how many have each, as `rows`.

    Only keys whose hash occurs again are counted by themselves: numbers take less room than keys.
    """
    hashed = rows.select(*key, F.expr(_hash(key)).alias("_hash"))
    again = hashed.groupBy("_hash").agg(F.count("*").alias("rows")).where("rows > 1").select("_hash")
    candidates = hashed.join(again, "_hash", "left_semi")
    return candidates.groupBy(*key).agg(F.count("*").alias("rows")).where("rows > 1")


def _extra(repeated: DataFrame) -> int:
    return int(_one_row(repeated, {"extra": "coalesce(sum(rows - 1), 0)"})["extra"])


def _window(staged: Staged) -> Finding:
    window = {day.isoformat() for day in staged.days}
    outside = {str(day): n for day, n in staged.rows_by_day.items() if day not in window}
    count = sum(outside.values())
    listed = ", ".join(list(outside)[:_SAMPLES])
    said = (
        f"{count} of {staged.rows} rows lie outside the run's days, in {listed}"
        if count
        else "all rows lie in the run's days"
    )
    return Finding(WINDOW, not count, said, details={"rows": count})


def _volume(staged: Staged) -> Finding:
    before = staged.table.published_rows_by_day()
    now = staged.rows_by_day
    shrunk = {
        day.isoformat(): f"{before[day.isoformat()]} -> {now.get(day.isoformat(), 0)}"
        for day in staged.days
        if now.get(day.isoformat(), 0) < before.get(day.isoformat(), 0) * _SHRUNK
    }
    said = f"{len(shrunk)} days have far fewer rows than before" if shrunk else "no day has shrunk"
    return Finding(VOLUME, not shrunk, said, warning=True, details={"days": shrunk})


def _balance(balance: Balance, staged_total: Any, inputs: Mapping[str, DataFrame], last: date) -> Finding:
    def total(source: str, asked: Mapping[str, str]) -> dict[str, Total]:
        measures = {name: _on(sql, last) for name, sql in asked.items()}
        found = _one_row(inputs[source], measures)
        return {name: _exact(value, balance, measures[name]) for name, value in found.items()}

    asked = {name: sql for name, sql in balance.left_out.items() if isinstance(sql, str)}
    found = total(balance.source, {"whole": balance.whole} | asked)
    whole = {balance.source: found.pop("whole")}
    for name, repeats in balance.left_out.items():
        if isinstance(repeats, Repeats):
            found[name] = _extra(_repeated(repeats.rows(inputs[balance.source]), repeats.key))
    whole |= {source: total(source, {source: sql})[source] for source, sql in balance.added.items()}
    elsewhere = {source: total(source, {source: sql})[source] for source, sql in balance.elsewhere.items()}
    parts = {"staged": _exact(staged_total, balance, balance.staged)} | found | elsewhere
    passed = sum(whole.values()) == sum(parts.values())
    said = (
        f"{' + '.join(f'{name} {n}' for name, n in whole.items())} {'=' if passed else '≠'} "
        f"{' + '.join([str(parts['staged']), *(f'{n} {name}' for name, n in (found | elsewhere).items())])}"
    )
    shown = {name: n if isinstance(n, int) else str(n) for name, n in (whole | parts).items()}
    return Finding(balance.name, passed, said, details=shown)


def _exact(value: Any, balance: Balance, sql: str) -> Total:
    """A total as it is; of no rows it is 0. Raises `PlatformError` for a number that may be off by rounding."""
    if value is None:
        return 0
    if not isinstance(value, (int, Decimal)):
        raise PlatformError(
            f"The balance {balance.name} cannot be held: {sql} is {type(value).__name__} {value!r}, and only whole "
            "numbers and decimals add up exactly. Cast it to a decimal."
        )
    return value


def samples(rows: DataFrame, hidden: Collection[str] = ()) -> list[Any]:
    """A handful of rows, as JSON values, long ones cut short; those of `hidden` columns are not among them."""
    masked = {name: F.when(F.col(name).isNotNull(), PERSONAL) for name in rows.columns if name in hidden}
    as_text = (
        (rows.withColumns(masked) if masked else rows).limit(_SAMPLES).select(F.to_json(F.struct("*")).alias("row"))
    )
    return [cut(json.loads(row["row"])) for row in as_text.collect()]


def shortened(text: Column) -> Column:
    """A text of the data as checks may show it: of a long one the beginning."""
    return F.when(F.length(text) > _LONGEST, F.concat(F.substring(text, 1, _LONGEST), F.lit("…"))).otherwise(text)


def cut(value: Any) -> Any:
    """A JSON value as checks may show it: the beginnings of long texts, and the first elements of long arrays."""
    if isinstance(value, str) and len(value) > _LONGEST:
        return f"{value[:_LONGEST]}…"
    if isinstance(value, dict):
        return {name: cut(one) for name, one in value.items()}
    if isinstance(value, list):
        more = [f"and {len(value) - _MOST:,} more"] if len(value) > _MOST else []
        return [*map(cut, value[:_MOST]), *more]
    return value


def refuse(findings: Sequence[Finding], key: str) -> PlatformError | None:
    """The error that a table with broken rules ends in, None when it may be published."""
    broken = [finding for finding in findings if not finding.passed and not finding.warning]
    if not broken:
        return None
    said = [f"{key} was not published, what was there before still is. Broken rules:"]
    said += [f"  - {finding.check}: {finding.summary}" for finding in broken]
    if any(SAMPLES in finding.details for finding in broken):
        said.append("The check results show some of these rows.")
    return PlatformError("\n".join(said))
