"""A file's content is found by what it is: plain, or gzip in all the forms in which tools write it."""

from __future__ import annotations

import gzip
import random
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from platform_assets.landing.content import unpacked
from platform_assets_tests.support.landing.packing import Packing, member, packings, pieces

MAGIC = b"\x1f\x8b\x08"
TEXT = b"".join(b"%d\n" % number for number in range(100_000))


def read(path: Path, stored: bytes, piece: int = -1) -> bytes:
    """The content of a file, read in pieces."""
    path.write_bytes(stored)
    with unpacked(str(path), len(stored)) as content:
        return b"".join(iter(lambda: content.stream.read(piece), b""))


# What begins as a gzip does is one.
PLAIN = st.binary(max_size=1000).filter(lambda content: not content.startswith(MAGIC))


@given(content=PLAIN, packing=packings(), piece=st.integers(1, 2000))
def test_any_content_is_unpacked_whatever_packed_it(content: bytes, packing: Packing, piece: int) -> None:
    with TemporaryDirectory() as folder:
        assert read(Path(folder, "x"), packing(content), piece) == content


@given(content=PLAIN, packing=packings(), end=st.integers(1, 10_000), bit=st.integers(0))
def test_a_damaged_gzip_never_reads_as_other_content(content: bytes, packing: Packing, end: int, bit: int) -> None:
    stored = packing(gzip.compress(content)).rstrip(b"\0")
    cut = stored[: -(end % len(stored)) or None]
    flipped = bytearray(stored)
    flipped[bit // 8 % len(stored)] ^= 1 << bit % 8
    with TemporaryDirectory() as folder:
        for damaged in (cut, bytes(flipped)):
            if not damaged.startswith(MAGIC):
                continue
            try:
                found = read(Path(folder, "x"), damaged)
            except gzip.BadGzipFile:
                continue
            # A cut between two members leaves whole ones, and some bits of a header say nothing of the content.
            assert content.startswith(found)


@pytest.mark.parametrize(
    "stored",
    [
        gzip.compress(TEXT),
        gzip.compress(gzip.compress(TEXT)),
        b"".join(member(piece, 4) for piece in pieces(TEXT, list(range(0, len(TEXT), 65_280)))) + member(b"", 4),
        gzip.compress(TEXT[:300_000]) + b"\0" * 600_000 + gzip.compress(TEXT[300_000:]) + b"\0" * 600_000,
        b"".join(gzip.compress(bytes([byte]), 1) for byte in gzip.compress(TEXT[:5000])) + gzip.compress(b""),
    ],
    ids=["packed", "packed twice", "blocks", "padded", "packed byte by byte"],
)
def test_large_content_in_many_pieces_is_unpacked_whole(tmp_path: Path, stored: bytes) -> None:
    assert read(tmp_path / "x", stored, 10_007) in (TEXT, TEXT[:5000])


@pytest.mark.parametrize(
    ("stored", "why"),
    [
        (gzip.compress(TEXT)[:-9], "its gzip was cut short"),
        (gzip.compress(TEXT)[:5], "its gzip was cut short"),
        (gzip.compress(TEXT) + b"\0\0more", "something that is no gzip stands after the end of its gzip"),
        (gzip.compress(TEXT) + b"\x1f", "something that is no gzip stands after the end of its gzip"),
        (gzip.compress(TEXT)[:-8] + b"\0" * 8, "its gzip is damaged"),
        (gzip.compress(gzip.compress(gzip.compress(TEXT))), "it is packed more than twice"),
    ],
    ids=[
        "without its end",
        "without more than its start",
        "text after it",
        "half a start after it",
        "wrong sum",
        "thrice",
    ],
)
def test_a_gzip_that_readers_disagree_on_is_an_error(tmp_path: Path, stored: bytes, why: str) -> None:
    with pytest.raises(gzip.BadGzipFile, match=why):
        read(tmp_path / "x", stored)


def test_a_file_that_unpacks_to_more_than_a_thousand_times_its_size_is_an_error_before_it_is_unpacked(
    tmp_path: Path,
) -> None:
    bomb = tmp_path / "bomb"
    bomb.write_bytes(gzip.compress(gzip.compress(b"\0" * 50_000_000)))
    size = bomb.stat().st_size
    got = [0]

    def read_all() -> None:
        with unpacked(str(bomb), size) as content:
            while chunk := content.stream.read(10_000):
                got[0] += len(chunk)

    with pytest.raises(gzip.BadGzipFile, match=f"more than 1,000 times its {size:,} bytes"):
        read_all()
    assert got[0] <= size * 1000


def test_a_file_that_unpacks_to_a_thousand_times_its_size_is_read(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(gzip.compress(b"\0" * 100_000))
    with unpacked(str(path), 100) as content:
        assert len(content.stream.read()) == 100_000


NOISE = random.Random(1).randbytes(100)


@pytest.mark.parametrize(
    ("stored", "name", "as_named"),
    [
        (NOISE, "x.csv", True),
        (NOISE, "x.csv.gz", False),
        (b"", "x.csv.gz", False),
        (gzip.compress(NOISE), "x.csv.gz", True),
        (gzip.compress(NOISE), "x.CSV.GZ", True),
        (gzip.compress(NOISE), "x.csv", False),
        (gzip.compress(NOISE[:50]) + gzip.compress(NOISE[50:]), "x.csv.gz", True),
        (gzip.compress(NOISE) + b"\0", "x.csv.gz", False),
        (gzip.compress(NOISE[:50]) + b"\0" + gzip.compress(NOISE[50:]), "x.csv.gz", False),
        (gzip.compress(gzip.compress(NOISE)), "x.csv.gz", False),
    ],
)
def test_only_what_every_engine_unpacks_by_its_name_is_as_named(
    tmp_path: Path, stored: bytes, name: str, as_named: bool
) -> None:
    (tmp_path / name).write_bytes(stored)
    with unpacked(str(tmp_path / name), len(stored)) as content:
        content.stream.read()
        assert content.is_as_named(name) == as_named
