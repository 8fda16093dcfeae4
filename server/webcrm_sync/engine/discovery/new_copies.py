"""Adds new copies: finds or adds the e-mail of each, then adds the items and starts their jobs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from webcrm_sync.core.addresses import is_legacy
from webcrm_sync.core.categories import COLOURS, SYNC
from webcrm_sync.core.direction import Internals
from webcrm_sync.core.email_index import EmailIndex, KnownMail
from webcrm_sync.core.events import EventKind
from webcrm_sync.core.identity import Stamp
from webcrm_sync.core.jobs import Job
from webcrm_sync.core.message import Message
from webcrm_sync.core.same_mail import Files
from webcrm_sync.core.states import State
from webcrm_sync.engine.context import Context
from webcrm_sync.engine.discovery.arrivals import (
    Arrival,
    email_row,
    initial_state,
    people_to_match,
)
from webcrm_sync.engine.discovery.mail_candidates import read_candidates
from webcrm_sync.store import (
    along_choices,
    directory,
    emails,
    filings,
    mail_identity,
    mailboxes,
    mirrors,
    recovery,
    sync_requests,
)
from webcrm_sync.store.database import Tx
from webcrm_sync.store.events import NewEvent
from webcrm_sync.store.items import item_records
from webcrm_sync.store.mailboxes import Mailbox, SyncFolder
from webcrm_sync.store.sync_requests import AlongRequest


def learn_own_addresses(tx: Tx, box: Mailbox, arrivals: Iterable[Arrival]) -> None:
    """Record legacy Exchange addresses of the mailbox that its sent mails show.

    Exchange may name the sender by such an address alone.
    """
    senders = (a.message.sender for a in arrivals)
    own = {s.folded for s in senders if s and is_legacy(s.address)}
    new = mailboxes.add_aliases(tx, box.id, own) if own else ()
    if new:  # a mail that waits for one of these addresses is between colleagues
        directory.rematch_waiting(tx, addresses=new, domains=())


@dataclass(frozen=True, slots=True)
class NewCopies:
    """Adds new copies in one transaction.

    `folder_ids`: the mailbox's sync folders by Graph id; may be empty if each copy is in `folder`.
    `is_flood`: they are among many, which single ones overtake.
    """

    tx: Tx
    context: Context
    box: Mailbox
    folder: SyncFolder
    folder_ids: Mapping[str, int]
    is_flood: bool

    def add(self, arrivals: Mapping[str, Arrival], files: Mapping[str, Files]) -> None:
        """Add these copies, by Graph id, and the e-mails that are new with them."""
        if not arrivals:
            return
        internals = mailboxes.internals(self.tx, self.context.settings.internal_domains)
        mails = self._find_mails(arrivals, files, internals)
        asked = sync_requests.take_along(self.tx, self.box.id, arrivals)
        email_ids = self._add_emails(arrivals, mails, internals, asked)
        rows = [
            self._item_row(arrival.message, mails[graph_id].key, email_ids[graph_id])
            for graph_id, arrival in arrivals.items()
        ]
        item_records.add_items(self.tx, rows)
        self.tx.record_events(self._event(row) for row in rows)
        for graph_id, request in asked.items():  # a mail's first event says that it was found
            choose_along(self.tx, self.box.id, email_ids[graph_id], request)
        self._start_jobs(rows)
        self._record_mirrors(arrivals)

    def _find_mails(
        self,
        arrivals: Mapping[str, Arrival],
        files: Mapping[str, Files],
        internals: Internals,
    ) -> Mapping[str, KnownMail]:
        """The e-mail of each copy; new ones have no id yet."""
        copies = {i: a.as_copy(files.get(i)) for i, a in arrivals.items()}
        stored = read_candidates(self.tx, self.box, copies.values())
        for mail in stored:
            mail.set_files(files)
        aliases = mail_identity.read_aliases(self.tx, internals)
        index = EmailIndex.of(stored, self.context.tenant_id, aliases)
        order = sorted(arrivals, key=lambda i: _sort_key(arrivals[i].message))
        mails = {graph_id: index.find_or_add(copies[graph_id]) for graph_id in order}
        for mail in index.renamed:
            assert mail.id is not None
            mail_identity.change_key(self.tx, mail.id, mail.key)
        return mails

    def _add_emails(
        self,
        arrivals: Mapping[str, Arrival],
        mails: Mapping[str, KnownMail],
        internals: Internals,
        asked: Mapping[str, AlongRequest],
    ) -> Mapping[str, int]:
        """Add the new e-mails and the people on all of them; e-mail ids by Graph id.

        `asked`: what people chose to go along of these copies.
        """
        ids = {mail.key: mail.id for mail in mails.values() if mail.id is not None}
        is_recovering = recovery.begun_at(self.tx) is not None
        new = {
            mails[i].key: {
                **email_row(
                    mails[i].key,
                    arrival.without_body() if is_recovering or i in asked else arrival,
                    internals,
                ),
                "is_from_flood": self.is_flood,
                "along": self.context.settings.along.as_json(),
            }
            for i, arrival in arrivals.items()
            if mails[i].key not in ids
        }
        if ids and not self.is_flood:
            emails.overtake_floods(self.tx, ids.values())
        ids |= emails.add_emails(self.tx, list(new.values()))
        email_ids = {i: ids[mails[i].key] for i in arrivals}
        people = [
            (email_ids[i], person)
            for i, arrival in arrivals.items()
            for person in people_to_match(arrival.message, internals)
        ]
        emails.add_addresses(self.tx, people)
        return email_ids

    def _item_row(self, message: Message, key: str, email_id: int) -> dict[str, object]:
        state, reason = initial_state(message)
        stamp = Stamp.parse(message.stamp)
        was_synced = stamp is not None and stamp.is_for(self.context.tenant_id, key)
        return {
            "mailbox_id": self.box.id,
            "folder_id": self.folder_ids.get(message.folder_id, self.folder.id),
            "email_id": email_id,
            "graph_id": message.graph_id,
            "change_key": message.change_key,
            "categories": list(message.categories),
            "stamp": message.stamp,
            "is_past": not self.folder.is_known or was_synced,
            "seen_round": self.folder.round,
            "state": state.value,
            "reason": reason.value if reason else None,
            "mark_due_at": self.tx.now if state.is_end else None,
        }

    def _event(self, row: Mapping[str, object]) -> NewEvent:
        email_id = row["email_id"]
        assert isinstance(email_id, int)
        way = "rule" if _was_moved_by_rule(row["categories"]) else "hand"
        facts = {"place": self.folder.place.value, "reason": row["reason"], "way": way}
        return NewEvent(EventKind(str(row["state"])), self.box.id, email_id, facts)

    def _start_jobs(self, rows: Sequence[Mapping[str, object]]) -> None:
        if any(row["state"] == State.FOUND.value for row in rows):
            self.tx.defer(Job.MATCH, self.tx.company_id)
        if any(row["mark_due_at"] for row in rows):
            self.tx.defer(Job.MARK, self.box.id)

    def _record_mirrors(self, arrivals: Mapping[str, Arrival]) -> None:
        """Record mirrors that exist although the answer to their creation was lost."""
        for graph_id, arrival in arrivals.items():
            stamp = Stamp.parse(arrival.message.stamp)
            if stamp is None or stamp.kind != "m":
                continue
            activity_id = int(stamp.value)
            if mirrors.record_found(self.tx, activity_id, self.box.id, graph_id):
                self.tx.record_event(
                    EventKind.MIRROR_CREATED, mailbox_id=self.box.id, activity=activity_id
                )


def choose_along(tx: Tx, mailbox_id: int, email_id: int, request: AlongRequest) -> None:
    """Set what a person chose to go along, unless the mail is in webCRM: then its choice stays."""
    filings.lock_filings(tx, email_id)
    if along_choices.replace(tx, email_id, request.along):
        tx.record_event(
            EventKind.ALONG_CHOSEN, mailbox_id=mailbox_id, email_id=email_id, by=request.by
        )


def _sort_key(message: Message) -> tuple[bool, datetime]:
    """Stamped copies first, then by arrival, so that Graph's order makes no difference."""
    return not message.stamp, message.received_at or datetime.max.replace(tzinfo=UTC)


def _was_moved_by_rule(categories: object) -> bool:
    """True if the copy carries only our first category, as our inbox rules leave it."""
    assert isinstance(categories, list)
    ours = {c.casefold() for c in categories} & {name.casefold() for name in COLOURS}
    return ours == {SYNC.casefold()}
