"""Turns bodies of mails into text: small ones at once, large ones in a limited process."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from queue import Empty, LifoQueue
from threading import BoundedSemaphore, Timer

from webcrm_sync.core.along import TextPart
from webcrm_sync.core.mail_text.body_text import BodyText, read_mail_body
from webcrm_sync.core.mail_text.html_limits import has_known_cost
from webcrm_sync.core.pictures import PictureFacts

logger = logging.getLogger(__name__)

#: Characters up to which a body is read in this process. The worst one takes 50 ms (measured by
#: `make bench ONLY=hostile` over every hostile body).
READ_IN_PLACE = 25_000
#: Limit for one body, and so the longest that other mails of its page wait for it.
_SECONDS = 3.0
_MEGABYTES = 400
_START_SECONDS = 20.0
#: Reader processes that run at the same time.
_MAX_PROCESSES = 2

#: What is filed for a mail whose body exceeds the limits.
UNREADABLE = BodyText("The text of this mail cannot be read here. Open it in Outlook.")


class BodyReader:
    """Reads bodies. Thread-safe. `close` ends its processes.

    Processes are started, not forked, because the worker has threads. They end with this process.
    """

    def __init__(self, *, seconds: float = _SECONDS, megabytes: int = _MEGABYTES) -> None:
        self._seconds = seconds
        self._megabytes = megabytes
        self._idle: LifoQueue[subprocess.Popen[bytes]] = LifoQueue()
        self._slots = BoundedSemaphore(_MAX_PROCESSES)

    def read(
        self, subject: str, body: str, *, is_html: bool, part: TextPart = TextPart.WHOLE
    ) -> BodyText:
        """The text of a body; `part`: how much of it. `UNREADABLE` if it exceeds the limits."""
        if len(body) <= READ_IN_PLACE and (not is_html or has_known_cost(body)):
            return read_mail_body(subject, body, is_html=is_html, part=part)
        request = json.dumps([subject, body, is_html, part.value]).encode() + b"\n"
        with self._slots, self._process() as process:
            answer = _request_line(process, request, seconds=self._seconds)
        if not answer:
            logger.warning("body_not_read", extra={"characters": len(body)})
            return _unreadable(part)
        return _read_answer(answer)

    def close(self) -> None:
        """End the idle processes. A busy one ends within its time limit."""
        with suppress(Empty):
            while True:
                _kill(self._idle.get_nowait())

    @contextmanager
    def _process(self) -> Iterator[subprocess.Popen[bytes]]:
        """A reader process; it is kept for the next body unless it has ended."""
        try:
            process = self._idle.get_nowait()
        except Empty:
            process = self._start()
        try:
            yield process
        finally:
            if process.poll() is None:
                self._idle.put(process)
            else:
                _kill(process)

    def _start(self) -> subprocess.Popen[bytes]:
        module = f"{__package__}.reader_process"
        process = subprocess.Popen(
            [sys.executable, "-m", module, str(self._megabytes)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        _request_line(process, b"", seconds=_START_SECONDS)
        return process


def _unreadable(part: TextPart) -> BodyText:
    """What is filed of a body that exceeds the limits. Nobody knows its pictures."""
    if part is TextPart.WHOLE:
        return UNREADABLE
    text = "" if part is TextPart.NONE else UNREADABLE.text
    return replace(UNREADABLE, text=text, left_out_cids=None)


def _read_answer(answer: bytes) -> BodyText:
    read = json.loads(answer)
    left_out = read["left_out_cids"]
    return BodyText(
        read["text"],
        tuple(read["cids"]),
        PictureFacts.from_json(read["pictures"]),
        None if left_out is None else tuple(left_out),
        is_text_cut=read["is_text_cut"],
    )


def _request_line(process: subprocess.Popen[bytes], request: bytes, *, seconds: float) -> bytes:
    """The next line from the process; b"" if it ended, or ran out of time and was killed."""
    assert process.stdin is not None
    assert process.stdout is not None
    timer = Timer(seconds, process.kill)
    timer.start()
    try:
        process.stdin.write(request)
        process.stdin.flush()
        answer = process.stdout.readline()
    except OSError:
        answer = b""
    finally:
        timer.cancel()
    if answer.endswith(b"\n"):
        return answer
    process.kill()
    process.wait()
    return b""


def _kill(process: subprocess.Popen[bytes]) -> None:
    with process:
        process.kill()
