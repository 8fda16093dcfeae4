"""The bounds of a call: seconds, bytes of the answer, pages of a listing."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass

import httpx

#: The httpx request extension that holds the bounds of one request.
BOUNDS_EXTENSION = "webcrm_sync.bounds"
#: The only coding that calls ask for, since Meter decompresses it and counts the bytes.
ACCEPT_ENCODING = "gzip"
_UNCOMPRESSED = {"", "identity"}
_GZIP = {"gzip", "x-gzip"}  # two names of one coding (RFC 9110: content codings)
_PIECE_BYTES = 64 * 1024
_MEGABYTE = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Bounds:
    """The bounds of one call.

    `seconds`: from the connection to the last byte. `size`: bytes of the answer, decompressed.
    `pages`: pages of a listing, each of which is a call.
    """

    seconds: float
    size: int
    pages: int = 1


class AnswerTooLarge(httpx.RemoteProtocolError):
    """The answer is larger than the call allows. The rest is not read."""


class CallTooSlow(httpx.ReadTimeout):
    """The whole call took longer than its bounds allow."""

    def __init__(self, bounds: Bounds) -> None:
        super().__init__(f"took longer than {bounds.seconds:.3g} s")


class Meter:
    """Decompresses one answer while it arrives, and counts its bytes. Holds one piece at most."""

    def __init__(self, headers: httpx.Headers, bounds: Bounds) -> None:
        coding = headers.get("Content-Encoding", "").strip().lower()
        self._is_known = coding in _UNCOMPRESSED | _GZIP
        self._gzip = zlib.decompressobj(16 + zlib.MAX_WBITS) if coding in _GZIP else None
        self._max_size = bounds.size
        self._bytes_in = self._bytes_out = 0

    def feed(self, chunk: bytes) -> Iterator[bytes]:
        """The content of `chunk`, the next bytes from the wire, in pieces.

        Raises AnswerTooLarge beyond the bounds, DecodingError for another coding and broken gzip.
        """
        if not self._is_known:
            raise httpx.DecodingError("the answer is compressed in a way that was not asked for")
        self._bytes_in += len(chunk)  # a compressed stream may be endless and yield nothing
        self._check(self._bytes_in)
        if self._gzip is None:
            yield chunk
            return
        try:
            while chunk and not self._gzip.eof:
                piece = self._gzip.decompress(chunk, _PIECE_BYTES)
                chunk = self._gzip.unconsumed_tail
                self._bytes_out += len(piece)
                self._check(self._bytes_out)
                yield piece
        except zlib.error as error:
            raise httpx.DecodingError("the answer's gzip is broken") from error

    def finish(self) -> Iterator[bytes]:
        """The content that is left after the last chunk. Raises DecodingError for cut-off gzip."""
        if self._gzip is None or not self._bytes_in:
            return
        while piece := self._gzip.decompress(b"", _PIECE_BYTES):
            self._bytes_out += len(piece)
            self._check(self._bytes_out)
            yield piece
        if not self._gzip.eof:
            raise httpx.DecodingError("the answer's gzip ends too early")

    def _check(self, size: int) -> None:
        if size > self._max_size:
            raise AnswerTooLarge(f"is larger than {_size_text(self._max_size)}")


def _size_text(size: int) -> str:
    if size < _MEGABYTE:
        return f"{size} bytes"
    return f"{size // _MEGABYTE} MB"
