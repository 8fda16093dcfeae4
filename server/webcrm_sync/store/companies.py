"""The company: how far its webCRM has been read, and whether webCRM answers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, bindparam, case, select, text, update
from sqlalchemy.dialects.postgresql import insert

from webcrm_sync.settings import PREFIX
from webcrm_sync.store.database import Tx
from webcrm_sync.store.schema.columns import columns_of
from webcrm_sync.store.schema.tables import company, mailbox

_IS_EMPTY = text("SELECT to_regclass('mailbox') IS NULL")
#: Any two numbers that all processes share, so that only one process at a time adds a mailbox.
_LOCK_ADDING = text("SELECT pg_advisory_xact_lock(7205760, 0)")


class AnotherCompany(Exception):
    """The database holds the mailboxes of another Entra tenant than the settings name."""

    def __init__(self, *, stored: str, configured: str) -> None:
        super().__init__(
            f"This database holds the mailboxes of the Entra tenant {stored}, but "
            f"{PREFIX}ENTRA_TENANT_ID is {configured}. One database holds one company. If that "
            "setting is wrong, correct it. If this is another company, give it a database of its "
            f"own in {PREFIX}DATABASE_URL (without one: a folder of its own in {PREFIX}DATA_DIR)."
        )


@dataclass(frozen=True, slots=True)
class Company:
    """One Entra tenant joined to one webCRM system."""

    id: int
    tenant_id: str
    persons_until: datetime | None
    organisations_until: datetime | None
    opportunities_until: datetime | None
    directory_full_at: datetime | None
    directory_read_at: datetime | None
    mirror_until: datetime | None
    mirror_read_at: datetime | None
    webcrm_due_at: datetime | None
    webcrm_attempts: int
    webcrm_trouble: str | None
    alerts_due_at: datetime | None

    def is_webcrm_paused(self, now: datetime) -> bool:
        """True while webCRM must not be called."""
        return self.webcrm_due_at is not None and self.webcrm_due_at > now


_BY_ID = select(*columns_of(company, Company)).where(company.c.id == bindparam("company"))


def ensure_company(tx: Tx, tenant_id: str) -> int:
    """The id of the company, which is created if missing. Raises AnotherCompany."""
    refuse_another(tx.connection, tenant_id)
    new = insert(company).values(tenant_id=tenant_id.lower(), created_at=tx.now)
    tx.connection.execute(new.on_conflict_do_nothing())
    query = select(company.c.id).where(company.c.tenant_id == tenant_id.lower())
    return int(tx.connection.execute(query).scalar_one())


def refuse_another(connection: Connection, tenant_id: str) -> None:
    """Raise AnotherCompany if another tenant has mailboxes in the database.

    A company without a mailbox does not count, since it may come from a typo during set-up. The
    database may be empty, or of any earlier version.
    """
    if connection.scalar(_IS_EMPTY):
        return
    has_mailbox = select(mailbox.c.id).where(mailbox.c.company_id == company.c.id).exists()
    other_tenants = select(company.c.tenant_id).where(company.c.tenant_id != tenant_id.lower())
    if stored := connection.scalar(
        other_tenants.where(has_mailbox).order_by(company.c.id).limit(1)
    ):
        raise AnotherCompany(stored=stored, configured=tenant_id.lower())


def refuse_second(tx: Tx) -> None:
    """Let no other process add a mailbox until `tx` ends. Raises AnotherCompany.

    Two tenants may have started at once with a database without a mailbox.
    """
    tx.connection.execute(_LOCK_ADDING)
    refuse_another(tx.connection, read_company(tx).tenant_id)


def read_company(tx: Tx) -> Company:
    """The transaction's company."""
    return Company(*tx.connection.execute(_BY_ID, {"company": tx.company_id}).one())


def update_company(tx: Tx, **values: object) -> None:
    """Set columns of the transaction's company."""
    tx.connection.execute(update(company).where(company.c.id == tx.company_id).values(**values))


def claim_due(tx: Tx, column: str, *, interval: timedelta) -> bool:
    """True if the time in `column` has come, which is then set to now plus `interval`."""
    due = company.c[column]
    query = update(company).where(company.c.id == tx.company_id, (due.is_(None)) | (due <= tx.now))
    return tx.connection.execute(query.values({column: tx.now + interval})).rowcount == 1


def read_directory_again(tx: Tx) -> None:
    """Make a full reading of webCRM's Persons and Organisations due now."""
    update_company(tx, persons_until=None, organisations_until=None, directory_due_at=tx.now)


def rewind_mirror(tx: Tx, since: datetime) -> None:
    """Make another reading of the Activities since then, for mirrors, due now."""
    until = case((company.c.mirror_until > since, since), else_=company.c.mirror_until)
    update_company(tx, mirror_until=until, mirror_due_at=tx.now)
