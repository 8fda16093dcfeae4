"""The company's mailboxes and their sync folders."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Text, bindparam, case, delete, func, literal, select, union_all, update
from sqlalchemy.dialects.postgresql import insert

from webcrm_sync.core.addresses import fold_address
from webcrm_sync.core.direction import Internals
from webcrm_sync.core.events import EventKind
from webcrm_sync.core.jobs import Job
from webcrm_sync.core.mailbox_lease import CHECK_EVERY
from webcrm_sync.core.outlook import MailUser, Place
from webcrm_sync.store import companies, job_failures
from webcrm_sync.store.any_of import any_of
from webcrm_sync.store.database import Tx
from webcrm_sync.store.schedule import NEVER
from webcrm_sync.store.schema.columns import columns_of
from webcrm_sync.store.schema.directory import crm_user
from webcrm_sync.store.schema.tables import IS_OPEN, email, folder, item, mailbox
from webcrm_sync.store.schema.tables import mailbox_address as alias


@dataclass(frozen=True, slots=True)
class Mailbox:
    """A watched mailbox. `paused_at`: when an administrator paused it, None = it is not paused.

    `lease_until`: nothing may be written for it afterwards, None = its lease is not ours.
    `elsewhere_since`: since when another installation is known to work on it, None = none is.
    """

    id: int
    user_id: str
    address: str
    display_name: str
    is_shared: bool
    added_at: datetime
    mirror_since: datetime
    paused_until: datetime | None
    attempts: int
    trouble: str | None
    push_trouble: str | None
    paused_at: datetime | None = None
    lease_until: datetime | None = None
    elsewhere_since: datetime | None = None

    def back_off_end(self, now: datetime) -> datetime | None:
        """When Graph may be called again, None = now.

        After an administrator paused it, nobody knows: the time at which work looks again.
        """
        if self.paused_at:
            return now + _LOOK_AGAIN
        return self.paused_until if self.paused_until and self.paused_until > now else None

    def pause_end(self, now: datetime) -> datetime | None:
        """When the mailbox's pause ends, None = it may be read.

        While another installation works on it, this is the time of the next check.
        """
        return now + CHECK_EVERY if self.elsewhere_since else self.back_off_end(now)

    def may_be_written(self, now: datetime) -> bool:
        """True while we hold the mailbox's lease, and Graph may be called."""
        is_leased = self.lease_until is not None and self.lease_until > now
        return is_leased and self.pause_end(now) is None


@dataclass(frozen=True, slots=True)
class SyncFolder:
    """A sync folder of a watched mailbox, known by its Graph id.

    `round`: the number of full readings. `read_begun_for`: the request that the last reading began
    for. `subscription_address`: a part of the address to which Graph sends its notifications,
    None = a version created the subscription whose addresses held no secret.
    `replaced_subscription_id`: an earlier subscription that is still to be deleted in Graph.
    `has_more`: Graph has further pages behind the cursor. `busy_at`: the end of the last reading
    if that listed many changes.
    """

    id: int
    mailbox_id: int
    graph_id: str
    place: Place
    parents: tuple[str, ...]
    cursor: str | None
    round: int
    is_known: bool
    read_requested_at: datetime | None
    poll_due_at: datetime | None
    push_doubted_at: datetime | None
    subscription_id: str | None
    client_state: str | None
    subscription_expires_at: datetime | None
    selection: int = 0
    read_begun_for: datetime | None = None
    subscription_address: str | None = None
    replaced_subscription_id: str | None = None
    has_more: bool = False
    busy_at: datetime | None = None

    @property
    def is_busy(self) -> bool:
        """True while many changes are read, or were by the last reading: more may come."""
        return self.has_more or self.busy_at is not None

    @property
    def subscription_ids(self) -> tuple[str, ...]:
        """The subscriptions that Graph may still have for the folder."""
        return tuple(i for i in (self.subscription_id, self.replaced_subscription_id) if i)

    @property
    def is_read_requested(self) -> bool:
        """True if a requested reading has not begun yet: another request would add nothing."""
        return self.read_requested_at is not None and self.read_requested_at != self.read_begun_for

    def is_polled_by(self, at: datetime) -> bool:
        """True if the next poll of the folder is due at this time at the latest."""
        return self.poll_due_at is not None and self.poll_due_at <= at


