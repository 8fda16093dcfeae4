"""Bodies of mails read within bounds of time and memory, whatever they hold."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from queue import Empty, LifoQueue
from threading import BoundedSemaphore, Timer

from webcrm_sync.core.mail_text.body_text import BodyText, read_mail_body
from webcrm_sync.core.mail_text.html_limits import has_known_cost
from webcrm_sync.core.pictures import PictureFacts

_LOG = logging.getLogger(__name__)

#: A body up to this length is read in place: the worst of it takes 50 ms (`make bench ONLY=hostile`
#: plays every hostile body). What is longer goes to a process of its own.
SMALL = 25_000
#: An ordinary mail on the same page waits this long at most.
_SECONDS = 3.0
_MEGABYTES = 400
_START_SECONDS = 20.0
#: So many are read at a time; the others wait for one of them.
_AT_A_TIME = 2

#: What is filed of a mail that cannot be read within the bounds.
UNREADABLE = BodyText("The text of this mail cannot be read here. Open it in Outlook.")


class BodyReader:
    """Reads bodies. Safe to share among threads; `close` ends its processes.

    A process is started, not forked, since the worker has threads; it ends when this one does.
    """

    def __init__(
        self, *, is_new_text_only: bool, seconds: float = _SECONDS, megabytes: int = _MEGABYTES
    ) -> None:
        self._is_new_text_only = is_new_text_only
        self._seconds = seconds
        self._megabytes = megabytes
        self._idle: LifoQueue[subprocess.Popen[bytes]] = LifoQueue()
        self._places = BoundedSemaphore(_AT_A_TIME)

    def read(self, subject: str, body: str, *, is_html: bool) -> BodyText:
        """What `core.reading.read_kept` returns; `UNREADABLE` for what goes beyond the bounds."""
        if len(body) <= SMALL and (not is_html or has_known_cost(body)):
            return read_mail_body(
                subject, body, is_html=is_html, is_new_text_only=self._is_new_text_only
            )
        request = json.dumps([subject, body, is_html, self._is_new_text_only]).encode() + b"\n"
        with self._places, self._process() as process:
            answer = _ask(process, request, seconds=self._seconds)
        if not answer:
            _LOG.warning("A body of %d characters could not be read within bounds.", len(body))
            return UNREADABLE
        text, cids, pictures = json.loads(answer)
        return BodyText(text, tuple(cids), PictureFacts.from_json(pictures))

    def close(self) -> None:
        """End the processes that are idle; one that reads ends at its time."""
        with suppress(Empty):
            while True:
                _end(self._idle.get_nowait())

    @contextmanager
    def _process(self) -> Iterator[subprocess.Popen[bytes]]:
        """A process that reads, kept for the next body unless it has ended."""
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
                _end(process)

    def _start(self) -> subprocess.Popen[bytes]:
        module = f"{__package__}.process"
        process = subprocess.Popen(
            [sys.executable, "-m", module, str(self._megabytes)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        _ask(process, b"", seconds=_START_SECONDS)
        return process


def _ask(process: subprocess.Popen[bytes], request: bytes, *, seconds: float) -> bytes:
    """The next line of the process, b"" when it ended or was ended before it wrote one."""
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


def _end(process: subprocess.Popen[bytes]) -> None:
    with process:
        process.kill()
