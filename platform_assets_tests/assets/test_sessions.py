"""Sessions of a domain that is new: declared in some ten lines a table, built over two days, and declared wrongly."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, timezone
from pathlib import Path
from typing import Annotated, Any

import dagster as dg
import pyarrow as pa
import pydantic
import pytest
from pyspark.sql import DataFrame

from platform_assets import (
    Contract,
    Domain,
    DomainSettings,
    Field,
    GapSeconds,
    Sessions,
    T,
    build_definitions,
    open_sessions_table,
    sessions_table,
    table,
)
from platform_assets.assets.tables import TableDefinition
from platform_assets.contracts.compiled import compiled
from platform_assets.errors import DeclarationError
from platform_assets.lake.engines.engine import Engine
from platform_assets.lake.engines.running import start
from platform_assets.lake.tables.published import open_delta
from platform_assets.registry import FoundDomain
from platform_assets_tests.support.platforms import END, START, checks
from platform_assets_tests.support.settings import settings_for


class LibrarySettings(DomainSettings):
    """What a user may set of the library."""

    gap_seconds: GapSeconds = 600
    """Seconds without a loan that end a visit."""


library = Domain("library", owner="team:library", settings=LibrarySettings)


class Loans(Contract):
    """Books that readers borrowed."""

    day: T.DateType = Field(description="UTC day of the loan")
    card: T.IntegerType = Field(description="Card of the reader")
    lent_at: T.TimestampType = Field(description="When (UTC)")
    shelf: T.StringType = Field(description="Shelf of the book")
    number: T.LongType = Field(nullable=True, description="Number of the book on its shelf")


LENT = [
    (1, 7, "10:00:00", "A", 1),
    (1, 7, "10:10:00", "A", 1),
    (1, 7, "10:20:01", "A", 2),
    (1, 8, "23:55:00", "B", 1),
    (1, 9, "23:58:00", "B", None),
    (2, 8, "00:01:00", "B", 2),
    (2, 8, "00:05:00", "B", 1),
    (2, 7, "23:59:59", "A", 1),
]


@table(Loans, domain=library)
def loans(*, days: list[date]) -> DataFrame:
    """The loans of the days."""
    rows = [(date(2026, 1, day), card, _at(day, clock), *book) for day, card, clock, *book in LENT]
    columns = "day date, card int, lent_at timestamp, shelf string, number bigint"
    return start().session.createDataFrame([row for row in rows if row[0] in days], columns)


LOANS = Sessions(
    user="card",
    time="lent_at",
    item=("shelf", "number"),
    event="loan",
    events="loans",
    distinct="distinct_books",
    items="books",
)

sessions = sessions_table(
    LOANS,
    loans,
    "Visits of readers who borrowed books.",
    day="UTC day on which the visit was over",
    card="Whose visit",
    started_at="The first loan (UTC)",
    ended_at="The last loan (UTC)",
    loans="How many loans",
    distinct_books="How many different books",
    duration_seconds="Seconds from the first loan to the last",
)

open_sessions = open_sessions_table(
    LOANS,
    loans,
    "Visits that may go on the next day.",
    card="Whose visit",
    started_at="The first loan (UTC)",
    ended_at="The last loan so far (UTC)",
    loans="Loans so far",
    distinct_books="Different books so far",
    books="The books so far, and how often each was lent",
)

LIBRARY = FoundDomain(library, "library", (loans, open_sessions, sessions))
SAID = {column.name: column.description for column in sessions.contract.columns}
SAID_OPEN = {column.name: column.description for column in open_sessions.contract.columns}


def _at(day: int, clock: str) -> datetime:
    return datetime.fromisoformat(f"2026-01-{day:02}T{clock}").replace(tzinfo=timezone.utc)


class Lake:
    """A lake in a folder, with the tables of the library."""

    def __init__(self, folder: Path) -> None:
        self.settings = settings_for([LIBRARY], lake=str(folder))
        self.definitions = build_definitions(self.settings, [LIBRARY])

    def run(self, first: str, last: str) -> dg.ExecuteInProcessResult:
        """Materialise the tables for these days."""
        job = self.definitions.resolve_implicit_global_asset_job_def()
        return job.execute_in_process(tags={START: first, END: last})

    def rows(self, definition: TableDefinition) -> list[dict[str, Any]]:
        """The rows of a table, by day and user."""
        found = pa.table(open_delta(definition.table(self.settings).url).to_pyarrow_table()).to_pylist()
        return sorted(found, key=lambda row: (row["day"], row["card"], row["started_at"]))

    def closed(self) -> list[str]:
        """Each closed session as `day: card from-to loans/books seconds`."""
        return [f"{_span(row)} {row['duration_seconds']} s" for row in self.rows(sessions)]

    def open(self) -> list[str]:
        """Each open session as `day: card from-to loans/books`, and each of its books with how often it was lent."""
        return [
            " ".join([_span(row), *(f"{one['shelf']}{one['number']}*{one['loans']}" for one in row["books"])])
            for row in self.rows(open_sessions)
        ]


def _span(row: dict[str, Any]) -> str:
    first, last = (row[name].astimezone(timezone.utc).strftime("%H:%M:%S") for name in ("started_at", "ended_at"))
    return f"{row['day'].day}: {row['card']} {first}-{last} {row['loans']}/{row['distinct_books']}"


@pytest.mark.parametrize(
    "runs", [[("2026-01-01", "2026-01-02")], [("2026-01-01", "2026-01-01"), ("2026-01-02", "2026-01-02")]]
)
def test_the_sessions_of_a_new_domain_are_built_and_checked(
    engine: Engine, tmp_path: Path, runs: list[tuple[str, str]]
) -> None:
    lake = Lake(tmp_path)
    for first, last in runs:
        result = lake.run(first, last)
        assert all(check.passed for check in checks(result, "library/sessions").values())
        assert all(check.passed for check in checks(result, "library/open_sessions").values())
    assert lake.closed() == [
        "1: 7 10:00:00-10:10:00 2/1 600 s",
        "1: 7 10:20:01-10:20:01 1/1 0 s",
        "2: 8 23:55:00-00:05:00 3/2 600 s",
        "2: 9 23:58:00-23:58:00 1/1 0 s",
    ]
    assert lake.open() == [
        "1: 8 23:55:00-23:55:00 1/1 B1*1",
        "1: 9 23:58:00-23:58:00 1/1 BNone*1",
        "2: 7 23:59:59-23:59:59 1/1 A1*1",
    ]


def test_the_balance_names_the_tables_of_the_domain(engine: Engine, tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    lake.run("2026-01-01", "2026-01-01")
    found = checks(lake.run("2026-01-02", "2026-01-02"), "library/sessions")["every_loan_is_in_a_session"]
    assert found.description == "loans 3 + open_sessions_before 2 = 4 + 1 open_sessions"


def test_the_columns_are_in_order_and_have_the_types_of_the_events() -> None:
    assert sessions.contract.spark_schema.simpleString() == (
        "struct<day:date,session_id:string,card:int,started_at:timestamp,ended_at:timestamp,loans:bigint,"
        "distinct_books:bigint,duration_seconds:bigint>"
    )
    assert open_sessions.contract.spark_schema.simpleString() == (
        "struct<day:date,session_id:string,card:int,started_at:timestamp,ended_at:timestamp,loans:bigint,"
        "distinct_books:bigint,books:array<struct<shelf:string,number:bigint,loans:bigint>>>"
    )
    assert not any(column.nullable for one in (sessions, open_sessions) for column in one.contract.columns)
    assert (sessions.contract.key, open_sessions.contract.key) == (("day", "session_id"), ("day", "card"))
    assert sessions.description == "Visits of readers who borrowed books."
    assert SAID["session_id"] == "Identity of the session: who, and since when"
    assert SAID_OPEN["day"] == "UTC day at whose end the session is open"


def test_the_rules_are_named_by_the_domains_words() -> None:
    rules = [
        {rule.name for rule in one.contract.rules if rule.kind == "agreement"} for one in (sessions, open_sessions)
    ]
    assert rules == [
        {"books_at_most_loans"},
        {"last_loan_in_day", "starts_before_it_ends", "books_are_the_distinct_ones", "books_at_most_loans"},
    ]


def test_the_transform_is_called_by_the_names_of_the_tables_or_in_their_order(engine: Engine) -> None:
    days = [date(2026, 1, 1)]
    events = loans(days=days)
    nothing = engine.session.createDataFrame([], open_sessions.contract.spark_schema)
    still = open_sessions(events, nothing, days=days, gap_seconds=600)
    in_order = sessions(events, still, nothing, days=days, gap_seconds=600)
    by_name = sessions.function(
        open_sessions_before=nothing, open_sessions=still, loans=events, days=days, gap_seconds=600
    )
    assert sorted(in_order.collect()) == sorted(by_name.collect())
    assert in_order.count() == 2


def test_words_that_a_domain_says_itself_are_taken_instead() -> None:
    own = sessions_table(LOANS, loans, "Visits.", **(SAID | {"session_id": "Visit"}))
    assert own.contract.columns[1].description == "Visit"


def test_a_user_may_be_known_by_a_decimal() -> None:
    class LongCards(Contract):
        """Loans by longer cards."""

        day: T.DateType = Field(description="UTC day of the loan")
        card: Annotated[T.DecimalType, 20, 0] = Field(description="Card of the reader")
        lent_at: T.TimestampType = Field(description="When (UTC)")
        shelf: T.StringType = Field(description="Shelf of the book")
        number: T.LongType = Field(description="Number of the book on its shelf")

    events = replace(loans, contract=compiled(LongCards))
    assert open_sessions_table(LOANS, events, "Visits.", **SAID_OPEN).contract.columns[2].dtype == T.DecimalType(20, 0)


def of_domain(settings: type[DomainSettings]) -> TableDefinition:
    """The loans of a domain with other settings."""
    return TableDefinition(Domain("library", "team:library", settings), "loans", loans.function, loans.contract)


class LongGap(DomainSettings):
    """A gap without a limit."""

    gap_seconds: int = 600


class GapWithoutEnd(DomainSettings):
    """A gap that is limited from below alone."""

    gap_seconds: int = pydantic.Field(default=600, ge=1)


class GapOfADayAndASecond(DomainSettings):
    """A gap that no two days of sessions hold."""

    gap_seconds: int = pydantic.Field(default=600, ge=1, le=24 * 60 * 60 + 1)


MISTAKES: list[tuple[dict[str, Any], str]] = [
    ({"cards": "Whose"}, "it describes cards, which is no column of it. Did you mean card?"),
    ({"user": "crad"}, "library/loans has no column crad to make sessions of. Did you mean card?"),
    ({"item": ("shelf", "title")}, "library/loans has no column title to make sessions of. There are: card, day, "),
    ({"time": "day"}, "day of library/loans is no T.TimestampType, and cannot say when"),
    ({"distinct": "loans"}, "two of its columns are named loans: rename one"),
    ({"event": "a loan"}, "event='a loan' is part of the names of rules: write letters, digits and _"),
    ({"settings": DomainSettings}, "it asks for the setting gap_seconds, and there is none. There are: start."),
    *[
        (
            {"settings": gap},
            "the setting gap_seconds may be longer than a day, and sessions are carried from one day to",
        )
        for gap in (LongGap, GapWithoutEnd, GapOfADayAndASecond)
    ],
]
WORDS = ("user", "time", "item", "event", "events", "distinct", "items")


@pytest.mark.parametrize(("mistake", "said"), MISTAKES, ids=[said for _, said in MISTAKES])
@pytest.mark.parametrize(("declare", "described"), [(sessions_table, SAID), (open_sessions_table, SAID_OPEN)])
def test_a_mistake_is_said_in_a_sentence_that_begins_with_the_file_of_the_domain(
    declare: Callable[..., TableDefinition], described: dict[str, str], mistake: dict[str, Any], said: str
) -> None:
    made_of = replace(LOANS, **{word: value for word, value in mistake.items() if word in WORDS})
    events = of_domain(mistake["settings"]) if "settings" in mistake else loans
    columns = described | {word: value for word, value in mistake.items() if word not in (*WORDS, "settings")}
    with pytest.raises(DeclarationError) as raised:
        declare(made_of, events, "Visits.", **columns)
    place, _, sentence = str(raised.value).partition("sessions: ")
    assert sentence.startswith(said)
    assert "/test_sessions.py:" in place


def test_a_column_without_a_description_is_named() -> None:
    with pytest.raises(DeclarationError, match=r'its column loans has no description: add loans="\.\.\."'):
        sessions_table(LOANS, loans, "Visits.", day="Day", card="Whose", started_at="First", ended_at="Last")


def test_a_mistake_in_a_file_is_named_by_its_line(tmp_path: Path) -> None:
    file = tmp_path / "sessions.py"
    file.write_text("\n\nsessions = sessions_table(LOANS, loans, 'Visits.', card='Whose visit')\n")
    code = compile(file.read_text(), str(file), "exec")
    with pytest.raises(DeclarationError) as raised:
        exec(code, {"sessions_table": sessions_table, "LOANS": LOANS, "loans": loans})
    assert str(raised.value) == f'{file}:3: sessions: its column day has no description: add day="..."'
