"""A delta page and the cursor behind it, committed together."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from threading import RLock

from webcrm_sync.core.addresses import is_legacy
from webcrm_sync.core.categories import COLOURS, SYNC, Mark, has_mark
from webcrm_sync.core.direction import Internals
from webcrm_sync.core.email_index import EmailIndex, KnownMail
from webcrm_sync.core.events import EventKind
from webcrm_sync.core.identity import Stamp
from webcrm_sync.core.jobs import Job
from webcrm_sync.core.message import Message
from webcrm_sync.core.outlook import Change, Location, Page, Place
from webcrm_sync.core.same_mail import Files
from webcrm_sync.core.states import OVERRULED, Reason, State, mark_for
from webcrm_sync.engine.context import Context
from webcrm_sync.engine.discovery import bare_copies, same_mails
from webcrm_sync.engine.discovery.arrivals import (
    Arrival,
    email_row,
    first_state,
    known_headers,
    known_people,
    people_of,
)
from webcrm_sync.engine.fault_isolation import incidents, isolate
from webcrm_sync.engine.fault_isolation.incidents import Hold
from webcrm_sync.store import directory, emails, filings, mail_identity, mailboxes, mirrors
from webcrm_sync.store.database import Tx
from webcrm_sync.store.events import NewEvent
from webcrm_sync.store.items import item_records, lookup, marks, transitions
from webcrm_sync.store.items.item import Item
from webcrm_sync.store.items.locks import lock_company
from webcrm_sync.store.mailboxes import Mailbox, SyncFolder

#: States in which a copy has not reached webCRM yet.
_UNSETTLED = frozenset({State.FOUND, State.MATCHED, State.WAITING, State.PARKED})
#: Pages are read and written down one after another within a process, however many mailboxes are
#: asked at once: filing then waits behind one page, at the interpreter and at `lock_company`.
#: A second worker may be played within a page, on the same thread: it must not wait for itself.
ONE_PAGE = RLock()
#: Left out for a reason that is to be looked at again when the mail is moved in again.
_CUT_SHORT = OVERRULED | {Reason.MOVED_OUT, Reason.DELETED}


@dataclass(frozen=True, slots=True)
class PageContext:
    """What had to be asked of Graph about a page before it can be recorded.

    `arrivals`: new copies, whole. `locations`: where the lines that Graph calls removed are now,
    None = nowhere. `files`: of the copies that nothing but their files may tell apart. `faults`:
    what was raised about a copy while it was read.
    """

    arrivals: Mapping[str, Arrival]
    locations: Mapping[str, Location | None]
    files: Mapping[str, Files]
    faults: Mapping[str, Exception] = field(default_factory=dict)


def is_new(known: Item | None, message: Message) -> bool:
    """True for a copy to be taken up: never met, or in another version than could not be read.

    A draft is taken up anew when it was sent.
    """
    if known is None or known.is_bare:
        return known is None or known.change_key != message.change_key
    return known.reason is Reason.DRAFT and not message.is_draft


def write_page(
    context: Context, box: Mailbox, folder: SyncFolder, page: Page, facts: PageContext
) -> bool:
    """Commit a page; False (and nothing changed) when another run has moved the cursor."""
    with ONE_PAGE, incidents.release_if_widespread(context), context.begin() as tx:
        lock_company(tx)
        if not mailboxes.advance_cursor(tx, folder, page.cursor, selection=folder.selection):
            return False
        known, odd = isolate.try_batch(
            [c.graph_id for c in page.changes],
            lambda some: lookup.known_items(tx, box.id, some, is_locked=True),
        )
        facts = replace(facts, faults={**facts.faults, **dict(odd)})
        recording = PageWriter(tx, box, folder, context, facts, known)
        fine = [c for c in page.changes if c.graph_id not in facts.faults]
        isolate.run_in_savepoints(context, tx, "record", fine, recording.record, recording.aside)
        for change in page.changes:
            if fault := facts.faults.get(change.graph_id):
                incidents.hold_back_in(context, tx, "read", recording.aside(change), fault)
    return True


def _learn_own(tx: Tx, box: Mailbox, arrivals: Iterable[Arrival]) -> None:
    """What was sent from the mailbox names it: Exchange may do so by its legacy address alone."""
    senders = (a.message.sender for a in arrivals)
    own = {s.folded for s in senders if s and is_legacy(s.address)}
    new = mailboxes.add_aliases(tx, box.id, own) if own else ()
    if new:  # what waits because nobody knew them is only colleagues' mail
        directory.wake(tx, addresses=new, domains=())


@dataclass(frozen=True, slots=True)
class PageWriter:
    """One page being written down within one transaction."""

    tx: Tx
    box: Mailbox
    folder: SyncFolder
    context: Context
    facts: PageContext
    known: Mapping[str, Item]

    def record(self, changes: Sequence[Change]) -> None:
        """Write down these lines of the page."""
        facts = self.facts
        told = {c.graph_id for c in changes}
        known = {i: item for i, item in self.known.items() if i in told}
        arrivals = {i: a for i, a in facts.arrivals.items() if i in told}
        if self.folder.place is Place.SENT:
            _learn_own(self.tx, self.box, arrivals.values())
        for graph_id, arrival in arrivals.items():
            sent = known.get(graph_id)
            if sent is not None and is_new(sent, arrival.message):
                item_records.drop_item(self.tx, known.pop(graph_id).id)
        new = {i: a for i, a in arrivals.items() if i not in known}
        is_folder_in_question = new or any(c.is_removed for c in changes)
        folders = self._folders() if is_folder_in_question else {}
        self._arrive(new, facts.files, folders)
        seen = []
        for change in changes:
            item = known.get(change.graph_id)
            if item is None:
                continue
            if change.is_removed:
                self._relocate(item, facts.locations.get(change.graph_id), folders)
            else:
                seen.append(item.id)
                self._update(item, change)
        item_records.mark_seen(self.tx, seen, self.folder.round)
        self._complete(changes, known)

    def aside(self, change: Change) -> Hold:
        """How the copy is held back when it cannot be taken up or followed."""
        arrival = self.facts.arrivals.get(change.graph_id)
        message_id = arrival.message.message_id if arrival else change.message_id
        item = self.known.get(change.graph_id)
        if arrival:
            now = arrival.message
            change = replace(change, change_key=now.change_key, categories=now.categories)
        return bare_copies.aside(self.box, self.folder, change, item, message_id=message_id)

    def _folders(self) -> Mapping[str, int]:
        """The ids of the mailbox's sync folders, by Graph id."""
        return {f.graph_id: f.id for f in mailboxes.folders(self.tx, self.box.id)}

    def _internals(self) -> Internals:
        return mailboxes.internals(self.tx, self.context.settings.internal_domains)

    def _complete(self, changes: Sequence[Change], known: Mapping[str, Item]) -> None:
        """Fill what earlier versions did not ask of Graph into the mails that they took up."""
        messages = {
            known[c.graph_id].email_id: c.message
            for c in changes
            if c.message is not None and c.graph_id in known
        }
        lacking = emails.without_headers(self.tx, messages) if messages else ()
        if not lacking:
            return
        rows = {email_id: known_headers(messages[email_id]) for email_id in lacking}
        emails.set_headers(self.tx, rows)
        # Who is in Reply-To counts from now on: a copy moved in again is decided anew.
        internals = self._internals()
        people = [
            (email_id, person)
            for email_id in lacking
            for person in known_people(messages[email_id], internals)
        ]
        emails.add_addresses(self.tx, people)

    def _arrive(
        self,
        arrivals: Mapping[str, Arrival],
        files: Mapping[str, Files],
        folders: Mapping[str, int],
    ) -> None:
        """Take up new copies: their e-mails where those are new too, then the copies."""
        if not arrivals:
            return
        internals = self._internals()
        mails = self._mails_of(arrivals, files, internals)
        keys = {graph_id: mail.key for graph_id, mail in mails.items()}
        email_ids = {mail.key: mail.id for mail in mails.values() if mail.id is not None}
        new = {
            keys[i]: email_row(keys[i], a, internals)
            for i, a in arrivals.items()
            if keys[i] not in email_ids
        }
        email_ids |= emails.add_emails(self.tx, list(new.values()))
        people = [
            (email_ids[keys[i]], person)
            for i, a in arrivals.items()
            for person in people_of(a.message, internals)
        ]
        emails.add_addresses(self.tx, people)
        rows = [
            self._item_row(a.message, keys[i], folders) | {"email_id": email_ids[keys[i]]}
            for i, a in arrivals.items()
        ]
        item_records.add_items(self.tx, rows)
        self._follow_up(arrivals, rows)

    def _mails_of(
        self,
        arrivals: Mapping[str, Arrival],
        files: Mapping[str, Files],
        internals: Internals,
    ) -> Mapping[str, KnownMail]:
        """The mail that each of these is a copy of, those with our stamp asked for first."""
        facts = {i: a.facts(files.get(i)) for i, a in arrivals.items()}
        stored = same_mails.stored(self.tx, self.box, facts.values())
        for mail in stored:
            mail.set_files(files)
        aliases = mail_identity.read_aliases(self.tx, internals)
        index = EmailIndex.of(stored, self.context.tenant_id, aliases)
        order = sorted(arrivals, key=lambda i: _order(arrivals[i].message))
        mails = {graph_id: index.find_or_add(facts[graph_id]) for graph_id in order}
        for mail in index.renamed:
            assert mail.id is not None
            mail_identity.change_key(self.tx, mail.id, mail.key)
        return mails

    def _item_row(
        self, message: Message, key: str, folders: Mapping[str, int]
    ) -> dict[str, object]:
        state, reason = first_state(message)
        stamp = Stamp.parse(message.stamp)
        is_ours = stamp is not None and stamp.is_for(self.context.tenant_id, key)
        return {
            "mailbox_id": self.box.id,
            "folder_id": folders.get(message.folder_id, self.folder.id),
            "graph_id": message.graph_id,
            "change_key": message.change_key,
            "categories": list(message.categories),
            "stamp": message.stamp,
            "is_past": not self.folder.is_known or is_ours,
            "seen_round": self.folder.round,
            "state": state.value,
            "reason": reason.value if reason else None,
            "mark_due_at": self.tx.now if state.is_end else None,
        }

    def _follow_up(self, arrivals: Mapping[str, Arrival], rows: list[dict[str, object]]) -> None:
        """Stories of the new copies, and the jobs that take them further."""
        self.tx.record_events(self._line(row) for row in rows)
        if any(row["state"] == State.FOUND.value for row in rows):
            self.tx.defer(Job.FILE, self.tx.company_id)
        if any(row["mark_due_at"] for row in rows):
            self.tx.defer(Job.MARK, self.box.id)
        for graph_id, arrival in arrivals.items():
            stamp = Stamp.parse(arrival.message.stamp)
            if stamp is not None and stamp.kind == "m":
                self._meet_mirror(int(stamp.value), graph_id)

    def _meet_mirror(self, activity_id: int, graph_id: str) -> None:
        """The mirror stands, though nobody heard so when it was written."""
        if mirrors.record_found(self.tx, activity_id, self.box.id, graph_id):
            self.tx.record_event(
                EventKind.MIRROR_CREATED, mailbox_id=self.box.id, activity=activity_id
            )

    def _line(self, row: Mapping[str, object]) -> NewEvent:
        email_id = row["email_id"]
        assert isinstance(email_id, int)
        way = "rule" if _came_by_rule(row["categories"]) else "hand"
        facts = {"place": self.folder.place.value, "reason": row["reason"], "way": way}
        return NewEvent(EventKind(str(row["state"])), self.box.id, email_id, facts)

    def _update(self, item: Item, change: Change) -> None:
        """Follow a known copy: back in the folder, or changed by its owner."""
        is_back = item.folder_id is None
        if item.folder_id != self.folder.id:
            item_records.set_folder(self.tx, item.id, self.folder.id)
        if is_back:
            self._take_back(item)
        categories = change.categories if change.categories is not None else item.categories
        self._see(item, change.change_key, categories)

    def _see(self, item: Item, change_key: str | None, categories: Sequence[str]) -> None:
        """Take note of what a copy in the folder carries now; what is not the truth is mended."""
        if change_key is None or change_key == item.change_key:
            return  # our own echo, or a line told twice
        item_records.observe(self.tx, item.id, change_key, categories)
        mark = mark_for(item.state, item.reason)
        if mark is not None and item.state.is_end and not has_mark(categories, mark):
            marks.request(self.tx, item)

    def _take_back(self, item: Item) -> None:
        """The copy was moved in again: what was cut short begins anew."""
        if item.state is State.SKIPPED and item.reason in _CUT_SHORT:
            transitions.take_up_copy_again(self.tx, item.id, of=[State.SKIPPED])
        self.tx.record_event(EventKind.MOVED_IN, mailbox_id=self.box.id, email_id=item.email_id)

    def _relocate(self, item: Item, location: Location | None, folders: Mapping[str, int]) -> None:
        """Graph says that the copy left this folder: it lies where `location` says."""
        if location is not None and location.folder_id in folders:
            folder_id = folders[location.folder_id]
            if item.folder_id is None:
                self._take_back(item)
            item_records.set_folder(self.tx, item.id, folder_id)
            item_records.mark_seen(self.tx, [item.id], self.folder.round)
            self._see(item, location.change_key, location.categories)
            return
        if item.folder_id is None:
            return
        item_records.set_folder(self.tx, item.id, None)
        reason = Reason.DELETED if location is None else Reason.MOVED_OUT
        kind = EventKind.DELETED if location is None else EventKind.MOVED_OUT
        self.tx.record_event(kind, mailbox_id=self.box.id, email_id=item.email_id)
        if item.state in _UNSETTLED and not emails.has_intent(self.tx, item.email_id):
            self._give_up(item, reason, location)
        elif location is not None and mark_for(item.state, item.reason) is Mark.NOT_SYNCED:
            self._mark_there(item, location)

    def _mark_there(self, item: Item, location: Location) -> None:
        """What the copy shows depends on where it lies: have it looked at again."""
        item_records.observe(self.tx, item.id, location.change_key, location.categories)
        marks.request(self.tx, item)

    def _give_up(self, item: Item, reason: Reason, location: Location | None) -> None:
        """The copy left before it was filed: its filing is off unless another copy is there."""
        if location is not None:
            item_records.observe(self.tx, item.id, location.change_key, location.categories)
        transitions.skip_unsettled(self.tx, item.id, reason)
        filings.drop_abandoned(self.tx, item.email_id)


def _order(message: Message) -> tuple[bool, datetime]:
    """Stamped copies first, then as they came, so that Graph's order makes no difference."""
    return not message.stamp, message.received_at or datetime.max.replace(tzinfo=UTC)


def _came_by_rule(categories: object) -> bool:
    """True for a copy that carries our first category alone: a rule of ours moved it here."""
    assert isinstance(categories, list)
    ours = {c.casefold() for c in categories} & {name.casefold() for name in COLOURS}
    return ours == {SYNC.casefold()}
