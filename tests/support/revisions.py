"""A database of another version of the product, beside the one that every test uses."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy
from alembic import command
from alembic.config import Config
from sqlalchemy import Engine, NullPool, text

from webcrm_sync.store import migrate as package
from webcrm_sync.store.database import sqlalchemy_url

_MIGRATIONS = Path(package.__file__).parent / "migrations"


@contextmanager
def database_of(server_url: str, revision: str) -> Iterator[Engine]:
    """An empty database of a revision on a server, which is dropped at the end."""
    server = sqlalchemy.create_engine(
        sqlalchemy_url(server_url), isolation_level="AUTOCOMMIT", poolclass=NullPool
    )
    name = f"of_{revision}"
    with server.connect() as connection:
        connection.execute(text(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)"))
        connection.execute(text(f"CREATE DATABASE {name}"))
    engine = sqlalchemy.create_engine(server.url.set(database=name), poolclass=NullPool)
    bring_to(engine, revision)
    yield engine
    with server.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))


def bring_to(engine: Engine, revision: str, *, is_back: bool = False) -> None:
    """Bring our tables to a revision, a later or (`is_back`) an earlier one."""
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        (command.downgrade if is_back else command.upgrade)(config, revision)
