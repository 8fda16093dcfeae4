"""Records that known copies were changed, moved in, moved out or deleted in Outlook."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from webcrm_sync.core.categories import Mark, has_mark
from webcrm_sync.core.events import EventKind
from webcrm_sync.core.message import PRIVATE
from webcrm_sync.core.outlook import Change, Location
from webcrm_sync.core.states import OVERRULED, UNSETTLED, Reason, State, mark_for
from webcrm_sync.engine.discovery.new_copies import choose_along
from webcrm_sync.store import emails, filings, sync_requests
from webcrm_sync.store.database import Tx
from webcrm_sync.store.items import item_records, marks, transitions
from webcrm_sync.store.items.item import Item
from webcrm_sync.store.mailboxes import Mailbox, SyncFolder

#: A copy skipped for one of these reasons begins again when it is moved in again.
_RESTARTED = OVERRULED | {Reason.MOVED_OUT, Reason.DELETED}


@dataclass(frozen=True, slots=True)
class KnownCopies:
    """Updates known copies in one transaction.

    `folder`: the one whose page is written. `folder_ids`: the mailbox's sync folders by Graph id;
    may be empty where `relocate` is not called.
    """

    tx: Tx
    box: Mailbox
    folder: SyncFolder
    folder_ids: Mapping[str, int]

    def update(self, item: Item, change: Change) -> None:
        """Record that the copy is in the folder, with what it carries now."""
        was_elsewhere = item.folder_id is None
        if item.folder_id != self.folder.id:
            item_records.set_folder(self.tx, item.id, self.folder.id)
        if was_elsewhere:
            self._record_return(item)
        if change.message is not None and change.message.sensitivity in PRIVATE:
            emails.set_sensitivity(self.tx, item.email_id, change.message.sensitivity)
        categories = change.categories if change.categories is not None else item.categories
        self._observe_categories(item, change.change_key, categories)

    def relocate(self, item: Item, location: Location | None) -> None:
        """Record that the copy left the folder for `location`, None = it no longer exists."""
        if location is not None and location.folder_id in self.folder_ids:
            if item.folder_id is None:
                self._record_return(item)
            item_records.set_folder(self.tx, item.id, self.folder_ids[location.folder_id])
            item_records.mark_seen(self.tx, [item.id], self.folder.round)
            self._observe_categories(item, location.change_key, location.categories)
        elif item.folder_id is not None:
            item_records.set_folder(self.tx, item.id, None)
            self._record_departure(item, location)

    def _record_return(self, item: Item) -> None:
        asked = sync_requests.take_along(self.tx, self.box.id, [item.graph_id])
        if item.graph_id in asked:
            choose_along(self.tx, self.box.id, item.email_id, asked[item.graph_id])
        if item.state is State.SKIPPED and item.reason in _RESTARTED:
            transitions.restart_copy(self.tx, item.id, from_states=[State.SKIPPED])
        self.tx.record_event(EventKind.MOVED_IN, mailbox_id=self.box.id, email_id=item.email_id)

    def _record_departure(self, item: Item, location: Location | None) -> None:
        reason = Reason.DELETED if location is None else Reason.MOVED_OUT
        kind = EventKind.DELETED if location is None else EventKind.MOVED_OUT
        self.tx.record_event(kind, mailbox_id=self.box.id, email_id=item.email_id)
        if item.state in UNSETTLED and not emails.has_intent(self.tx, item.email_id):
            self._skip(item, reason, location)
        elif location is not None and mark_for(item.state, item.reason) is Mark.NOT_SYNCED:
            # Outside the sync folders no copy shows "not synced".
            item_records.observe(self.tx, item.id, location.change_key, location.categories)
            marks.request(self.tx, item)

    def _skip(self, item: Item, reason: Reason, location: Location | None) -> None:
        """Skip a copy that left before its mail was filed, and drop filings that nobody needs."""
        if location is not None:
            item_records.observe(self.tx, item.id, location.change_key, location.categories)
        transitions.skip_unsettled(self.tx, item.id, reason)
        filings.drop_abandoned(self.tx, item.email_id)

    def _observe_categories(
        self, item: Item, change_key: str | None, categories: Sequence[str]
    ) -> None:
        """Record what the copy carries now, and have it marked again if its mark is missing."""
        if change_key is None or change_key == item.change_key:
            return  # the echo of our own marking, or a repeated line
        item_records.observe(self.tx, item.id, change_key, categories)
        mark = mark_for(item.state, item.reason)
        if mark is not None and item.state.is_end and not has_mark(categories, mark):
            marks.request(self.tx, item)
