"""Alembic's way in: it is handed an open connection, never a configuration file."""

from alembic import context

from webcrm_sync.store.schema.requests import press

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=press.metadata)
with context.begin_transaction():
    context.run_migrations()
