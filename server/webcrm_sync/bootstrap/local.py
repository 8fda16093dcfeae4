"""The product's database, and the context that works without any service."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from webcrm_sync.engine.local_context import LocalContext
from webcrm_sync.localdb.embedded import DatabaseMissing, DatabaseTrouble, embedded
from webcrm_sync.localdb.lifetime import Home
from webcrm_sync.settings import PREFIX, Settings
from webcrm_sync.settings.conflicts import has_key_file
from webcrm_sync.store import companies, mailbox_leases
from webcrm_sync.store.database import Database
from webcrm_sync.store.encryption import Cipher, read_or_create_key
from webcrm_sync.store.revision import is_current


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
    with ExitStack() as stack:
        try:
            url = stack.enter_context(embedded(settings.data_dir, create=create))
        except OSError as error:
            raise _data_dir_trouble(error) from error
        yield url


@contextmanager
def open_local_context(
    settings: Settings, *, url: str | None = None, now: Callable[[], datetime] = utc_now
) -> Iterator[LocalContext]:
    """The context for what the tables alone can answer. Its connections close with the block.

    `url`: of a running database. Raises DatabaseMissing when there is none, DatabaseOutdated when
    it is not migrated, AnotherCompany when it belongs to another tenant.
    """
    if url is None:
        with (
            database_url(settings) as own,
            open_local_context(settings, url=own, now=now) as context,
        ):
            yield context
        return
    with closing(Database(url, now=now)) as database:
        if not is_current(database.engine):
            raise DatabaseOutdated
        with database.begin() as tx:
            company_id = companies.ensure_company(tx, settings.entra_tenant_id)
        with database.begin(company_id) as tx:
            files = _files(settings)
            place = _place(settings) if files else ""
            mailbox_leases.record_identity(tx, files=files, place=place)
        yield LocalContext(
            settings=settings,
            database=database,
            cipher=read_cipher(settings, create=False),
            company_id=company_id,
            now=now,
        )


def _files(settings: Settings) -> str:
    """The number of a file of the embedded server that it never writes again.

    "" = the database is in another server.
    """
    if settings.database_url:
        return ""
    with suppress(FileNotFoundError):
        return str((Home(settings.data_dir).cluster / "PG_VERSION").stat().st_ino)
    return ""


def _place(settings: Settings) -> str:
    """The folder of the embedded server and its machine."""
    machine = ""
    with suppress(OSError):  # a container may have none
        machine = Path("/etc/machine-id").read_text("ascii").strip()
    return f"{settings.data_dir.resolve()} {machine}".strip()


def read_cipher(settings: Settings, *, create: bool) -> Cipher:
    """The encryption of secrets, with the keys of the settings, else with the one in DATA_DIR.

    `create`: create a missing key. Otherwise raises DatabaseMissing.
    """
    if settings.secret_key:
        keys = settings.secret_key.get_secret_value().split(",")
        return Cipher([key.strip() for key in keys if key.strip()])
    if not create and not has_key_file(settings.data_dir):
        raise DatabaseMissing
    try:
        settings.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        return Cipher([read_or_create_key(settings.data_dir)])
    except OSError as error:
        raise _data_dir_trouble(error) from error


def read_kept_key(settings: Settings) -> Cipher | None:
    """The encryption with the key that is kept in DATA_DIR; None without one."""
    if not has_key_file(settings.data_dir):
        return None
    return Cipher([read_or_create_key(settings.data_dir)])


def _data_dir_trouble(error: OSError) -> DatabaseTrouble:
    """The folder is full, read-only, of another user, or no folder."""
    return DatabaseTrouble(
        f"{PREFIX}DATA_DIR cannot be used ({error.strerror or error}): "
        "name a folder that this user may write and that has space."
    )
