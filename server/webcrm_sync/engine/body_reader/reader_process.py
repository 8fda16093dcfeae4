"""The process that reads large bodies for `reader`: one JSON line in, one JSON line out."""

from __future__ import annotations

import json
import sys
from contextlib import suppress
from dataclasses import asdict
from typing import BinaryIO

from webcrm_sync.core.along import TextPart
from webcrm_sync.core.mail_text.body_text import read_mail_body

_MEGABYTE = 1024 * 1024


def limit_memory(megabytes: int) -> None:
    """Limit this process's address space, where the system supports that."""
    with suppress(ImportError, ValueError, OSError):
        import resource

        most = megabytes * _MEGABYTE
        resource.setrlimit(resource.RLIMIT_AS, (most, most))


def serve(requests: BinaryIO, answers: BinaryIO) -> None:
    """Write an empty line when ready, then answer each request until `requests` ends."""
    answers.write(b"\n")
    answers.flush()
    for line in requests:
        subject, body, is_html, part = json.loads(line)
        found = read_mail_body(subject, body, is_html=is_html, part=TextPart(part))
        answers.write(json.dumps(asdict(found)).encode() + b"\n")
        answers.flush()


if __name__ == "__main__":
    limit_memory(int(sys.argv[1]))
    serve(sys.stdin.buffer, sys.stdout.buffer)
