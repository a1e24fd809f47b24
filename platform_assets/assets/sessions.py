"""The two tables of a domain's sessions, declared once for all domains: those that close, and those still open."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Annotated

from pyspark.sql import DataFrame

from platform_assets.assets.signature import BEFORE, declared_for, place, suggestion
from platform_assets.assets.tables import TableDefinition, table
from platform_assets.contracts.contract import Contract, T
from platform_assets.contracts.making import Column, annotation_of, made_contract, refuse_twice
from platform_assets.errors import DeclarationError, naming
from platform_assets.lake.audit import Balance
from platform_assets.transforms.sessions import ENDED, ID, STARTED, Sessions, duration_seconds, open_at_the_end

GAP = "gap_seconds"
OPEN = "open_sessions"
_DAY_SECONDS = 24 * 60 * 60
_DURATION = "duration_seconds"
# What reads the same in every domain need not be said in any.
_IDENTITY = {ID: "Identity of the session: who, and since when"}
_OPEN_DAY = {"day": "UTC day at whose end the session is open"}


def sessions_table(made_of: Sessions, events: TableDefinition, description: str, /, **columns: str) -> TableDefinition:
    """Declare the table `sessions` of a domain: its sessions by the day on which they close.

    `events` is the domain's table of events, one row each, with the columns that `made_of` names and their `day`.
    `description` is that of the new table, and `columns` says what each of its columns is, by name. They are: day,
    session_id, the user, started_at and ended_at (UTC), the counts of events and of different items, and
    duration_seconds (whole seconds). `session_id` has a description already. The user's type is that of the events.

    The domain declares the table `open_sessions` as well, and has a setting `gap_seconds: GapSeconds`, the longest
    pause within a session. A balance checks that every event of a run is in a session that closes in it or is open at
    its end.

    Raises `DeclarationError`, which begins with the file that calls this, for a column without a description, a
    description of no column, a column that the events lack or a time that is none, two columns of the same name, a word
    for an event that no rule can be named by, and a gap that is no setting or may be longer than a day.
    """

    def sessions(
        happened: DataFrame,
        open_sessions: DataFrame,
        open_sessions_before: DataFrame,
        *,
        days: Sequence[date],
        gap_seconds: int,
    ) -> DataFrame:
        """The sessions that close; what is open at the end of the last day is in the open sessions."""
        closed = made_of.closed(happened, open_sessions_before, gap=gap_seconds, days=days)
        return closed.withColumn(_DURATION, duration_seconds())

    transform = declared_for(sessions, happened=events.name)
    with naming(place(transform)):
        contract = _contract(
            description,
            [*_columns(made_of, events), (_DURATION, T.LongType, {"ge": 0})],
            _IDENTITY | columns,
            key=["day", ID],
            rules=_agreements(made_of),
        )
    counted = f"sum({made_of.events})"
    balance = Balance(
        f"every_{made_of.event}_is_in_a_session",
        events.name,
        "count(*)",
        staged=counted,
        added={f"{OPEN}{BEFORE}": counted},
        elsewhere={OPEN: open_at_the_end(made_of.events)},
    )
    return table(contract, domain=events.domain, balances=[balance])(transform)


def open_sessions_table(
    made_of: Sessions, events: TableDefinition, description: str, /, **columns: str
) -> TableDefinition:
    """Declare the table `open_sessions` of a domain: sessions that an event on the next day may still continue.

    Its columns are: day, session_id, the user, started_at and ended_at (UTC, the last event so far), the counts so far
    of events and of different items, and the items, an array of how often each occurred. `day` and `session_id` have
    descriptions already. All else is as for `sessions_table`, the errors too.
    """

    def open_sessions(
        happened: DataFrame, open_sessions_before: DataFrame, *, days: Sequence[date], gap_seconds: int
    ) -> DataFrame:
        """The sessions of the day before that go on, and those that have begun since."""
        return made_of.left_open(happened, open_sessions_before, gap=gap_seconds, days=days)

    transform = declared_for(open_sessions, happened=events.name)
    with naming(place(transform)):
        item = [T.StructField(name, _type(events, name)) for name in made_of.item]
        counted = T.StructType([*item, T.StructField(made_of.events, T.LongType())])
        contract = _contract(
            description,
            [*_columns(made_of, events), (made_of.items, Annotated[T.ArrayType, counted, True], {})],
            _OPEN_DAY | _IDENTITY | columns,
            key=["day", made_of.user],
            rules={
                f"last_{made_of.event}_in_day": f"to_date({ENDED}) = day",
                "starts_before_it_ends": f"{STARTED} <= {ENDED}",
                _all_items(made_of): f"size({made_of.items}) = {made_of.distinct}",
                **_agreements(made_of),
            },
        )
    return table(contract, domain=events.domain)(transform)


def _columns(made_of: Sessions, events: TableDefinition) -> list[Column]:
    """The columns that both tables begin with; refuses words, events and settings that no sessions are made with."""
    if not made_of.event.isidentifier():
        raise DeclarationError(f"event={made_of.event!r} is part of the names of rules: write letters, digits and _")
    for name in made_of.item:
        _type(events, name)
    if not isinstance(_type(events, made_of.time), T.TimestampType):
        raise DeclarationError(f"{made_of.time} of {events.text_key} is no T.TimestampType, and cannot say when")
    user = _type(events, made_of.user)
    gap = events.domain.settings.model_fields.get(GAP)
    if gap and not any(getattr(limit, "le", _DAY_SECONDS + 1) <= _DAY_SECONDS for limit in gap.metadata):
        raise DeclarationError(
            f"the setting {GAP} may be longer than a day, and sessions are carried from one day to the next only: "
            f"declare it as {GAP}: GapSeconds"
        )
    return [
        ("day", T.DateType, {}),
        (ID, T.StringType, {}),
        (made_of.user, annotation_of(user), {}),
        (STARTED, T.TimestampType, {}),
        (ENDED, T.TimestampType, {}),
        (made_of.events, T.LongType, {"ge": 1}),
        (made_of.distinct, T.LongType, {"ge": 1}),
    ]


def _type(events: TableDefinition, name: str) -> T.DataType:
    types = {column.name: column.dtype for column in events.contract.columns}
    if name not in types:
        raise DeclarationError(f"{events.text_key} has no column {name} to make sessions of. {suggestion(name, types)}")
    return types[name]


def _agreements(made_of: Sessions) -> dict[str, str]:
    return {f"{_what(made_of)}_at_most_{made_of.events}": f"{made_of.distinct} <= {made_of.events}"}


def _all_items(made_of: Sessions) -> str:
    """The rule's name: `visited_are_the_pages`, but for `tracks` of `distinct_tracks` it names the same thing twice."""
    what = _what(made_of)
    return f"{made_of.items}_are_the_{'distinct_ones' if made_of.items == what else what}"


def _what(made_of: Sessions) -> str:
    """What is counted as `pages` or as `distinct_tracks`, in the names of rules."""
    return made_of.distinct.removeprefix("distinct_")


def _contract(
    description: str, columns: Sequence[Column], said: Mapping[str, str], *, key: list[str], rules: dict[str, str]
) -> type[Contract]:
    """A contract with these columns in this order, each described by what is said of its name."""
    names = [name for name, _, _ in columns]
    refuse_twice(names)
    unknown = [name for name in said if name not in names]
    if unknown:
        raise DeclarationError(f"it describes {unknown[0]}, which is no column of it. {suggestion(unknown[0], names)}")
    missing = [name for name in names if name not in said]
    if missing:
        raise DeclarationError(f'its column {missing[0]} has no description: add {missing[0]}="..."')
    described = [(name, annotation, {"description": said[name], **limits}) for name, annotation, limits in columns]
    return made_contract("Sessions", description, described, unique=key, columns_agree={"rules": rules})
