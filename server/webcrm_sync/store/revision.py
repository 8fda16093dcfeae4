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
#: Between two revisions in the comment of Alembic's table.
_USABLE_FROM = " is usable from revision "


class DatabaseNewer(Exception):
    """A later version of the product migrated this database; this one cannot use it."""

    def __init__(self) -> None:
        super().__init__(
            "The database belongs to a later version of webcrm-sync. Install that version, "
            "or restore a backup that is older than its migration."
        )


def is_current(engine: Engine) -> bool:
    """True if this version can use the database's tables. Raises DatabaseNewer.

    They are of this version, or of a later one whose migrations this version survives.
    """
    with engine.connect() as connection:
        if is_later(connection):
            return True
        is_newest = _read_revision(connection) == revisions()[-1]
        return is_newest and not missing_queue_migrations(connection)


def is_later(connection: Connection) -> bool:
    """True if a later version migrated the database and this version survives that.

    Raises DatabaseNewer if this version does not.
    """
    revision = _read_revision(connection)
    if revision is None or revision in revisions():
        return False
    if _read_oldest_usable(connection, revision) > revisions()[-1]:
        raise DatabaseNewer
    return True


def record_oldest_usable(connection: Connection, oldest: str) -> None:
    """Record the oldest revision whose processes can use the tables as they are now."""
    sql = f"COMMENT ON TABLE alembic_version IS '{revisions()[-1]}{_USABLE_FROM}{oldest}'"
    connection.execute(text(sql))


def _read_oldest_usable(connection: Connection, revision: str) -> str:
    """What was recorded for `revision`; itself if nothing was."""
    query = text("SELECT obj_description('alembic_version'::regclass, 'pg_class')")
    recorded, _, oldest = str(connection.scalar(query) or "").partition(_USABLE_FROM)
    return oldest if recorded == revision and oldest else revision


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
