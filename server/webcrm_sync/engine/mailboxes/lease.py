"""Holds the lease on a mailbox, so that no two installations work on it.

The text on the folder is recorded before it is written, and again after the answer. Wherever this
is interrupted, the next check recognises its own text and goes on from there.
"""

from __future__ import annotations

import logging
import secrets
import socket
import time
from collections.abc import Sequence
from datetime import datetime

from webcrm_sync.core.errors import Refused
from webcrm_sync.core.events import EventKind
from webcrm_sync.core.jobs import Job
from webcrm_sync.core.mailbox_lease import (
    LONGEST_GAP,
    RELEASED,
    SETTLE,
    Holder,
    MailboxLease,
    Step,
    describe_rival,
    format_lease,
    next_step,
    parse_holder,
    wait_after_claim,
    work_until,
)
from webcrm_sync.core.outlook import Place
from webcrm_sync.engine.context import Context
from webcrm_sync.engine.local_context import LocalContext
from webcrm_sync.engine.mailboxes.folders import KnownFolders
from webcrm_sync.store import mailbox_leases, mailboxes
from webcrm_sync.store.items.locks import lock_company
from webcrm_sync.store.mailboxes import Mailbox, SyncFolder

logger = logging.getLogger(__name__)

#: What an administrator can do about another installation.
REMEDY = (
    "Nothing is read or written here. To work on it here, stop the other installation and run "
    "`webcrm-sync mailbox add ADDRESS --take-over`."
)
_CANNOT_WRITE = "errorquotaexceeded"


class HeldElsewhere(Refused):
    """Another installation works on the mailbox. The message says which, and what to do."""

    def __init__(self, rival: str, now: datetime) -> None:
        super().__init__(
            f"{describe_rival(rival, now)} Nothing was changed. Stop that installation, or remove "
            "the mailbox from it; then repeat the command with --take-over."
        )


def check_at_start(context: Context) -> None:
    """Check every lease before anything is written, unless a worker of this database runs already.

    A restored copy of the database thus meets its original before it does anything.
    """
    with context.begin() as tx:
        if not mailbox_leases.has_living_worker(tx):
            mailbox_leases.check_all(tx, is_start=True)


def check_lease(context: Context, box: Mailbox, known: KnownFolders) -> bool:
    """True if this installation may maintain the mailbox now.

    Renews our lease, claims a free one, and stops all work if another installation holds it.
    """
    anchor = anchor_of(known.folders)
    facts = known.facts.get(anchor.graph_id) if anchor else None
    with context.begin() as tx:
        lease = mailbox_leases.read(tx, box.id)
    if anchor is None or facts is None:  # the folder must be made first
        return box.elsewhere_since is None or lease.may_take_over
    step = next_step(facts.lease, lease, known.read_at)
    if step is Step.HOLD or step is Step.RENEW:
        _record_held(context, box, lease, known.read_at)
        if step is Step.RENEW:
            _renew(context, box, anchor, known.read_at)
        return True
    if step is Step.CLAIM:
        _claim(context, box, known, anchor, lease)
    elif step is Step.WRITTEN:
        _record_written(context, box, lease.intended or "", confirm_at=lease.confirm_at)
    elif step is Step.WAIT:
        with context.begin() as tx:
            mailboxes.set_mailbox(tx, box.id, keep_due_at=lease.confirm_at)
    else:
        _stop(context, box, facts.lease or "")
    return False


def anchor_of(folders: Sequence[SyncFolder]) -> SyncFolder | None:
    """The sync folder that carries the lease: the one under Inbox, if it is known."""
    ranked = sorted(folders, key=lambda folder: (folder.place is not Place.INBOX, folder.id))
    return ranked[0] if ranked else None


