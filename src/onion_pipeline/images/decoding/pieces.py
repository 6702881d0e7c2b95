"""A file that is put together of pieces of others, without a copy where they are large."""

import io
from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate
from typing import IO, Any

SMALL = 1 << 20  # bytes that are copied faster than they are read piece by piece


class _Pieces(io.RawIOBase):
    def __init__(self, pieces: Sequence[memoryview]) -> None:
        super().__init__()
        self._pieces = pieces
        self._starts = list(accumulate(map(len, pieces), initial=0))
        self._place = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._place, io.SEEK_END: self._starts[-1]}[whence]
        self._place = max(0, base + offset)
        return self._place

    def readinto(self, buffer: Any) -> int:
        number = bisect_right(self._starts, self._place) - 1
        if number >= len(self._pieces):
            return 0
        begin = self._place - self._starts[number]
        read = self._pieces[number][begin : begin + len(buffer)]
        buffer[: len(read)] = read
        self._place += len(read)
        return len(read)


def join_pieces(pieces: Sequence[memoryview]) -> IO[bytes]:
    """Return a file of all bytes of `pieces`, one after the other."""
    pieces = [piece for piece in pieces if len(piece)]
    if sum(map(len, pieces)) <= SMALL:
        return io.BytesIO(b"".join(pieces))
    return io.BufferedReader(_Pieces(pieces))