#: How often work that waits for a paused mailbox looks whether it was resumed.
_LOOK_AGAIN = timedelta(minutes=10)
_MAILBOX = columns_of(mailbox, Mailbox)
_FOLDER = columns_of(folder, SyncFolder)
_ONE_MAILBOX = select(*_MAILBOX).where(
    mailbox.c.id == bindparam("mailbox"), mailbox.c.company_id == bindparam("company")
)
_COLLEAGUES = union_all(
    select(alias.c.address, literal(False).label("is_user"))
    .join(mailbox)
    .where(mailbox.c.company_id == bindparam("company")),
    select(crm_user.c.address, literal(True)).where(crm_user.c.company_id == bindparam("company")),
)
_FOLDERS = select(*_FOLDER).where(folder.c.mailbox_id == bindparam("mailbox")).order_by(folder.c.id)


def all_mailboxes(tx: Tx) -> Sequence[Mailbox]:
    """The company's mailboxes, ordered by address."""
    query = select(*_MAILBOX).where(mailbox.c.company_id == tx.company_id)
    rows = tx.connection.execute(query.order_by(mailbox.c.address)).mappings()
    return [Mailbox(**row) for row in rows]


def read_mailbox(tx: Tx, mailbox_id: int) -> Mailbox | None:
    """A mailbox of the company, None if it was removed."""
    parameters = {"mailbox": mailbox_id, "company": tx.company_id}
    row = tx.connection.execute(_ONE_MAILBOX, parameters).mappings().one_or_none()
    return Mailbox(**row) if row else None


def mailbox_of_user(tx: Tx, user_id: str) -> int | None:
    """The id of this person's own mailbox, None if it is not watched."""
    query = select(mailbox.c.id).where(
        mailbox.c.company_id == tx.company_id, mailbox.c.user_id == user_id
    )
    mailbox_id: int | None = tx.connection.scalar(query)
    return mailbox_id


def find_mailbox(tx: Tx, address: str) -> Mailbox | None:
    """The watched mailbox with this address, None if no mailbox has it."""
    query = (
        select(*_MAILBOX)
        .outerjoin(alias, alias.c.mailbox_id == mailbox.c.id)
        .where(mailbox.c.company_id == tx.company_id)
        .where((alias.c.address == fold_address(address)) | (mailbox.c.address == address))
    )
    row = tx.connection.execute(query).mappings().first()
    return Mailbox(**row) if row else None


def save_mailbox(tx: Tx, user: MailUser, *, mirror_since: datetime) -> int:
    """Add or update a mailbox. Returns its id. Idempotent. Raises AnotherCompany."""
    companies.refuse_second(tx)
    values = {
        "address": user.address,
        "display_name": user.display_name,
        "is_shared": user.is_shared,
    }
    new = insert(mailbox).values(
        company_id=tx.company_id,
        user_id=user.user_id,
        added_at=tx.now,
        mirror_since=mirror_since,
        keep_due_at=tx.now,
        **values,
    )
    paused_until = case((mailbox.c.paused_at.is_not(None), mailbox.c.paused_until))
    new_or_known = new.on_conflict_do_update(
        index_elements=[mailbox.c.company_id, mailbox.c.user_id],
        set_={**values, "keep_due_at": tx.now, "trouble": None, "paused_until": paused_until},
    )
    mailbox_id = int(tx.connection.execute(new_or_known.returning(mailbox.c.id)).scalar_one())
    # Legacy addresses stay: some come from mails, and Entra does not list those.
    is_smtp = alias.c.address.contains("@")
    tx.connection.execute(delete(alias).where(alias.c.mailbox_id == mailbox_id, is_smtp))
    add_aliases(tx, mailbox_id, user.aliases | {user.address})
    return mailbox_id


def add_aliases(tx: Tx, mailbox_id: int, addresses: Iterable[str]) -> frozenset[str]:
    """Add addresses of the mailbox. Returns those that are new, folded."""
    rows = [
        {"mailbox_id": mailbox_id, "address": a} for a in sorted(set(map(fold_address, addresses)))
    ]
    new = insert(alias).on_conflict_do_nothing().returning(alias.c.address)
    added = frozenset(tx.connection.execute(new, rows).scalars())
    if added:
        tx.note_directory_change()
    return added


