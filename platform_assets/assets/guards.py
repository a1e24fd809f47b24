"""Guards that any table may have: what is joined and is not there, or is there no longer, is counted and told."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from platform_assets.lake.audit import Finding, cut
from platform_assets.landing.deliveries import some
from platform_assets.settings import Settings
from platform_assets.transforms import scd2

_SHOWN = 20


class Warns(ABC):
    """A guard that only warns."""

    @property
    @abstractmethod
    def checks(self) -> Mapping[str, str]:
        """The checks, from their names to what must hold."""

    @property
    def warnings(self) -> frozenset[str]:
        """The checks that stop nothing: all."""
        return frozenset(self.checks)


@dataclass(frozen=True)
class KnownValues(Warns):
    """Warns of rows whose `column` has a value that no row of the input `table` has in its column `of`."""

    table: str
    of: str
    column: str

    @property
    def checks(self) -> Mapping[str, str]:
        """The check, from its name to what must hold."""
        return {f"known_{self.table}": f"Every {self.column} is the {self.of} of a row of {self.table}"}

    @property
    def shows(self) -> tuple[str, ...]:
        """The columns whose values are told."""
        return (self.column,)

    def judge(self, rows: DataFrame, inputs: Mapping[str, DataFrame], settings: Settings) -> list[Finding]:
        """Hold staged rows against the table."""
        (check,) = self.checks
        there = inputs[self.table].select(F.col(self.of).alias(self.column)).distinct()
        values = rows.where(F.col(self.column).isNotNull()).groupBy(self.column).agg(F.count("*").alias("rows"))
        unknown = values.join(there, self.column, "left_anti")
        total = unknown.agg(F.count("*"), F.sum("rows")).collect()[0]
        if not total[0]:
            return [Finding(check, True, f"all are in {self.table}", True)]
        most = unknown.orderBy(F.desc("rows"), self.column).limit(_SHOWN).collect()
        found = {cut(str(row[self.column])): row["rows"] for row in most}
        more = f", and {total[0] - len(found):,} more" if total[0] > len(found) else ""
        said = f"{total[1]:,} rows have a {self.column} that no row of {self.table} has: {some(list(found))}{more}"
        return [Finding(check, False, said, True, {"rows": total[1], "values": found})]


@dataclass(frozen=True)
class ClosedVersions(Warns):
    """Warns of rows of the input `of` on days on which what they join in the history `table` had been deleted.

    `key` are the columns by which they are joined.
    """

    table: str
    of: str
    key: tuple[str, ...]

    @property
    def checks(self) -> Mapping[str, str]:
        """The check, from its name to what must hold."""
        return {f"closed_{self.table}": f"No row is of a day on which what it joins in {self.table} had been deleted"}

    @property
    def shows(self) -> tuple[str, ...]:
        """The columns whose values are told: none."""
        return ()

    def judge(self, rows: DataFrame, inputs: Mapping[str, DataFrame], settings: Settings) -> list[Finding]:
        """Count the rows of the input on such days; the rows that came out of it are not looked at."""
        (check,) = self.checks
        closed = scd2.closed(inputs[self.table], key=self.key)
        if closed.limit(1).count() == 0:
            return [Finding(check, True, f"nothing was deleted from {self.table}", True)]
        facts = inputs[self.of].select("day", *self.key)
        meets = [F.col(name) == F.col(f"_{name}") for name in self.key]
        joined = facts.join(closed, [*meets, F.col("day").between(F.col("_from"), F.col("_to"))], "left_semi")
        days = joined.groupBy("day").agg(F.count("*").alias("rows")).orderBy("day").collect()
        by_day = {str(row["day"]): row["rows"] for row in days}
        if not by_day:
            return [Finding(check, True, "none is", True)]
        said = (
            f"{sum(by_day.values()):,} rows are of days on which what they join in {self.table} had been deleted: "
            f"{some([f'{day}: {count}' for day, count in by_day.items()])}. They have joined its last version before"
        )
        return [Finding(check, False, said, True, {"days": by_day})]


@dataclass(frozen=True)
class NamedRows(Warns):
    """Warns of rows of which a condition holds (`where`, SQL), naming their values in a `column`.

    `holds` says what must hold in words, `found` what there is otherwise.
    """

    check: str
    holds: str
    where: str
    column: str
    found: str

    @property
    def checks(self) -> Mapping[str, str]:
        """The check, from its name to what must hold."""
        return {self.check: self.holds}

    @property
    def shows(self) -> tuple[str, ...]:
        """The columns whose values are told."""
        return (self.column,)

    def judge(self, rows: DataFrame, inputs: Mapping[str, DataFrame], settings: Settings) -> list[Finding]:
        """Look for such rows among the staged ones."""
        return [names_found(self.check, rows.where(self.where), self.column, self.found)]


def names_found(check: str, rows: DataFrame, column: str, found: str) -> Finding:
    """What a check finds that warns of rows, by their values in a column, each with its day."""
    named = rows.groupBy("day", column).agg(F.count("*").alias("rows"))
    total = named.count()
    if not total:
        return Finding(check, True, "there is none", True)
    first = named.orderBy("day", column).limit(_SHOWN).collect()
    names = [f"{cut(str(row[column]))} ({row['day']})" for row in first]
    more = f", and {total - len(names):,} more" if total > len(names) else ""
    return Finding(check, False, f"{found}: {', '.join(names)}{more}", True, {"count": total, "names": names})