def find_rival(context: Context, user_id: str, folder_ids: Sequence[str]) -> str | None:
    """The lease of another installation on the mailbox, None = there is none.

    `folder_ids`: the folders that have a sync folder's name now. The folders that we know count
    too, since a person may have renamed them. If none of those is left, the lease that we found
    last still counts.
    """
    with context.begin() as tx:
        mailbox_id = mailboxes.mailbox_of_user(tx, user_id)
        known = mailboxes.folders(tx, mailbox_id) if mailbox_id else ()
        own = mailbox_leases.read(tx, mailbox_id) if mailbox_id else MailboxLease()
    ids = list(dict.fromkeys([*folder_ids, *(folder.graph_id for folder in known)]))
    facts = context.graph.fetch_folder_facts(user_id, ids) if ids else {}
    free = {None, RELEASED, own.written, own.intended}
    found = next((one.lease for one in facts.values() if one and one.lease not in free), None)
    anchor = anchor_of(known)
    is_gone = anchor is None or facts[anchor.graph_id] is None
    return found or (own.rival if is_gone else None)


def stop_for_rival(context: Context, user_id: str, rival: str) -> None:
    """Stop all work on a watched mailbox, on which another installation's lease was found."""
    with context.begin() as tx:
        mailbox_id = mailboxes.mailbox_of_user(tx, user_id)
        box = mailboxes.read_mailbox(tx, mailbox_id) if mailbox_id is not None else None
    if box is not None:
        _stop(context, box, rival)


def list_watched(context: LocalContext) -> Sequence[str]:
    """The addresses of the watched mailboxes."""
    with context.begin() as tx:
        return [box.address for box in mailboxes.all_mailboxes(tx)]


def list_elsewhere(context: LocalContext) -> Sequence[str]:
    """The addresses of the watched mailboxes on which another installation works."""
    with context.begin() as tx:
        return [box.address for box in mailboxes.all_mailboxes(tx) if box.elsewhere_since]


def release(context: Context, box: Mailbox, folders: Sequence[SyncFolder]) -> None:
    """Free the mailbox for other installations, if the lease is ours. Raises SyncError."""
    anchor = anchor_of(folders)
    facts = context.graph.fetch_folder_facts(box.user_id, [anchor.graph_id]) if anchor else {}
    found = next((one.lease for one in facts.values() if one), None)
    with context.begin() as tx:
        own = mailbox_leases.read(tx, box.id)
    if anchor and found is not None and found in {own.written, own.intended}:
        context.graph.save_lease(box.user_id, anchor.graph_id, RELEASED)


def _record_held(context: Context, box: Mailbox, lease: MailboxLease, checked_at: datetime) -> None:
    with context.begin() as tx:
        if lease.is_unsure:
            lock_company(tx)
            mailbox_leases.doubt_work(tx, box.id, lease.checked_at or box.added_at)
            mailboxes.set_mailbox(tx, box.id, trouble=None)
            tx.record_event(EventKind.LEASE_TAKEN, mailbox_id=box.id)
        held = {"checked_at": checked_at, "confirm_at": None, "is_unsure": False}
        mailbox_leases.save(tx, box.id, **held)
        mailboxes.set_mailbox(tx, box.id, lease_until=work_until(lease, checked_at))
        if lease.confirm_at:
            tx.defer(Job.FILE, tx.company_id)


def _renew(context: Context, box: Mailbox, anchor: SyncFolder, checked_at: datetime) -> None:
    with context.begin() as tx:
        lease = mailbox_leases.read(tx, box.id)
    _write(context, box, anchor, _intend(context, box, lease))
    with context.begin() as tx:
        lease = mailbox_leases.read(tx, box.id)
        mailboxes.set_mailbox(tx, box.id, lease_until=work_until(lease, checked_at))


def _intend(context: Context, box: Mailbox, lease: MailboxLease) -> str:
    """The text to write next, which is recorded. It is the same until its write is answered."""
    now = context.now()
    name = f"{context.settings.public_url} on {socket.gethostname()}"
    text = format_lease(Holder(name, lease.since or now, now), secrets.token_hex(8))
    with context.begin() as tx:
        mailbox_leases.save(tx, box.id, intended=lease.intended or text, since=lease.since or now)
    return lease.intended or text


