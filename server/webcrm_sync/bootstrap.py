"""Builds the context: the only place where settings, database and clients meet."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version

from jwt import PyJWK

from webcrm_sync.engine.body_reader.reader import BodyReader
from webcrm_sync.engine.context import Context
from webcrm_sync.graph.client import GraphClient
from webcrm_sync.graph.signing_keys import SigningKeys
from webcrm_sync.localdb.embedded import DatabaseMissing, embedded
from webcrm_sync.settings import Settings
from webcrm_sync.store import companies
from webcrm_sync.store.database import Database
from webcrm_sync.store.encryption import Seal, read_or_make_key
from webcrm_sync.store.migrate import is_current, migrate
from webcrm_sync.webcrm.client import WebCrm
from webcrm_sync.webcrm.field_metadata import FieldMetadata


class DatabaseOutdated(Exception):
    """The database is of another version."""

    def __init__(self) -> None:
        super().__init__(
            "The database is empty or of an earlier version. Run `webcrm-sync migrate` "
            "(`serve` does it by itself)."
        )


def utc_now() -> datetime:
    """The real clock."""
    return datetime.now(UTC)


@contextmanager
def database_url(settings: Settings, *, create: bool = False) -> Iterator[str]:
    """The address of the product's PostgreSQL, which runs while the block lasts.

    Without DATABASE_URL it is our own, in DATA_DIR; only with `create` is that made.
    Raises DatabaseMissing.
    """
    if settings.database_url:
        yield settings.database_url
        return
    with embedded(settings.data_dir, create=create) as url:
        yield url


def migrate_database(settings: Settings) -> None:
    """Make the database where it is missing and bring it to this version. Idempotent.

    Raises AnotherCompany, before anything is changed.
    """
    _seal(settings, create=True)
    with (
        database_url(settings, create=True) as url,
        closing(Database(url, now=utc_now)) as database,
    ):
        with database.engine.connect() as connection:
            companies.refuse_another(connection, settings.entra_tenant_id)
        migrate(database.engine)


@contextmanager
def open_context(
    settings: Settings, *, url: str | None = None, now: Callable[[], datetime] = utc_now
) -> Iterator[Context]:
    """Everything the engine works with, closed at the end of the block.

    `url`: a database that is open already. Raises DatabaseMissing when it is not there,
    DatabaseOutdated when it was not migrated, AnotherCompany when it is somebody else's.
    """
    if url is None:
        with database_url(settings) as own, open_context(settings, url=own, now=now) as context:
            yield context
        return
    with (
        closing(Database(url, now=now)) as database,
        closing(GraphClient(settings, now=now)) as graph,
        closing(WebCrm(settings, now=now)) as webcrm,
        closing(BodyReader(is_new_text_only=settings.is_new_text_only)) as reader,
    ):
        if not is_current(database.engine):
            raise DatabaseOutdated
        with database.begin() as tx:
            company_id = companies.ensure_company(tx, settings.entra_tenant_id)
        yield Context(
            settings=settings,
            database=database,
            graph=graph,
            webcrm=webcrm,
            seal=_seal(settings, create=False),
            metadata=FieldMetadata(fetch=webcrm.fields, now=now),
            body_reader=reader,
            company_id=company_id,
            now=now,
            version=_version(),
        )


def signing_keys(context: Context) -> Callable[[str], PyJWK | None]:
    """The tenant's public keys by name, for whoever checks people's tokens."""
    return SigningKeys(context.settings, now=context.now).find_key


def _version() -> str:
    """Of the product; empty where it runs without having been installed."""
    with suppress(PackageNotFoundError):
        return version("webcrm-sync")
    return ""


def _seal(settings: Settings, *, create: bool) -> Seal:
    """The key that secrets are sealed with: from the settings, else kept in DATA_DIR."""
    if settings.secret_key:
        keys = settings.secret_key.get_secret_value().split(",")
        return Seal([key.strip() for key in keys if key.strip()])
    if not create and not (settings.data_dir / "secret.key").is_file():
        raise DatabaseMissing
    settings.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    return Seal([read_or_make_key(settings.data_dir)])