def remove_mailbox(tx: Tx, mailbox_id: int) -> None:
    """Delete a mailbox with all its rows, and the e-mails that have no copy elsewhere."""
    lock(tx, mailbox_ids=[mailbox_id])
    of_mailbox = select(folder.c.id).where(folder.c.mailbox_id == mailbox_id)
    lock(tx, folder_ids=tx.connection.execute(of_mailbox).scalars())
    tx.connection.execute(delete(mailbox).where(mailbox.c.id == mailbox_id))
    job_failures.forget_mailbox(tx, mailbox_id)
    orphan = ~select(item.c.id).where(item.c.email_id == email.c.id).exists()
    tx.connection.execute(delete(email).where(email.c.company_id == tx.company_id, orphan))
    tx.note_directory_change()


def set_mailbox(tx: Tx, mailbox_id: int, **values: object) -> None:
    """Set columns of a mailbox."""
    tx.connection.execute(update(mailbox).where(mailbox.c.id == mailbox_id).values(**values))


def maintain_now(tx: Tx, mailbox_ids: Iterable[int]) -> None:
    """Make maintenance of these mailboxes due now: of their folders and subscriptions."""
    ids = sorted(set(mailbox_ids))
    lock(tx, mailbox_ids=ids)
    query = update(mailbox).where(any_of(mailbox.c.id, ids)).values(keep_due_at=tx.now)
    if ids:
        tx.connection.execute(query)
    for mailbox_id in ids:
        tx.defer(Job.MAINTAIN, mailbox_id)


def internals(tx: Tx, domains: frozenset[str]) -> Internals:
    """The colleagues: watched mailboxes, webCRM users and the configured domains."""
    rows = tx.connection.execute(_COLLEAGUES, {"company": tx.company_id}).all()
    return Internals.of(
        frozenset(row.address for row in rows if not row.is_user),
        frozenset(row.address for row in rows if row.is_user and row.address),
        domains,
    )


def folders(tx: Tx, mailbox_id: int) -> Sequence[SyncFolder]:
    """The mailbox's sync folders, ordered by id."""
    rows = tx.connection.execute(_FOLDERS, {"mailbox": mailbox_id}).mappings()
    return [SyncFolder(**row) for row in rows]


def folders_by_subscription(tx: Tx, subscription_ids: Iterable[str]) -> Mapping[str, SyncFolder]:
    """The company's folders by push subscription. All ids are in lower case."""
    key = func.lower(folder.c.subscription_id, type_=Text)
    query = (
        select(*_FOLDER)
        .join(mailbox, mailbox.c.id == folder.c.mailbox_id)
        .where(mailbox.c.company_id == tx.company_id, any_of(key, subscription_ids))
    )
    rows = tx.connection.execute(query).mappings()
    return {row["subscription_id"].lower(): SyncFolder(**row) for row in rows}


def subscribed_folders(tx: Tx) -> Sequence[SyncFolder]:
    """The company's folders with a push subscription, ordered by id."""
    query = (
        select(*_FOLDER)
        .join(mailbox, mailbox.c.id == folder.c.mailbox_id)
        .where(mailbox.c.company_id == tx.company_id, folder.c.subscription_id.is_not(None))
        .order_by(folder.c.id)
    )
    return [SyncFolder(**row) for row in tx.connection.execute(query).mappings()]


def lock(tx: Tx, *, mailbox_ids: Iterable[int] = (), folder_ids: Iterable[int] = ()) -> None:
    """Lock these mailboxes, then these folders, each by id, until `tx` ends.

    Call this before you change several of these rows, or a folder and its mailbox. An event of a
    mailbox locks the mailbox too, by its foreign key. `items.locks` has the order of all locks.
    """
    for table, ids in ((mailbox, mailbox_ids), (folder, folder_ids)):
        if unique_ids := set(ids):
            query = select(table.c.id).where(any_of(table.c.id, unique_ids)).order_by(table.c.id)
            tx.connection.execute(query.with_for_update(key_share=True))


def add_folder(
    tx: Tx, mailbox_id: int, *, graph_id: str, place: Place, parents: Sequence[str]
) -> None:
    """Add a sync folder, whose first reading is due at once. Idempotent."""
    new = insert(folder).values(
        mailbox_id=mailbox_id,
        graph_id=graph_id,
        place=place,
        parents=list(parents),
        read_requested_at=tx.now,
        poll_due_at=tx.now,
    )
    tx.connection.execute(new.on_conflict_do_nothing())


