"""Logging: one line per event on standard error.

Write `log.info("item_synced", extra={"item": 7})`: a constant event name and its fields. Ids may be
fields; addresses, subjects, bodies and tokens may not. Info = a state has changed, warning = the
product will retry, error = a person must look. A line reads

    2026-03-01T09:30:00.123Z INFO webcrm_sync.engine.filing.job item_synced item=7

With LOG_FORMAT=json a line is a JSON object with the same fields. The field `correlation` is one id
for all that follows from one request or job (`correlation`).

Times are UTC. A value with blanks or quotes is written as a JSON string. Messages and stack traces
stay on the line: line ends, and characters that would control a terminal, are escaped. The
formatter also replaces everything that looks like an address or a token, for texts that come from
elsewhere, such as a library's message or a traceback.
"""

from webcrm_sync.logs.correlation import carried, correlated, current
from webcrm_sync.logs.database_away import is_database_loss
from webcrm_sync.logs.formats import (
    JsonFormatter,
    LineFormatter,
    escape_control_characters,
    redact,
)
from webcrm_sync.logs.setup import configure, use_format

__all__ = [
    "JsonFormatter",
    "LineFormatter",
    "carried",
    "configure",
    "correlated",
    "current",
    "escape_control_characters",
    "is_database_loss",
    "redact",
    "use_format",
]
