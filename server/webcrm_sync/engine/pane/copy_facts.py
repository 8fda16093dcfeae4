"""Reads what the tables hold about copies that a person selected, and about their mails.

A mail may be in webCRM by another copy than the selected one: a colleague has synced it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from webcrm_sync.core.along import Along
from webcrm_sync.core.direction import Internals
from webcrm_sync.core.message import Fingerprint, Message
from webcrm_sync.core.same_mail import MailFeatures
from webcrm_sync.core.states import State
from webcrm_sync.engine.pane.mail_lookup import CurrentUser, LocatedMail
from webcrm_sync.engine.pane.mail_status_rules import CopyFacts, DisplayStatus, OtherCopyStatus
from webcrm_sync.store import (
    activity_updates,
    documents,
    emails,
    events,
    filings,
    mail_identity,
    mailboxes,
    new_customers,
    sync_requests,
)
from webcrm_sync.store.database import Tx
from webcrm_sync.store.documents import Document
from webcrm_sync.store.emails import Email
from webcrm_sync.store.filings import Filing
from webcrm_sync.store.items import lookup
from webcrm_sync.store.items.item import Item
from webcrm_sync.store.sync_requests import SyncRequest

#: The status of a mail that is not in webCRM, by the state of one of its copies. The first state
#: that any copy has decides.
_STATUS_OF_STATE = {
    State.FOUND: DisplayStatus.ON_ITS_WAY,
    State.MATCHED: DisplayStatus.ON_ITS_WAY,
    State.FILED: DisplayStatus.ON_ITS_WAY,
    State.PARKED: DisplayStatus.PARKED,
    State.WAITING: DisplayStatus.WAITING,
}


def read_copy_facts(
    tx: Tx, user: CurrentUser, located: Sequence[LocatedMail], internals: Internals
) -> list[CopyFacts]:
    """The facts about each of these copies, in their order."""
    ids = [mail.graph_id for mail in located]
    items = lookup.known_items(tx, user.box.id, ids)
    unread = [mail.head for mail in located if mail.graph_id not in items]
    email_id_of = {**_find_emails(tx, user.box.id, unread, internals)}
    email_id_of |= {graph_id: item.email_id for graph_id, item in items.items()}
    email_ids = sorted(set(email_id_of.values()))
    emails_by_id = emails.emails_by_id(tx, email_ids)
    filings_by_email = filings.of_emails(tx, email_ids)
    updates = activity_updates.read_all(tx, [f.id for fs in filings_by_email.values() for f in fs])
    documents_by_filing = documents.of_filings(
        tx, [f.id for fs in filings_by_email.values() for f in fs]
    )
    requests = sync_requests.read_requests(tx, user.box.id, ids)
    customers = new_customers.of_copies(tx, user.box.id, ids)
    by_rule = events.moved_by_rule(tx.connection, user.box.id, email_ids)
    sync_folders = {f.graph_id for f in mailboxes.folders(tx, user.box.id)}
    copies = []
    for mail in located:
        item, email_id = items.get(mail.graph_id), email_id_of.get(mail.graph_id, 0)
        filings_of_mail = tuple(filings_by_email.get(email_id, ()))
        copy = CopyFacts(
            head=mail.head,
            is_in_folder=mail.head.folder_id in sync_folders,
            item=item,
            email=emails_by_id[email_id] if item else None,
            filings=filings_of_mail,
            updates={f.id: updates[f.id] for f in filings_of_mail if f.id in updates},
            request=requests.get(mail.graph_id),
            is_by_rule=item is not None and email_id in by_rule,
            along=_find_along(
                emails_by_id.get(email_id), requests.get(mail.graph_id), filings_of_mail
            ),
            documents=_first_documents(filings_of_mail, documents_by_filing),
            customer=customers.get(mail.graph_id),
        )
        if email_id and copy.current_item is None:
            others = [i for i in lookup.items_of_email(tx, email_id) if not _is_same(i, item)]
            status = _read_other_copy_status(tx, email_id, filings_of_mail, others)
            copy = replace(copy, other_copy=status)
        copies.append(copy)
    return copies


def _find_along(
    email: Email | None, request: SyncRequest | None, filings_of_mail: Sequence[Filing]
) -> Along | None:
    """What goes along: a choice that nobody has read yet counts if the mail is not in webCRM."""
    is_filed = any(f.activity_id is not None and not f.is_withdrawn for f in filings_of_mail)
    if request and request.along and not is_filed:
        return request.along
    return email.along if email else None


def _first_documents(
    filings_of_mail: Sequence[Filing], by_filing: Mapping[int, Sequence[Document]]
) -> tuple[Document, ...]:
    """The attachments of the first Activity; those of the others are the same."""
    active = (f for f in filings_of_mail if f.activity_id is not None and not f.is_withdrawn)
    first = next(active, None)
    return tuple(by_filing[first.id]) if first else ()


def _is_same(one: Item, other: Item | None) -> bool:
    return other is not None and one.id == other.id


def _find_emails(
    tx: Tx, mailbox_id: int, heads: Sequence[Message], internals: Internals
) -> Mapping[str, int]:
    """The e-mails that copies without an item belong to, by the copy's Graph id.

    Contains a copy only if exactly one e-mail has its Message-ID and its head: mails that differ
    only in their bodies cannot be told apart without reading these.
    """
    message_ids = {head.message_id for head in heads if head.message_id}
    known = mail_identity.read_known_mails(tx, mailbox_id, message_ids=message_ids, keys=())
    if not known:
        return {}
    aliases = mail_identity.read_aliases(tx, internals)
    email_ids: dict[str, int] = {}
    for head in heads:
        features = MailFeatures(Fingerprint.of(head))
        alike = [m for m in known if m.message_id == head.message_id]
        same = [m.id for m in alike if m.features.is_of_mail(features, aliases)]
        if len(same) == 1 and same[0] is not None:
            email_ids[head.graph_id] = same[0]
    return email_ids


def _read_other_copy_status(
    tx: Tx, email_id: int, filings_of_mail: Sequence[Filing], others: Sequence[Item]
) -> OtherCopyStatus | None:
    """The status of the mail by its other copies, None = no copy has one worth showing."""
    if any(f.activity_id is not None and not f.is_withdrawn for f in filings_of_mail):
        person = _find_person(tx, email_id, others, {State.SYNCED, State.FILED})
        return OtherCopyStatus(DisplayStatus.SYNCED, person)
    for state, status in _STATUS_OF_STATE.items():
        if any(item.state is state and item.folder_id is not None for item in others):
            return OtherCopyStatus(status, _find_person(tx, email_id, others, {state}))
    return None


def _find_person(tx: Tx, email_id: int, items: Sequence[Item], states: set[State]) -> str | None:
    """The name of the person who synced the first of these copies, None = unknown.

    An address is no name: only its owner may see it.
    """
    in_state = (item for item in items if item.state in states)
    first = min(in_state, key=lambda item: item.found_at, default=None)
    if first is None:
        return None
    requests = sync_requests.requests_of_email(tx, email_id)
    by = [request.by for mailbox_id, request in requests if mailbox_id == first.mailbox_id]
    box = mailboxes.read_mailbox(tx, first.mailbox_id)
    names = [*by[:1], box.display_name if box else ""]
    return next((n.strip() for n in names if n.strip() and "@" not in n), None)
