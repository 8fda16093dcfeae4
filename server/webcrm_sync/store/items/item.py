"""One copy of a mail in one mailbox, as a value."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from webcrm_sync.core.states import Reason, State
from webcrm_sync.store.schema.columns import columns_of
from webcrm_sync.store.schema.tables import item


@dataclass(frozen=True, slots=True)
class Item:
    """One copy of a mail in one mailbox. `folder_id` None = the copy is in no sync folder.

    `is_past`: the copy may have been filed before the folder was first read. `is_bare`: the copy
    could not be read; at most the Message-ID of its mail is known. `seen_round`: the last full
    reading of the folder that listed it.
    """

    id: int
    mailbox_id: int
    folder_id: int | None
    email_id: int
    graph_id: str
    change_key: str
    categories: tuple[str, ...]
    stamp: str | None
    is_past: bool
    state: State
    reason: Reason | None
    detail: str | None
    found_at: datetime
    state_at: datetime
    mark_attempts: int
    is_bare: bool = False
    seen_round: int = 0


ITEM_COLUMNS = columns_of(item, Item)
