"""Builds the context from settings, database and clients. No other module connects them."""

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
from webcrm_sync.store.encryption import Cipher, read_or_create_key
from webcrm_sync.store.migrate import is_current, migrate
from webcrm_sync.store.webcrm_line import Caller, WebCrmLine
from webcrm_sync.webcrm.client import WebCrm
from webcrm_sync.webcrm.field_metadata import FieldMetadata


class DatabaseOutdated(Exception):
    """The database belongs to an earlier version of the product."""

    def __init__(self) -> None:
        super().__init__(
            "The database is empty or of an earlier version. Run `webcrm-sync migrate` "
            "(`serve` does it by itself)."
        )


def utc_now() -> datetime:
    """The current time."""
    return datetime.now(UTC)


@contextmanager
def database_url(settings: Settings, *, create: bool = False) -> Iterator[str]:
    """The URL of the product's PostgreSQL, which runs during the block.

    Without DATABASE_URL it is the embedded one in DATA_DIR, which `create` creates.
    Raises DatabaseMissing.
    """
    if settings.database_url:
        yield settings.database_url
        return
    with embedded(settings.data_dir, create=create) as url:
        yield url


def migrate_database(settings: Settings) -> None:
    """Create the database if it is missing and upgrade it to this version. Idempotent.

    Raises AnotherCompany before it changes anything.
    """
    _cipher(settings, create=True)
    with (
        database_url(settings, create=True) as url,
        closing(Database(url, now=utc_now)) as database,
    ):
        with database.engine.connect() as connection:
            companies.refuse_another(connection, settings.entra_tenant_id)
        migrate(database.engine)


@contextmanager
def open_context(
    settings: Settings,
    *,
    caller: Caller = Caller.JOB,
    url: str | None = None,
    now: Callable[[], datetime] = utc_now,
) -> Iterator[Context]:
    """The engine's context, whose connections close at the end of the block.

    `caller`: whose questions to webCRM it asks. `url`: of a running database. Raises
    DatabaseMissing when there is none, DatabaseOutdated when it is not migrated, AnotherCompany
    when it belongs to another tenant.
    """
    if url is None:
        with (
            database_url(settings) as own,
            open_context(settings, caller=caller, url=own, now=now) as context,
        ):
            yield context
        return
    with (
        _open_database(settings, url, now) as (database, company_id),
        closing(GraphClient(settings, now=now)) as graph,
        closing(WebCrmLine(url, company_id, caller=caller)) as line,
        closing(WebCrm(settings, now=now, line=line)) as webcrm,
        closing(BodyReader(is_new_text_only=settings.is_new_text_only)) as reader,
    ):
        yield Context(
            settings=settings,
            database=database,
            graph=graph,
            webcrm=webcrm,
            cipher=_cipher(settings, create=False),
            metadata=FieldMetadata(fetch=webcrm.list_fields, now=now),
            body_reader=reader,
            company_id=company_id,
            now=now,
            version=_version(),
        )


@contextmanager
def _open_database(
    settings: Settings, url: str, now: Callable[[], datetime]
) -> Iterator[tuple[Database, int]]:
    """The database of this version, and the id of the settings' company in it."""
    with closing(Database(url, now=now)) as database:
        if not is_current(database.engine):
            raise DatabaseOutdated
        with database.begin() as tx:
            company_id = companies.ensure_company(tx, settings.entra_tenant_id)
        yield database, company_id


def signing_keys(context: Context) -> Callable[[str], PyJWK | None]:
    """Finds the tenant's public keys by key id, to verify people's tokens."""
    return SigningKeys(context.settings, now=context.now).find_key


def _version() -> str:
    """The product's version, empty when it runs without an installation."""
    with suppress(PackageNotFoundError):
        return version("webcrm-sync")
    return ""


def _cipher(settings: Settings, *, create: bool) -> Cipher:
    """The encryption of secrets, with the keys of the settings, else with the one in DATA_DIR."""
    if settings.secret_key:
        keys = settings.secret_key.get_secret_value().split(",")
        return Cipher([key.strip() for key in keys if key.strip()])
    if not create and not (settings.data_dir / "secret.key").is_file():
        raise DatabaseMissing
    settings.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    return Cipher([read_or_create_key(settings.data_dir)])
