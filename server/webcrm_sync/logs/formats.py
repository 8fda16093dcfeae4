"""How a record becomes one line: as text for people, or as JSON for programs."""

from __future__ import annotations

import json
import logging
import re
import time

import regex

from webcrm_sync.logs.correlation import current
from webcrm_sync.logs.database_away import STANDARD_ATTRIBUTES

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
    """One record as one line, in the form that the package's docstring shows."""

    converter = staticmethod(time.gmtime)

    def format(self, record: logging.LogRecord) -> str:
        """The line, without anything that looks like an address or a token."""
        head = f"{_moment(self, record)} {record.levelname} {record.name}"
        words = [record.getMessage()]
        words += [f"{name}={_format_value(value)}" for name, value in _fields(self, record).items()]
        return escape_control_characters(f"{head} {redact(' '.join(words))}")


class JsonFormatter(logging.Formatter):
    """One record as a JSON object in one line, for programs that collect logs."""

    converter = staticmethod(time.gmtime)

    def format(self, record: logging.LogRecord) -> str:
        """The object, without anything that looks like an address or a token."""
        head = {"time": _moment(self, record), "level": record.levelname, "logger": record.name}
        fields = {name: _json_value(value) for name, value in _fields(self, record).items()}
        return json.dumps({**fields, **head, "event": redact(record.getMessage())})


def _moment(formatter: logging.Formatter, record: logging.LogRecord) -> str:
    return f"{formatter.formatTime(record, '%Y-%m-%dT%H:%M:%S')}.{int(record.msecs):03d}Z"


def _fields(formatter: logging.Formatter, record: logging.LogRecord) -> dict[str, object]:
    """The record's own fields, the trace of its error, and the id of what it follows from."""
    fields = {k: v for k, v in vars(record).items() if k not in STANDARD_ATTRIBUTES}
    if record.exc_info:
        fields["trace"] = formatter.formatException(record.exc_info)
    if correlation_id := current():
        fields["correlation"] = correlation_id
    return fields


def _json_value(value: object) -> object:
    return value if isinstance(value, bool | int | float | None) else redact(str(value))


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
