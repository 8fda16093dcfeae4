"""Alembic's entry point. It gets an open connection, never a configuration file."""

from alembic import context

from webcrm_sync.store.schema.columns import is_type_different, metadata

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=metadata, compare_type=is_type_different)
with context.begin_transaction():
    context.run_migrations()
