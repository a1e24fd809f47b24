"""Every kind of bad line of the plays, each a file of its own: the rules that its row breaks; and odd good ones."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timezone
from typing import Any

import dagster as dg
import pytest

from platform_assets.lake.engines.engine import Engine
from platform_assets_tests.support.platforms import Platform, checks

DAY = "2026-01-05"
RAW, PLAYS = "listening/raw_plays", "listening/plays"
AT = datetime(2026, 1, 5, 10, 15, tzinfo=timezone.utc)
GOOD = {
    "user_id": "ann",
    "played_at": "2026-01-05T10:15:00Z",
    "artist_mbid": "a1",
    "artist_name": "Air",
    "track_mbid": "t1",
    "track_name": "La femme",
}
COLUMNS = list(GOOD)
VALUES = GOOD | {"played_at": AT}


def play(**changes: str) -> str:
    """A good play with some fields changed."""
    return "\t".join((GOOD | changes).values())


def at(time: str) -> str:
    return play(played_at=time)


TEXT = play()
MALFORMED = {
    "five fields": TEXT.rsplit("\t", 1)[0],
    "seven fields": TEXT + "\tx",
    "a tab behind": TEXT + "\t",
    "a tab before": "\t" + TEXT,
    "a tab in a title": play(track_name="La\tfemme"),
    "a tab in a title in quotes": play(track_name='"La\tfemme"'),
    "two plays in a line": TEXT + TEXT,
    "one field": "ann",
    "one word and a tab": "ann\t",
    "blanks for tabs": TEXT.replace("\t", " "),
    "commas for tabs": TEXT.replace("\t", ","),
    "escaped tabs": TEXT.replace("\t", "\\t"),
    "an object": '{"user_id": "ann"}',
    "a NUL": "\0",
    "a no-break space": "\u00a0",
    "a comment": "# 1 play",
}
# A field that is empty, all by itself or with others.
MISSING = {
    f"no {column}": (play(**{column: ""}), [f"missing_{column}"])
    for column in ("user_id", "played_at", "artist_name", "track_name")
} | {
    "only a user": ("ann\t\t\t\t\t", ["missing_played_at", "missing_artist_name", "missing_track_name"]),
    "only a title": ("\t\t\t\t\tx", ["missing_user_id", "missing_played_at", "missing_artist_name"]),
    "only names of no table": (
        "\t\ta1\t\tt1\t",
        ["missing_user_id", "missing_played_at", "missing_artist_name", "missing_track_name"],
    ),
    "no artist behind a byte order mark": ("\ufeff" + play(artist_name=""), ["missing_artist_name"]),
}
WRONG_TIME = {
    f"time {time!r}": (at(time), ["invalid_played_at"])
    for time in (
        *("2026-01-05T10:15:00", "2026-01-05T10:15:00z", "2026-01-05t10:15:00Z", "2026-01-05 10:15:00Z"),
        *("2026-01-05T10:15:00.000Z", "2026-01-05T10:15:00+00:00", "2026-01-05T10:15Z", "2026-01-05"),
        *("2026-02-29T10:15:00Z", "2026-13-01T10:15:00Z", "2026-01-00T10:15:00Z", "2026-00-05T10:15:00Z"),
        *("2026-01-05T24:00:00Z", "2026-01-05T10:60:00Z", "2026-01-05T23:59:60Z", "0000-01-05T10:15:00Z"),
        *(" 2026-01-05T10:15:00Z", "2026-01-05T10:15:00Z ", "2026-01-05T10:15:00Z\r", '"2026-01-05T10:15:00Z"'),
        *("26-01-05T10:15:00Z", "2026-1-5T10:15:00Z", "12026-01-05T10:15:00Z", "05/01/2026 10:15:00"),
        *("1767608100", "NA", "null", "None", "\\N", "-", " ", "now", "٢٠٢٦-01-05T10:15:00Z"),
    )
}
OUT_OF_TIME = {
    "the last second before the start": (at("2025-12-31T23:59:59Z"), ["before_start"]),
    "the first year": (at("0001-01-01T00:00:00Z"), ["before_start"]),
    "two days after the delivery": (at("2026-01-07T00:00:00Z"), ["after_delivery"]),
    "the last year": (at("9999-12-31T23:59:59Z"), ["after_delivery"]),
}
SEVERAL = {
    "a header": ("\t".join(COLUMNS), ["invalid_played_at"]),
    "a header behind a byte order mark": ("\ufeff" + "\t".join(COLUMNS), ["invalid_played_at"]),
    "every field in quotes": ("\t".join(f'"{value}"' for value in GOOD.values()), ["invalid_played_at"]),
    "nothing but null tokens": ("\t".join(["NA"] * 6), ["invalid_played_at"]),
    "the fields in another order": ("\t".join(reversed(GOOD.values())), ["invalid_played_at"]),
    "no user and a bad time": (play(user_id="", played_at="x"), ["missing_user_id", "invalid_played_at"]),
    "no title and too early": (
        play(track_name="", played_at="2020-01-01T00:00:00Z"),
        ["missing_track_name", "before_start"],
    ),
    "no artist and too late": (
        play(artist_name="", played_at="2027-01-01T00:00:00Z"),
        ["missing_artist_name", "after_delivery"],
    ),
}
BAD: dict[str, tuple[str, list[str]]] = {
    **{f"malformed: {name}": (line, ["malformed"]) for name, line in MALFORMED.items()},
    **MISSING,
    **WRONG_TIME,
    **OUT_OF_TIME,
    **SEVERAL,
}
NOT_UTF8 = {
    "a byte in a title": (TEXT.encode() + b"\xff", TEXT + "\ufffd"),
    "Latin 1": (play(artist_name="Björk").encode("latin-1"), play(artist_name="Bj\ufffdrk")),
    "a character that is cut off": (TEXT.encode() + "é".encode()[:1], TEXT + "\ufffd"),
    "a byte and too few fields": (b"ann\t\xff", "ann\t\ufffd"),
}
TEXTS = (
    *("NA", "null", "None", "NULL", "\\N", "nan", "0", "-", '"', '""', '"Heroes', 'Heroes"', '"Heroes"', '7" mix'),
    *(" La femme", "La femme ", "  ", " ", "\u00a0", "La\rfemme", "La femme\r", "\\", "\\t", "\\\\", "a\\", "'", "#1"),
    *("a,b", "a;b", "{}", "$1", "🎵", "👩\u200d👩", "é", "e\u0301", "\u2028", "\u2029", "\u0085", "\x0b", "\x0c"),
    *("\x1c", "\0", "\x7f", "\ufeff", "\ufffd", "ﷺ" * 100, "x" * 1_000_000, "🎵" * 250_000, '"' * 100_001),
)
OK: dict[str, tuple[str, dict[str, Any]]] = {
    "as the feed writes it": (TEXT, {}),
    "byte order marks": ("\ufeff\ufeff" + TEXT, {}),
    "no ID of the artist": (play(artist_mbid=""), {"artist_mbid": None}),
    "no ID of the track": (play(track_mbid=""), {"track_mbid": None}),
    "no IDs": (play(artist_mbid="", track_mbid=""), {"artist_mbid": None, "track_mbid": None}),
    "IDs of a blank": (play(artist_mbid=" ", track_mbid="  "), {"artist_mbid": " ", "track_mbid": "  "}),
    "IDs that look like nulls": (
        play(artist_mbid="NA", track_mbid="null"),
        {"artist_mbid": "NA", "track_mbid": "null"},
    ),
    "names of a blank": (
        play(user_id=" ", artist_name=" ", track_name=" "),
        {"user_id": " ", "artist_name": " ", "track_name": " "},
    ),
    "all names NA": (play(user_id="NA", artist_name="NA"), {"user_id": "NA", "artist_name": "NA"}),
    "a quote at both ends of a line": (
        play(user_id='"ann', track_name='femme"'),
        {"user_id": '"ann', "track_name": 'femme"'},
    ),
    "a byte order mark inside": (play(artist_name="\ufeffAir"), {"artist_name": "\ufeffAir"}),
    **{
        f"time {time}": (at(time), {"played_at": datetime.fromisoformat(time.replace("Z", "+00:00"))})
        for time in ("2026-01-01T00:00:00Z", "2026-01-05T00:00:00Z", "2026-01-05T23:59:59Z", "2026-01-06T23:59:59Z")
    },
    **{
        f"title {text if len(text) < 20 else f'of {len(text)} {text[0]}'!r}": (
            play(track_name=text),
            {"track_name": text},
        )
        for text in TEXTS
    },
}
TWICE = "a play that is delivered twice"
FILES = {
    **{f"bad-{number:03}.tsv": name for number, name in enumerate(BAD)},
    **{f"bytes-{number:03}.tsv": name for number, name in enumerate(NOT_UTF8)},
    **{f"ok-{number:03}.tsv": name for number, name in enumerate(OK)},
    "twice.tsv": TWICE,
}


@pytest.fixture(scope="module")
def delivered(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> tuple[Platform, dg.ExecuteInProcessResult]:
    """A platform that was delivered each case as the one line of a file, on one day."""
    platform = Platform(tmp_path_factory.mktemp("dirty_plays"), reject_share=1.0)
    for number, (file, name) in enumerate(FILES.items()):
        # A line that ends in a carriage return has its own before a line end's.
        if name in BAD:
            content = BAD[name][0].encode() + (b"\r\n" if number % 2 or BAD[name][0].endswith("\r") else b"")
        elif name in NOT_UTF8:
            content = NOT_UTF8[name][0] + b"\n" * (number % 2)
        else:
            content = (TEXT + "\n" + TEXT if name == TWICE else OK[name][0]).encode() + b"\r\n"
        platform.deliver("plays", DAY, file, content)
    platform.deliver("plays", DAY, "blank.tsv", "\n \n\t\n\t\t\t\t\t\n \t \t\t\t\t \r\n\ufeff\t\t\t\t\t\n")
    return platform, platform.materialise(DAY, select=f'key:"{RAW}" or key:"{PLAYS}"')


@pytest.fixture(scope="module")
def rows(delivered: tuple[Platform, dg.ExecuteInProcessResult]) -> dict[str, list[dict[str, Any]]]:
    """The rows of the raw table, by case."""
    found: dict[str, list[dict[str, Any]]] = {name: [] for name in FILES.values()}
    for row in delivered[0].rows(RAW):
        found[FILES[row["source_file"]]].append(row)
    return found


@pytest.mark.parametrize("case", BAD)
def test_a_bad_line_is_kept_with_its_text_and_all_rules_it_breaks(
    case: str, rows: dict[str, list[dict[str, Any]]]
) -> None:
    line, violations = BAD[case]
    (row,) = rows[case]
    assert row["violations"] == violations
    assert row["raw"] == line.removeprefix("\ufeff")


@pytest.mark.parametrize("case", NOT_UTF8)
def test_a_line_that_is_not_utf8_is_kept_with_its_bad_bytes_replaced(
    case: str, rows: dict[str, list[dict[str, Any]]]
) -> None:
    (row,) = rows[case]
    assert (row["violations"], row["raw"]) == (["not_utf8"], NOT_UTF8[case][1])


@pytest.mark.parametrize("case", OK)
def test_an_odd_line_is_good_and_its_values_are_as_written(case: str, rows: dict[str, list[dict[str, Any]]]) -> None:
    (row,) = rows[case]
    assert (row["violations"], row["raw"]) == ([], None)
    # Not compared as a whole: nobody wants to read the difference of two megabytes.
    expected = VALUES | OK[case][1]
    assert [name for name in COLUMNS if row[name] != expected[name]] == []
    assert row["day"] == expected["played_at"].date()


def test_nothing_of_a_malformed_line_becomes_a_value(rows: dict[str, list[dict[str, Any]]]) -> None:
    for name in MALFORMED:
        (row,) = rows[f"malformed: {name}"]
        assert {row[column] for column in (*COLUMNS, "day")} == {None}


def test_a_bad_value_is_null_and_the_good_ones_beside_it_are_there(rows: dict[str, list[dict[str, Any]]]) -> None:
    (row,) = rows["no user and a bad time"]
    expected = VALUES | {"user_id": None, "played_at": None}
    assert {name: row[name] for name in (*COLUMNS, "day")} == expected | {"day": None}


def test_lines_of_tabs_and_blanks_are_no_rows(delivered: tuple[Platform, dg.ExecuteInProcessResult]) -> None:
    found = checks(delivered[1], RAW)
    assert found["every_line_kept"].passed
    assert found["no_empty_files"].metadata["files"].value == [f"{DAY}/blank.tsv"]
    assert len(delivered[0].rows(RAW)) == len(FILES) + 1


def test_the_check_counts_the_rejected_rows_by_rule(delivered: tuple[Platform, dg.ExecuteInProcessResult]) -> None:
    check = checks(delivered[1], RAW)["reject_limit"]
    expected = Counter(rule for _, violations in BAD.values() for rule in violations)
    assert check.passed
    assert check.metadata["rejected"].value == len(BAD) + len(NOT_UTF8)
    assert check.metadata["by_rule"].value == expected | Counter(not_utf8=len(NOT_UTF8))
    assert check.metadata["extra_fields"].value == {}


def test_the_good_lines_are_plays_and_one_that_comes_twice_is_two(
    delivered: tuple[Platform, dg.ExecuteInProcessResult],
) -> None:
    played = [tuple(row[name] for name in COLUMNS) for row in delivered[0].rows(PLAYS)]
    expected = [tuple((VALUES | values).values()) for _, values in OK.values()] + [tuple(VALUES.values())] * 2
    # The table has plays of one day.
    assert Counter(played) == Counter(play for play in expected if play[1].date() == AT.date())
    assert sum(play == tuple(VALUES.values()) for play in played) == 4
