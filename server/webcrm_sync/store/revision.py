"""Whether a database has the tables of this version of the product, and which it lacks."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path

from procrastinate.schema import SchemaManager
from sqlalchemy import Connection, Engine, text

#: The directory of the migrations, of which each file's name starts with its revision.
MIGRATIONS = Path(__file__).parent / "migrations"
#: The newest migration of Procrastinate 3.10.0. Earlier versions of the product installed only that
#: version, and recorded no migration.
_UNRECORDED = "03.04.00_50_post_add_retry_failed_job_procedure.sql"


class DatabaseNewer(Exception):
    """A later version of the product migrated this database; there is no way back."""

    def __init__(self) -> None:
        super().__init__(
            "The database belongs to a later version of webcrm-sync. Install that version, "
            "or restore a backup that is older than its migration."
        )


def is_current(engine: Engine) -> bool:
    """True if the database has the tables of exactly this version. Raises DatabaseNewer."""
    with engine.connect() as connection:
        refuse_newer(connection)
        is_newest = _read_revision(connection) == revisions()[-1]
        return is_newest and not missing_queue_migrations(connection)


def refuse_newer(connection: Connection) -> None:
    """Raise DatabaseNewer if a later version of the product migrated the database."""
    revision = _read_revision(connection)
    if revision is not None and revision not in revisions():
        raise DatabaseNewer


@cache
def revisions() -> tuple[str, ...]:
    """The revisions of this version, oldest first."""
    files = (MIGRATIONS / "versions").glob("[0-9]*.py")
    return tuple(sorted(file.name.partition("_")[0] for file in files))


def _read_revision(connection: Connection) -> str | None:
    """The revision that Alembic has recorded, None for a database without the product's tables."""
    if connection.scalar(text("SELECT to_regclass('alembic_version')")) is None:
        return None
    revision: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
    return revision


# ---- the queue ----------------------------------------------------------------------------


def has_queue(connection: Connection) -> bool:
    """True if the database has Procrastinate's tables."""
    return connection.scalar(text("SELECT to_regclass('procrastinate_jobs')")) is not None


def missing_queue_migrations(connection: Connection) -> Sequence[Path]:
    """Procrastinate's migrations that the database lacks, in their order.

    Procrastinate records none (its docs: Migrations). So the comment of its table of jobs holds the
    name of the last one.
    """
    if not has_queue(connection):
        return queue_migrations()
    query = text("SELECT obj_description('procrastinate_jobs'::regclass, 'pg_class')")
    last = connection.scalar(query) or _UNRECORDED
    return [path for path in queue_migrations() if path.name > last]


@cache
def queue_migrations() -> tuple[Path, ...]:
    """Procrastinate's migrations, one SQL file each; their names sort by version."""
    return tuple(sorted(Path(SchemaManager.get_migrations_path()).glob("*.sql")))
