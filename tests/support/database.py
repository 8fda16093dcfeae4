"""Empties a database to its state after migration."""

from __future__ import annotations

import psycopg

from webcrm_sync.store.database import libpq_url

#: Much faster than TRUNCATE, which creates a new file for every table and index. The locks wait
#: for other writers, as TRUNCATE's would; the role skips triggers and foreign keys.
_EMPTY = """
DO $$
DECLARE table_id regclass;
BEGIN
    SET LOCAL lock_timeout = '10s';
    SET LOCAL session_replication_role = replica;
    FOR table_id IN SELECT oid FROM pg_class
                WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'
                  AND relname <> 'alembic_version' LOOP
        EXECUTE format('LOCK TABLE %s IN ACCESS EXCLUSIVE MODE', table_id);
        EXECUTE format('DELETE FROM %s', table_id);
    END LOOP;
    PERFORM setval(oid, 1, false) FROM pg_class
      WHERE relnamespace = 'public'::regnamespace AND relkind = 'S';
END $$
"""


def empty(url: str) -> None:
    """Delete every row and restart every id at 1.

    Earlier users must have ended their transactions; otherwise this fails after ten seconds.
    """
    with psycopg.connect(libpq_url(url)) as connection:
        connection.execute(_EMPTY)
