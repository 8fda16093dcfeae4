"""What calls may cost: seconds and bytes of one, pages of a listing."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass

import httpx

#: The name under which a request carries bounds of its own (httpx: request extensions).
BOUNDS_EXTENSION = "webcrm_sync.bounds"
#: gzip and nothing else is asked for: what we decompress ourselves, piece by piece.
ACCEPT_ENCODING = "gzip"
_PLAIN = {"", "identity"}
_GZIP = {"gzip", "x-gzip"}  # one and the same (RFC 9110: content codings)
_PIECE = 64 * 1024
_MEGABYTE = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Bounds:
    """What one call may cost.

    `seconds`: from the connection to the last byte. `size`: bytes of the answer, decompressed.
    `pages`: of a listing, which is a call for each.
    """

    seconds: float
    size: int
    pages: int = 1


class AnswerTooLarge(httpx.RemoteProtocolError):
    """The answer is larger than the call allows; the rest of it was not read."""


class CallTooSlow(httpx.ReadTimeout):
    """The whole call took longer than it may."""

    def __init__(self, bounds: Bounds) -> None:
        super().__init__(f"took longer than {bounds.seconds:.3g} s")


class Meter:
    """Decompresses one answer as it comes and counts it. Never holds more than a piece of it."""

    def __init__(self, headers: httpx.Headers, bounds: Bounds) -> None:
        coding = headers.get("Content-Encoding", "").strip().lower()
        self._is_known = coding in _PLAIN | _GZIP
        self._gzip = zlib.decompressobj(16 + zlib.MAX_WBITS) if coding in _GZIP else None
        self._size = bounds.size
        self._came = self._went = 0

    def pieces(self, chunk: bytes) -> Iterator[bytes]:
        """The content in the next bytes from the wire. Raises AnswerTooLarge, DecodingError."""
        if not self._is_known:
            raise httpx.DecodingError("the answer is compressed in a way that was not asked for")
        self._came += len(chunk)  # a compressed stream can be endless and hold nothing
        self._check(self._came)
        if self._gzip is None:
            yield chunk
            return
        try:
            while chunk and not self._gzip.eof:
                piece = self._gzip.decompress(chunk, _PIECE)
                chunk = self._gzip.unconsumed_tail
                self._went += len(piece)
                self._check(self._went)
                yield piece
        except zlib.error as error:
            raise httpx.DecodingError("the answer's gzip is broken") from error

    def end(self) -> Iterator[bytes]:
        """What is left when the wire has no more. Raises DecodingError where something lacks."""
        if self._gzip is None or not self._came:
            return
        while piece := self._gzip.decompress(b"", _PIECE):
            self._went += len(piece)
            self._check(self._went)
            yield piece
        if not self._gzip.eof:
            raise httpx.DecodingError("the answer's gzip ends too early")

    def _check(self, size: int) -> None:
        if size > self._size:
            raise AnswerTooLarge(f"is larger than {_told(self._size)}")


def _told(size: int) -> str:
    if size < _MEGABYTE:
        return f"{size} bytes"
    return f"{size // _MEGABYTE} MB"
