"""Empties a database to its state after migration."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, datetime

from sqlalchemy import Engine, text

from webcrm_sync.store.database import Database

#: Creates the function that empties every table. PostgreSQL plans a function's statements once for
#: each connection. DELETE is much faster than TRUNCATE, which creates a new file for every table
#: and index. The locks wait for other writers, as TRUNCATE's would; the role skips triggers and
#: foreign keys.
_PREPARE = text("""
DO $$
DECLARE tables text; deletes text;
BEGIN
    SELECT string_agg(oid::regclass::text, ', '),
           string_agg(format('DELETE FROM %s;', oid::regclass), ' ') INTO tables, deletes
      FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'
       AND relname <> 'alembic_version';
    CREATE SCHEMA for_tests;
    EXECUTE format('CREATE FUNCTION for_tests.empty() RETURNS void LANGUAGE plpgsql AS %L', format(
        'BEGIN
            SET LOCAL lock_timeout = ''10s'';
            SET LOCAL session_replication_role = replica;
            LOCK TABLE %s IN ACCESS EXCLUSIVE MODE;
            %s
            PERFORM setval(oid, 1, false) FROM pg_class
              WHERE relnamespace = ''public''::regnamespace AND relkind = ''S'';
        END', tables, deletes));
END $$
""")
_EMPTY = text("SELECT for_tests.empty()")


def prepare_emptying(engine: Engine) -> None:
    """Let `empty` work on this migrated database."""
    with engine.begin() as connection:
        connection.execute(_PREPARE)


def empty(url: str) -> None:
    """Delete every row and restart every id at 1.

    Earlier users must have ended their transactions; otherwise this fails after ten seconds.
    """
    with closing(Database(url, now=lambda: datetime.now(UTC))) as database, database.begin() as tx:
        tx.connection.execute(_EMPTY)
