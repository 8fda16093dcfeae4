"""Says in a sentence why the database cannot be used, without a piece of its password."""

from __future__ import annotations

import re
from collections.abc import Mapping

import psycopg
from sqlalchemy.exc import DBAPIError

from webcrm_sync.settings import PREFIX

#: What PostgreSQL's errors mean for an administrator, by SQLSTATE (PostgreSQL: error codes).
_BY_STATE: Mapping[str, str] = {
    "25006": "the database is read-only: {url} must name the primary server, not a standby",
    "42501": "the login may not create or change tables: make it the owner of the database",
    "53100": "the disk of the database is full: make room there",
    "53300": "the database takes no more connections: raise its max_connections",
    "57P03": "the database is starting or stopping: wait a minute",
}
#: The same by the words of libpq, which gives a failed connection no SQLSTATE.
_BY_WORDS: Mapping[str, str] = {
    r"No space left on device": _BY_STATE["53100"],
    r"password authentication failed|no password supplied": "user or password in {url} is wrong",
    r"role .* does not exist": "the user in {url} does not exist",
    r"database .* does not exist": "the database in {url} does not exist: create it, owned by the"
    " user in {url}",
    r"no pg_hba.conf entry": "the server does not let this machine in: add it to pg_hba.conf, and"
    " try ?sslmode=require at the end of {url}",
    r"server does not support SSL": "the server speaks no TLS: change sslmode in {url}",
    r"certificate|SSL error": "the TLS connection fails: check sslmode and sslrootcert in {url}",
    r"resolve|translate host|Name or service not known": "the host in {url} is unknown",
    r"Connection refused|No such file or directory": "nothing listens at the host and port in"
    " {url}: is PostgreSQL running?",
    r"timeout|timed out": "the host in {url} does not answer: check address and firewall",
    r"too many (clients|connections)|remaining connection slots": _BY_STATE["53300"],
    r"starting up|shutting down": _BY_STATE["57P03"],
}


def describe_database_error(error: DBAPIError | psycopg.Error) -> str:
    """Why the database cannot be used, and what to do."""
    cause = error.orig if isinstance(error, DBAPIError) else error
    state = getattr(cause, "sqlstate", None)
    words = f"{cause}"
    found = _BY_STATE.get(state or "") or next(
        (text for pattern, text in _BY_WORDS.items() if re.search(pattern, words)), None
    )
    advice = (found or "check {url}").format(url=f"{PREFIX}DATABASE_URL")
    return f"The database cannot be used: {advice} ({_last_line(words, state)})."


def _last_line(words: str, state: str | None) -> str:
    """PostgreSQL's own words: of several attempts to connect, the last one's reason."""
    if state and not state.startswith("08"):
        return f"PostgreSQL: {state}"
    lines = [line.strip(" -") for line in words.splitlines() if "failed" in line]
    return (lines or words.splitlines() or ["no reason given"])[-1][-200:].rstrip(".")
