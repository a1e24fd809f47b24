"""Hypothesis strategies for how tools pack a file: plain, gzip in one piece or many, named, padded, packed twice."""

from __future__ import annotations

import gzip
import struct
import zlib
from collections.abc import Callable
from itertools import pairwise

from hypothesis import strategies as st

Packing = Callable[[bytes], bytes]
_EXTRA, _NAME, _COMMENT, _HEADER_CRC = 4, 8, 16, 2


def member(content: bytes, flags: int = 0) -> bytes:
    """A gzip member with these optional fields in its header."""
    packer = zlib.compressobj(6, zlib.DEFLATED, -zlib.MAX_WBITS)
    body = packer.compress(content) + packer.flush()
    header = b"\x1f\x8b\x08" + bytes([flags]) + b"\0\0\0\0\0\xff"
    header += struct.pack("<H", 6) + b"BC\x02\x00\x2a\x00" if flags & _EXTRA else b""
    header += b"the day's file\0" if flags & _NAME else b""
    header += b"made by a tool\0" if flags & _COMMENT else b""
    header += struct.pack("<H", zlib.crc32(header) & 0xFFFF) if flags & _HEADER_CRC else b""
    return header + body + struct.pack("<II", zlib.crc32(content), len(content))


def pieces(content: bytes, cuts: list[int]) -> list[bytes]:
    """The content cut at these places."""
    places = [0, *sorted(min(cut, len(content)) for cut in cuts), len(content)]
    return [content[first:last] for first, last in pairwise(places)]


@st.composite
def packings(draw: st.DrawFn) -> Packing:
    """A way in which a file may be packed that every reader of gzip understands."""
    if draw(st.booleans()):
        return lambda content: content
    cuts = draw(st.lists(st.integers(0, 400), max_size=3))
    flags = draw(st.integers(0, 31)) & ~1
    padding = draw(st.sampled_from((0, 0, 1, 2, 512)))
    twice = draw(st.booleans())

    def pack(content: bytes) -> bytes:
        packed = b"".join(member(piece, flags) for piece in pieces(content, cuts))
        return (gzip.compress(packed) if twice else packed) + b"\0" * padding

    return pack