def set_folder(tx: Tx, folder_id: int, **values: object) -> None:
    """Set columns of a sync folder."""
    tx.connection.execute(update(folder).where(folder.c.id == folder_id).values(**values))


def set_subscribed_folder(tx: Tx, seen: SyncFolder, **values: object) -> None:
    """Set columns of a sync folder, unless its subscription has changed since it was `seen`."""
    is_unchanged = folder.c.subscription_id == seen.subscription_id
    query = update(folder).where(folder.c.id == seen.id, is_unchanged)
    tx.connection.execute(query.values(**values))


def has_old_address(tx: Tx) -> bool:
    """True while a subscription of the company has a notification address without a secret."""
    query = select(folder.c.id).join(mailbox, mailbox.c.id == folder.c.mailbox_id)
    query = query.where(
        mailbox.c.company_id == tx.company_id,
        folder.c.subscription_id.is_not(None),
        folder.c.subscription_address.is_(None),
    )
    return bool(tx.connection.scalar(select(query.exists())))


def drop_folder(tx: Tx, folder_id: int) -> None:
    """Delete a sync folder; its items stay, with their history."""
    tx.connection.execute(delete(folder).where(folder.c.id == folder_id))


def pause(tx: Tx, mailbox_id: int, *, until: datetime, trouble: str, attempts: int) -> bool:
    """Do not call Graph for this mailbox before `until`, nor before an earlier pause ends.

    `attempts`: failures in a row. False if the mailbox was removed.
    """
    paused_until = func.greatest(mailbox.c.paused_until, until)  # ignores NULL
    query = update(mailbox).where(mailbox.c.id == mailbox_id)
    paused = query.values(paused_until=paused_until, attempts=attempts, trouble=trouble)
    return tx.connection.execute(paused).rowcount == 1


def resume(tx: Tx, mailbox_id: int) -> None:
    """End the pause of a mailbox that Graph answers for again."""
    query = update(mailbox).where(
        mailbox.c.id == mailbox_id, mailbox.c.attempts > 0, mailbox.c.paused_at.is_(None)
    )
    done = tx.connection.execute(query.values(paused_until=None, attempts=0, trouble=None))
    if done.rowcount:
        tx.record_event(EventKind.MAILBOX_RESUMED, mailbox_id=mailbox_id)


def pause_by_admin(tx: Tx, mailbox_id: int) -> bool:
    """Pause the mailbox until `resume_by_admin`. False if it is paused already."""
    query = update(mailbox).where(mailbox.c.id == mailbox_id, mailbox.c.paused_at.is_(None))
    done = tx.connection.execute(query.values(paused_at=tx.now, paused_until=NEVER))
    if done.rowcount:
        tx.record_event(EventKind.PAUSED_BY_ADMIN, mailbox_id=mailbox_id)
    return bool(done.rowcount)


def resume_by_admin(tx: Tx, mailbox_id: int) -> None:
    """Resume a paused mailbox now, as if it had no trouble."""
    values = {"paused_at": None, "paused_until": None, "attempts": 0, "trouble": None}
    set_mailbox(tx, mailbox_id, keep_due_at=tx.now, **values)
    tx.record_event(EventKind.RESUMED_BY_ADMIN, mailbox_id=mailbox_id)


def open_counts(tx: Tx, mailbox_id: int) -> Mapping[str, int]:
    """The number of the mailbox's items per open state."""
    query = select(item.c.state, func.count().label("number"))
    query = query.where(item.c.mailbox_id == mailbox_id, IS_OPEN).group_by(item.c.state)
    return {row.state: row.number for row in tx.connection.execute(query)}


def counts_by_state(tx: Tx) -> Mapping[int, Mapping[str, int]]:
    """Per mailbox id the number of its items per state."""
    query = (
        select(item.c.mailbox_id, item.c.state, func.count())
        .join(mailbox, mailbox.c.id == item.c.mailbox_id)
        .where(mailbox.c.company_id == tx.company_id)
        .group_by(item.c.mailbox_id, item.c.state)
    )
    counts: dict[int, dict[str, int]] = {}
    for mailbox_id, state, number in tx.connection.execute(query):
        counts.setdefault(mailbox_id, {})[state] = number
    return counts
