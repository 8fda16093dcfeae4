"""Writes a delta page: its new copies, the changes of known copies, and the cursor behind it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from threading import RLock

from webcrm_sync.core.outlook import Change, Page, Place
from webcrm_sync.engine.context import Context
from webcrm_sync.engine.discovery import unreadable_copies
from webcrm_sync.engine.discovery.arrivals import (
    Arrival,
    header_columns,
    is_new_copy,
    people_to_match,
    storable_message,
)
from webcrm_sync.engine.discovery.known_copies import KnownCopies
from webcrm_sync.engine.discovery.new_copies import NewCopies, learn_own_addresses
from webcrm_sync.engine.discovery.page_reader import PageFacts
from webcrm_sync.engine.fault_isolation import incidents, isolate
from webcrm_sync.engine.fault_isolation.incidents import Hold
from webcrm_sync.store import emails, folder_reads, mailboxes
from webcrm_sync.store.database import Tx
from webcrm_sync.store.items import item_records, lookup
from webcrm_sync.store.items.item import Item
from webcrm_sync.store.items.locks import lock_company
from webcrm_sync.store.mailboxes import Mailbox, SyncFolder

#: One page at a time is written in this process. Otherwise `match` waits in `lock_company` behind
#: every mailbox that is being read. Reentrant, since tests run a second worker inside a page.
_WRITING = RLock()
#: From this number of new copies on one page they are a flood, which single mails overtake.
_FLOOD = 10


def write_page(
    context: Context, box: Mailbox, folder: SyncFolder, page: Page, facts: PageFacts
) -> bool:
    """Commit a page together with its cursor.

    Returns False, and writes nothing, if another run has moved the cursor. A copy that cannot be
    read or written gets a row that says so, and the rest of the page is written.
    """
    with _WRITING, incidents.release_if_widespread(context), context.begin() as tx:
        lock_company(tx)
        columns = {"selection": folder.selection, "has_more": not page.is_last}
        if not folder_reads.advance_cursor(tx, folder, page.cursor, **columns):
            return False
        is_flood = len(facts.arrivals) >= _FLOOD
        _write_changes(tx, context, box, folder, page.changes, facts, is_flood=is_flood)
    return True


def write_announced(
    context: Context, box: Mailbox, folder: SyncFolder, changes: Sequence[Change], facts: PageFacts
) -> None:
    """Commit copies that were read ahead of their page. Idempotent.

    Graph may never list a copy that leaves the folder before its page is read. So the copies count
    as not listed yet, and the end of the reading rechecks them.
    """
    with _WRITING, incidents.release_if_widespread(context), context.begin() as tx:
        lock_company(tx)
        current = next((f for f in mailboxes.folders(tx, box.id) if f.id == folder.id), None)
        if current is not None:
            unlisted = replace(current, round=current.round - 1)
            _write_changes(tx, context, box, unlisted, changes, facts, is_flood=False)


def _write_changes(
    tx: Tx,
    context: Context,
    box: Mailbox,
    folder: SyncFolder,
    changes: Sequence[Change],
    facts: PageFacts,
    *,
    is_flood: bool,
) -> None:
    known, odd_rows = isolate.try_batch(
        [c.graph_id for c in changes],
        lambda some: lookup.known_items(tx, box.id, some, is_locked=True),
    )
    faults = {**facts.faults, **dict(odd_rows)}
    writer = PageWriter(tx, context, box, folder, facts, known, is_flood=is_flood)
    readable = [c for c in changes if c.graph_id not in faults]
    isolate.run_in_savepoints(context, tx, "record", readable, writer.write, writer.hold_of)
    for change in changes:
        if fault := faults.get(change.graph_id):
            incidents.hold_back_in(context, tx, "read", writer.hold_of(change), fault)


@dataclass(frozen=True, slots=True)
class PageWriter:
    """Writes changes of one page in one transaction. `known`: the page's known items, locked.

    `is_flood`: the page is one of many mails, which single ones overtake.
    """

    tx: Tx
    context: Context
    box: Mailbox
    folder: SyncFolder
    facts: PageFacts
    known: Mapping[str, Item]
    is_flood: bool = False

    def write(self, changes: Sequence[Change]) -> None:
        """Write these changes of the page: add new copies, then update known ones."""
        ids = {c.graph_id for c in changes}
        known = {i: item for i, item in self.known.items() if i in ids}
        arrivals = {i: a for i, a in self.facts.arrivals.items() if i in ids}
        if self.folder.place is Place.SENT:
            learn_own_addresses(self.tx, self.box, arrivals.values())
        self._drop_replaced(known, arrivals)
        new = {i: a for i, a in arrivals.items() if i not in known}
        is_elsewhere = any(a.message.folder_id != self.folder.graph_id for a in new.values())
        needs_folders = is_elsewhere or any(c.is_removed for c in changes)
        folder_ids = self._folder_ids() if needs_folders else {}
        copies = NewCopies(
            self.tx, self.context, self.box, self.folder, folder_ids, is_flood=self.is_flood
        )
        copies.add(new, self.facts.files)
        self._update_known(changes, known, folder_ids)
        self._fill_headers(changes, known)

    def hold_of(self, change: Change) -> Hold:
        """How to hold back a copy that cannot be written."""
        item = self.known.get(change.graph_id)
        arrival = self.facts.arrivals.get(change.graph_id)
        if arrival is None:
            message_id = change.message_id
        else:
            message = arrival.message
            message_id = message.message_id
            change = replace(change, change_key=message.change_key, categories=message.categories)
        return unreadable_copies.hold_copy(
            self.box, self.folder, change, item, message_id=message_id
        )

    def _drop_replaced(self, known: dict[str, Item], arrivals: Mapping[str, Arrival]) -> None:
        """Delete the items of drafts that are sent now and of copies that are readable now."""
        for graph_id, arrival in arrivals.items():
            item = known.get(graph_id)
            if item is not None and is_new_copy(item, arrival.message):
                item_records.drop_item(self.tx, known.pop(graph_id).id)

    def _folder_ids(self) -> Mapping[str, int]:
        """The ids of the mailbox's sync folders, by Graph id."""
        return {f.graph_id: f.id for f in mailboxes.folders(self.tx, self.box.id)}

    def _update_known(
        self, changes: Sequence[Change], known: Mapping[str, Item], folder_ids: Mapping[str, int]
    ) -> None:
        copies = KnownCopies(self.tx, self.box, self.folder, folder_ids)
        seen = []
        for change in changes:
            item = known.get(change.graph_id)
            if item is None:
                continue
            if change.is_removed:
                copies.relocate(item, self.facts.locations.get(change.graph_id))
            else:
                if item.seen_round != self.folder.round:
                    seen.append(item.id)
                copies.update(item, change)
        item_records.mark_seen(self.tx, seen, self.folder.round)

    def _fill_headers(self, changes: Sequence[Change], known: Mapping[str, Item]) -> None:
        """Add the headers that earlier versions did not read to the e-mails they recorded."""
        messages = {
            known[c.graph_id].email_id: c.message
            for c in changes
            if c.message is not None and c.graph_id in known
        }
        lacking = emails.without_headers(self.tx, messages) if messages else ()
        if not lacking:
            return
        rows = {email_id: header_columns(messages[email_id]) for email_id in lacking}
        emails.set_headers(self.tx, rows)
        # People in Reply-To count from now on: a copy that is moved in again is matched anew.
        internals = mailboxes.internals(self.tx, self.context.settings.internal_domains)
        people = [
            (email_id, person)
            for email_id in lacking
            for person in people_to_match(storable_message(messages[email_id]), internals)
        ]
        emails.add_addresses(self.tx, people)
