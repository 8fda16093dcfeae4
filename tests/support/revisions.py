"""A database of another version of the product, beside the one that every test uses."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy
from alembic import command
from alembic.config import Config
from procrastinate.schema import SchemaManager
from sqlalchemy import Connection, Engine, NullPool, text

from webcrm_sync.store import migrate as package
from webcrm_sync.store.database import sqlalchemy_url

_MIGRATIONS = Path(package.__file__).parent / "migrations"
_QUEUE_MIGRATIONS = Path(SchemaManager.get_migrations_path())
#: The newest migration of Procrastinate 3.10.0, which the versions up to revision 0012 installed.
_NEWEST_OF_3_10 = "03.04.00_50_post_add_retry_failed_job_procedure.sql"


@contextmanager
def database_of(server_url: str, revision: str) -> Iterator[Engine]:
    """An empty database of a revision on a server, which is dropped at the end."""
    server = sqlalchemy.create_engine(
        sqlalchemy_url(server_url), isolation_level="AUTOCOMMIT", poolclass=NullPool
    )
    name = f"of_{revision}"
    with server.connect() as connection:
        connection.execute(text(f"DROP DATABASE IF EXISTS {name}"))
        connection.execute(text(f"CREATE DATABASE {name}"))
    engine = sqlalchemy.create_engine(server.url.set(database=name), poolclass=NullPool)
    bring_to(engine, revision)
    yield engine
    with server.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name}"))


def bring_to(engine: Engine, revision: str, *, is_back: bool = False) -> None:
    """Bring our tables to a revision, a later or (`is_back`) an earlier one."""
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        (command.downgrade if is_back else command.upgrade)(config, revision)


def install_queue(connection: Connection) -> None:
    """Create the queue's tables as the versions up to revision 0012 did, which recorded no name."""
    for path in sorted(_QUEUE_MIGRATIONS.glob("*.sql")):
        if path.name <= _NEWEST_OF_3_10:
            connection.exec_driver_sql(path.read_text("utf-8").replace("%", "%%"))
