"""What is in a file: its bytes as they are, or unpacked where they are gzip, whatever the file is called."""

from __future__ import annotations

import io
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from gzip import BadGzipFile
from typing import IO, Any, cast

from platform_assets.lake import storage

PACKED = ".gz"
_CHUNK = 1 << 18
# No text begins with this: the second byte is no UTF-8 there.
_MAGIC = b"\x1f\x8b\x08"
_MOST_TIMES = 1000
_MOST_LAYERS = 2
_GZIP = 16 + zlib.MAX_WBITS


class _Unpacked(io.RawIOBase):
    """What a gzip unpacks to: its members one after another; zero bytes may stand between and after them.

    Raises `gzip.BadGzipFile` for what is no gzip, and for more content than `most` bytes.
    """

    def __init__(self, packed: IO[bytes], most: int, too_much: str) -> None:
        super().__init__()
        self.is_padded = False
        self._packed = packed
        self._left = most
        self._too_much = too_much
        self._input = b""
        self._member = zlib.decompressobj(_GZIP)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        """As much as the buffer holds, less at the end alone."""
        filled = 0
        while filled < len(buffer) and (piece := self._piece(len(buffer) - filled)):
            buffer[filled : filled + len(piece)] = piece
            filled += len(piece)
        self._left -= filled
        if self._left < 0:
            raise BadGzipFile(self._too_much)
        return filled

    def _piece(self, most: int) -> bytes:
        while not self._member.eof or self._has_another_member():
            try:
                piece = self._member.decompress(self._input, most)
            except zlib.error as error:
                raise BadGzipFile(f"its gzip is damaged ({error})") from error
            self._input = self._member.unused_data if self._member.eof else self._member.unconsumed_tail
            if piece:
                return piece
            if not self._input and not self._member.eof and not self._more():
                raise BadGzipFile("its gzip was cut short")
        return b""

    def _has_another_member(self) -> bool:
        while not (rest := self._input.lstrip(b"\0")) or len(rest) < len(_MAGIC):
            self.is_padded |= len(rest) < len(self._input)
            self._input = rest
            if not self._more():
                break
        self.is_padded |= len(rest) < len(self._input)
        self._input = rest
        if not rest:
            return False
        if not rest.startswith(_MAGIC):
            raise BadGzipFile("something that is no gzip stands after the end of its gzip")
        self._member = zlib.decompressobj(_GZIP)
        return True

    def _more(self) -> bool:
        chunk = self._packed.read(_CHUNK)
        self._input += chunk
        return bool(chunk)


@dataclass(frozen=True)
class Content:
    """An open file's content; `layers` are what was taken off it."""

    stream: IO[bytes]
    layers: tuple[_Unpacked, ...]

    def is_as_named(self, name: str) -> bool:
        """Whether every reader that goes by the file's name finds this content; known when all of it was read."""
        is_padded = any(layer.is_padded for layer in self.layers)
        return not is_padded and len(self.layers) == name.lower().endswith(PACKED)


def _is_packed(beginning: bytes) -> bool:
    """Whether content begins as a gzip does, or is what is left of one that was cut short after a byte or two."""
    return bool(beginning) and _MAGIC.startswith(beginning)


@contextmanager
def unpacked(url: str, size: int) -> Iterator[Content]:
    """Open a file of so many bytes; what is packed twice is unpacked twice.

    Raises `gzip.BadGzipFile`, there or in reading, for a damaged gzip, one that is packed more often, and one that
    unpacks to more than 1,000 times its size.
    """
    with storage.reading(url) as stored:
        stream, layers = stored, list[_Unpacked]()
        packed = _is_packed(stream.read(len(_MAGIC)))
        stream.seek(0)
        too_much = f"it unpacks to more than {_MOST_TIMES:,} times its {size:,} bytes"
        while packed:
            if len(layers) == _MOST_LAYERS:
                raise BadGzipFile("it is packed more than twice")
            layers.append(_Unpacked(stream, size * _MOST_TIMES, too_much))
            buffered = io.BufferedReader(layers[-1], _CHUNK)
            packed = _is_packed(buffered.peek(len(_MAGIC))[: len(_MAGIC)])
            stream = cast("IO[bytes]", buffered)
        yield Content(stream, tuple(layers))
