"""Creates or upgrades the product's database."""

from __future__ import annotations

from contextlib import closing

from webcrm_sync.bootstrap.local import database_url, read_cipher, utc_now
from webcrm_sync.settings import Settings
from webcrm_sync.store import companies
from webcrm_sync.store.database import Database
from webcrm_sync.store.migrate import migrate


def migrate_database(settings: Settings) -> None:
    """Create the database if it is missing and upgrade it to this version. Idempotent.

    Raises AnotherCompany before it changes anything.
    """
    read_cipher(settings, create=True)
    with (
        database_url(settings, create=True) as url,
        closing(Database(url, now=utc_now)) as database,
    ):
        with database.engine.connect() as connection:
            companies.refuse_another(connection, settings.entra_tenant_id)
        migrate(database.engine)
