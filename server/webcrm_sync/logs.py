"""Logging: one line per event on standard error.

Write `log.info("item_synced", extra={"item": 7})`: a constant event name and its fields. Ids may be
fields; addresses, subjects, bodies and tokens may not. Info = a state has changed, warning = the
product will retry, error = a person must look. A line reads

    2026-03-01T09:30:00.123Z INFO webcrm_sync.engine.filing.job item_synced item=7

Times are UTC. A value with blanks or quotes is written as a JSON string. Messages and stack traces
stay on the line: line ends, and characters that would control a terminal, are escaped. The
formatter also replaces everything that looks like an address or a token, for texts that come from
elsewhere, such as a library's message or a traceback.
"""

from __future__ import annotations

import json
import logging
import re
import sys
import time
from typing import TextIO

import regex

#: Libraries whose info lines hold URLs (with addresses and ids), or are of no use to an operator.
_QUIET_LOGGERS = (
    "httpx",
    "httpcore",
    "msal",
    "urllib3",
    "procrastinate",
    "werkzeug",
    "alembic",
)
#: The attributes of any LogRecord; further ones are our fields.
_STANDARD_ATTRIBUTES = {*vars(logging.makeLogRecord({})), "message", "asctime", "taskName"}

_SECRETS = re.compile(
    r"[^\s@\"'<>=,;:()\[\]{}]+(?:@|%40)[^\s@\"'<>=,;:()\[\]{}]+"  # an address
    r"|eyJ[\w-]{10,}(?:\.[\w-]*)*"  # a JSON web token (RFC 7519)
    r"|(?<=Bearer )[\w.~+/-]{8,}=*"  # RFC 6750
    r"|(?<=://)[^\s/@]+:[^\s/@]+(?=@)",  # the password in a URL
    re.IGNORECASE,
)
_UNQUOTED = re.compile(r"[\w.:/+%*<>@-]+")
#: Characters that end a line, control a terminal, or reorder the text on the screen.
_CONTROL = regex.compile(r"[\p{C}\p{Zl}\p{Zp}]")


class LineFormatter(logging.Formatter):
    """One record as one line, in the form that the module's docstring shows."""

    converter = staticmethod(time.gmtime)

    def format(self, record: logging.LogRecord) -> str:
        """The line, without anything that looks like an address or a token."""
        moment = self.formatTime(record, "%Y-%m-%dT%H:%M:%S")
        head = f"{moment}.{int(record.msecs):03d}Z {record.levelname} {record.name}"
        fields = {k: v for k, v in vars(record).items() if k not in _STANDARD_ATTRIBUTES}
        if record.exc_info:
            fields["trace"] = self.formatException(record.exc_info)
        words = [record.getMessage()]
        words += [f"{name}={_format_value(value)}" for name, value in fields.items()]
        return escape_control_characters(f"{head} {redact(' '.join(words))}")


def _format_value(value: object) -> str:
    text = str(value)
    return text if _UNQUOTED.fullmatch(text) else json.dumps(text, ensure_ascii=False)


def escape_control_characters(text: str) -> str:
    r"""`text` with an escape for each control character.

    >>> escape_control_characters("a\r\n\x1b[2J\u2028b")
    'a\\r\\n\\x1b[2J\\u2028b'
    """
    return _CONTROL.sub(lambda found: found[0].encode("unicode_escape").decode("ascii"), text)


def redact(text: str) -> str:
    """`text` with a star for everything that looks like an address or a token.

    >>> redact("sent to ann@example.com with Bearer abcdefgh.ijk")
    'sent to * with Bearer *'
    """
    return _SECRETS.sub("*", text)


def configure(level: int | str = logging.INFO, stream: TextIO | None = None) -> None:
    """Sends all logging as lines to `stream` (standard error); a further call replaces the last.

    Some libraries may log warnings and errors only.
    """
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(LineFormatter())
    logging.basicConfig(level=level, handlers=[handler], force=True)
    logging.captureWarnings(True)
    for name in _QUIET_LOGGERS:
        logging.getLogger(name).setLevel(logging.WARNING)
