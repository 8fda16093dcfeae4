"""Logging: one line per event on standard error.

Write `log.info("item_synced", extra={"item": 7})`: a constant event name, and fields beside it.
Ids are fields; addresses, subjects, bodies and tokens never are. Info = a state has changed,
warning = will be tried again, error = a person must look. A line reads

    2026-03-01T09:30:00.123Z INFO webcrm_sync.engine.filing.job item_synced item=7

Times are UTC. A value with blanks or quotes in it stands in JSON's quotes; whatever a message
or a stack trace holds stays on that one line, with escapes for line ends of every kind and for
what would steer a terminal. As a last net, for texts that were not written here
(a library's message, a traceback), what looks like an address or a token is blotted out.
"""

from __future__ import annotations

import json
import logging
import re
import sys
import time
from typing import TextIO

import regex

#: Their informative lines name URLs, which hold addresses and ids, or say nothing to an operator.
_QUIET = (
    "httpx",
    "httpcore",
    "msal",
    "urllib3",
    "procrastinate",
    "werkzeug",
    "alembic",
)
#: What a LogRecord has by itself; the rest are our fields.
_OWN = {*vars(logging.makeLogRecord({})), "message", "asctime", "taskName"}

_SECRETS = re.compile(
    r"[^\s@\"'<>=,;:()\[\]{}]+(?:@|%40)[^\s@\"'<>=,;:()\[\]{}]+"  # an address
    r"|eyJ[\w-]{10,}(?:\.[\w-]*)*"  # a JSON web token (RFC 7519)
    r"|(?<=Bearer )[\w.~+/-]{8,}=*"  # RFC 6750
    r"|(?<=://)[^\s/@]+:[^\s/@]+(?=@)",  # the password in a URL
    re.IGNORECASE,
)
_PLAIN = re.compile(r"[\w.:/+%*<>@-]+")
#: What ends a line, moves a terminal's cursor or shows a text in another order than it is in.
_ACTING = regex.compile(r"[\p{C}\p{Zl}\p{Zp}]")


class LineFormatter(logging.Formatter):
    """One record as one line, as the module's docstring shows it."""

    converter = staticmethod(time.gmtime)

    def format(self, record: logging.LogRecord) -> str:
        """The line, without what looks like an address or a token."""
        moment = self.formatTime(record, "%Y-%m-%dT%H:%M:%S")
        head = f"{moment}.{int(record.msecs):03d}Z {record.levelname} {record.name}"
        fields = {k: v for k, v in vars(record).items() if k not in _OWN}
        if record.exc_info:
            fields["trace"] = self.formatException(record.exc_info)
        words = [record.getMessage()]
        words += [f"{name}={_value(value)}" for name, value in fields.items()]
        return escape_control_characters(f"{head} {redact(' '.join(words))}")


def _value(value: object) -> str:
    text = str(value)
    return text if _PLAIN.fullmatch(text) else json.dumps(text, ensure_ascii=False)


def escape_control_characters(text: str) -> str:
    r"""`text` with an escape in place of each character that acts instead of being seen.

    >>> escape_control_characters("a\r\n\x1b[2J\u2028b")
    'a\\r\\n\\x1b[2J\\u2028b'
    """
    return _ACTING.sub(lambda found: found[0].encode("unicode_escape").decode("ascii"), text)


def redact(text: str) -> str:
    """`text` with a star in place of everything that looks like an address or a token.

    >>> redact("sent to ann@example.com with Bearer abcdefgh.ijk")
    'sent to * with Bearer *'
    """
    return _SECRETS.sub("*", text)


def configure(level: int | str = logging.INFO, stream: TextIO | None = None) -> None:
    """Send all logging as lines to `stream` (standard error); again = only the last call counts.

    Third-party libraries are held to warnings.
    """
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(LineFormatter())
    logging.basicConfig(level=level, handlers=[handler], force=True)
    logging.captureWarnings(True)
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
