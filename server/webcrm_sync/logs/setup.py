"""Sends all logging of this process to one stream."""

from __future__ import annotations

import logging
import sys
from typing import Literal, TextIO

from webcrm_sync.logs.database_away import DatabaseAway
from webcrm_sync.logs.formats import JsonFormatter, LineFormatter

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
_FORMATTERS = {"text": LineFormatter, "json": JsonFormatter}


def configure(level: int | str = logging.INFO, stream: TextIO | None = None) -> None:
    """Sends all logging as lines to `stream` (standard error); a further call replaces the last.

    Some libraries may log warnings and errors only.
    """
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(LineFormatter())
    handler.addFilter(DatabaseAway())
    logging.basicConfig(level=level, handlers=[handler], force=True)
    logging.captureWarnings(True)
    for name in _QUIET_LOGGERS:
        logging.getLogger(name).setLevel(logging.WARNING)


def use_format(name: Literal["text", "json"]) -> None:
    """Write the further lines of `configure`d logging in this format."""
    for handler in logging.getLogger().handlers:
        if isinstance(handler.formatter, LineFormatter | JsonFormatter):
            handler.setFormatter(_FORMATTERS[name]())