def _claim(
    context: Context, box: Mailbox, known: KnownFolders, anchor: SyncFolder, lease: MailboxLease
) -> None:
    """Write a new lease, to be read back after a while."""
    facts = known.facts[anchor.graph_id]
    found = facts.lease if facts else None
    confirm_at = context.now() + wait_after_claim(found, lease, context.now())
    with context.begin() as tx:
        mailboxes.set_mailbox(tx, box.id, lease_until=None, keep_due_at=confirm_at)
        mailbox_leases.save(tx, box.id, confirm_at=confirm_at)
    text = _intend(context, box, lease)
    if time.monotonic() - known.read_moment > LONGEST_GAP.total_seconds():
        with context.begin() as tx:  # another installation may have written meanwhile: read again
            mailboxes.set_mailbox(tx, box.id, keep_due_at=tx.now)
        return
    try:
        _write(context, box, anchor, text, confirm_at=confirm_at)
    except Refused as error:
        is_free = found is None or found == RELEASED
        if not is_free or error.code.casefold() != _CANNOT_WRITE:
            raise
        _work_without_lease(context, box, error)


def _write(
    context: Context,
    box: Mailbox,
    anchor: SyncFolder,
    text: str,
    *,
    confirm_at: datetime | None = None,
) -> None:
    context.graph.save_lease(box.user_id, anchor.graph_id, text)
    _record_written(context, box, text, confirm_at=confirm_at)


def _record_written(
    context: Context, box: Mailbox, text: str, *, confirm_at: datetime | None
) -> None:
    """Record that the folder has this lease. `confirm_at`: when to read it back at the earliest."""
    holder = parse_holder(text)
    with context.begin() as tx:
        values: dict[str, object] = {"elsewhere_since": None}
        if confirm_at is not None:
            confirm_at = max(confirm_at, tx.now + SETTLE)
            values["keep_due_at"] = confirm_at
            if confirm_at > tx.now + SETTLE:
                values["trouble"] = _waiting(confirm_at)
        mailbox_leases.save(
            tx,
            box.id,
            written=text,
            intended=None,
            renewed_at=holder.renewed_at if holder else tx.now,
            confirm_at=confirm_at,
            rival=None,
            may_take_over=False,
            is_start=False,
        )
        mailboxes.set_mailbox(tx, box.id, **values)


def _waiting(confirm_at: datetime) -> str:
    return (
        "This installation has taken the mailbox over. It begins to work at "
        f"{confirm_at:%Y-%m-%d %H:%M} UTC, when the other one has certainly stopped"
    )


def _work_without_lease(context: Context, box: Mailbox, error: Refused) -> None:
    """Work on a mailbox that takes no lease: it has run out of named properties, or is full."""
    facts = {"mailbox": box.id, "trouble": str(error)}
    logger.warning("lease_not_written", extra=facts)
    with context.begin() as tx:
        mailbox_leases.save(tx, box.id, intended=None, confirm_at=None, is_start=False)
        until = work_until(MailboxLease(), tx.now)
        mailboxes.set_mailbox(tx, box.id, lease_until=until)


def _stop(context: Context, box: Mailbox, rival: str) -> None:
    with context.begin() as tx:
        trouble = f"{describe_rival(rival, tx.now)} {REMEDY}"
        values = {"rival": rival, "since": None, "confirm_at": None, "is_unsure": True}
        mailbox_leases.save(tx, box.id, **values)
        since = box.elsewhere_since or tx.now
        mailboxes.set_mailbox(tx, box.id, lease_until=None, elsewhere_since=since, trouble=trouble)
        if box.elsewhere_since is None:
            tx.record_event(EventKind.LEASE_LOST, mailbox_id=box.id, trouble=trouble)
            holder = parse_holder(rival)
            facts = {"mailbox": box.id, "holder": holder.name if holder else "unknown"}
            logger.warning("mailbox_held_elsewhere", extra=facts)
