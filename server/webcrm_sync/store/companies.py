"""The company: how far its webCRM has been read, and whether webCRM answers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, case, select, text, update
from sqlalchemy.dialects.postgresql import insert

from webcrm_sync.settings import PREFIX
from webcrm_sync.store.database import Tx
from webcrm_sync.store.schema.tables import company, mailbox

_IS_EMPTY = text("SELECT to_regclass('mailbox') IS NULL")
#: Any two numbers of our own: mailboxes are added one after another, whoever adds them.
_LOCK_ADDING = text("SELECT pg_advisory_xact_lock(7205760, 0)")


class AnotherCompany(Exception):
    """The database holds the mailboxes of another Entra tenant than the settings name."""

    def __init__(self, *, held: str, asked: str) -> None:
        super().__init__(
            f"This database holds the mailboxes of the Entra tenant {held}, but "
            f"{PREFIX}ENTRA_TENANT_ID is {asked}. One database holds one company. If that setting "
            "is wrong, correct it. If this is another company, give it a database of its own in "
            f"{PREFIX}DATABASE_URL (without one: a folder of its own in {PREFIX}DATA_DIR)."
        )


@dataclass(frozen=True, slots=True)
class Company:
    """One Entra tenant joined to one webCRM system."""

    id: int
    tenant_id: str
    persons_until: datetime | None
    organisations_until: datetime | None
    directory_full_at: datetime | None
    mirror_until: datetime | None
    webcrm_due_at: datetime | None
    webcrm_attempts: int
    webcrm_trouble: str | None

    def is_webcrm_shut(self, now: datetime) -> bool:
        """True while webCRM's gate is closed, and webCRM is to be left alone."""
        return self.webcrm_due_at is not None and self.webcrm_due_at > now


_COMPANY = [company.c[f] for f in Company.__dataclass_fields__]


def ensure_company(tx: Tx, tenant_id: str) -> int:
    """The id of the company, made on first use. Raises AnotherCompany."""
    refuse_another(tx.connection, tenant_id)
    new = insert(company).values(tenant_id=tenant_id.lower(), created_at=tx.now)
    tx.connection.execute(new.on_conflict_do_nothing())
    query = select(company.c.id).where(company.c.tenant_id == tenant_id.lower())
    return int(tx.connection.execute(query).scalar_one())


def refuse_another(connection: Connection, tenant_id: str) -> None:
    """Raises AnotherCompany when another tenant than this one has mailboxes in the database.

    A company without a mailbox is none: it may be a typo of the first set-up. The database may be
    empty, or of any earlier version.
    """
    if connection.scalar(_IS_EMPTY):
        return
    has_mailbox = select(mailbox.c.id).where(mailbox.c.company_id == company.c.id).exists()
    others = select(company.c.tenant_id).where(company.c.tenant_id != tenant_id.lower())
    if held := connection.scalar(others.where(has_mailbox).order_by(company.c.id).limit(1)):
        raise AnotherCompany(held=held, asked=tenant_id.lower())


def refuse_second(tx: Tx) -> None:
    """Before a mailbox is added, alone until the transaction's end. Raises AnotherCompany.

    Two tenants may both have started over a database that had no mailbox.
    """
    tx.connection.execute(_LOCK_ADDING)
    refuse_another(tx.connection, read_company(tx).tenant_id)


def read_company(tx: Tx) -> Company:
    """The transaction's company."""
    query = select(*_COMPANY).where(company.c.id == tx.company_id)
    return Company(**tx.connection.execute(query).mappings().one())


def update_company(tx: Tx, **values: object) -> None:
    """Set columns of the transaction's company."""
    tx.connection.execute(update(company).where(company.c.id == tx.company_id).values(**values))


def claim_due(tx: Tx, column: str, *, again: timedelta) -> bool:
    """True when the company's `column` is due; it is then set to the next time."""
    due = company.c[column]
    query = update(company).where(company.c.id == tx.company_id, (due.is_(None)) | (due <= tx.now))
    return tx.connection.execute(query.values({column: tx.now + again})).rowcount == 1


def read_directory_again(tx: Tx) -> None:
    """Read all of webCRM's Persons and Organisations at the next look, which is now."""
    update_company(tx, persons_until=None, organisations_until=None, directory_due_at=tx.now)


def rewind_mirror(tx: Tx, since: datetime) -> None:
    """Look again at what webCRM sent from `since` on, at once."""
    until = case((company.c.mirror_until > since, since), else_=company.c.mirror_until)
    update_company(tx, mirror_until=until, mirror_due_at=tx.now)
