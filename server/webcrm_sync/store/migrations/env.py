"""Alembic's way in: it is handed an open connection, never a configuration file."""

from alembic import context

from webcrm_sync.store.schema.requests import sync_request

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=sync_request.metadata)
with context.begin_transaction():
    context.run_migrations()
