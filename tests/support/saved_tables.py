"""Saves the tables of a database, and restores them as often as wanted."""

from __future__ import annotations

from sqlalchemy import text

from webcrm_sync.engine.context import Context

_SAVE = """
DO $$
DECLARE source record;
BEGIN
    DROP SCHEMA IF EXISTS saved CASCADE;
    CREATE SCHEMA saved;
    FOR source IN SELECT relname FROM pg_class
                WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' LOOP
        EXECUTE format('CREATE TABLE saved.%1$I AS TABLE public.%1$I', source.relname);
    END LOOP;
    CREATE TABLE saved.numbers AS
        SELECT format('%I.%I', schemaname, sequencename)::regclass AS id, last_value
          FROM pg_sequences WHERE schemaname = 'public';
END $$
"""
#: The role skips triggers and foreign keys.
_RESTORE = """
DO $$
DECLARE source record;
BEGIN
    SET LOCAL lock_timeout = '10s';
    SET LOCAL session_replication_role = replica;
    FOR source IN SELECT relname FROM pg_class
                WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' LOOP
        EXECUTE format('DELETE FROM public.%I', source.relname);
        EXECUTE format(
            'INSERT INTO public.%1$I OVERRIDING SYSTEM VALUE SELECT * FROM saved.%1$I',
            source.relname);
    END LOOP;
    PERFORM setval(id, coalesce(last_value, 1), last_value IS NOT NULL) FROM saved.numbers;
END $$
"""


def save_tables(context: Context) -> None:
    """Save every table and number of the context's database, in place of what was saved before."""
    with context.begin() as tx:
        tx.connection.execute(text(_SAVE))


def restore_tables(context: Context) -> None:
    """Restore what `save_tables` saved. Fails after ten seconds if a transaction is open."""
    with context.begin() as tx:
        tx.connection.execute(text(_RESTORE))


def drop_saved_tables(context: Context) -> None:
    """Delete what `save_tables` saved."""
    with context.begin() as tx:
        tx.connection.execute(text("DROP SCHEMA saved CASCADE"))
