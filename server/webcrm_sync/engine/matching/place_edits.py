"""A person adds, moves or takes away one place of a mail that has filings."""

from __future__ import annotations

from webcrm_sync.core.events import EventKind
from webcrm_sync.core.places import AddPlace, MovePlace, PlaceEdit, RemovePlace, apply_edit
from webcrm_sync.engine.context import Context
from webcrm_sync.engine.matching.manual_choice import (
    Chooser,
    apply_choices,
    plan,
    read_current,
    save_choice,
)
from webcrm_sync.engine.matching.places import standing
from webcrm_sync.store import sync_requests
from webcrm_sync.store.database import Tx
from webcrm_sync.store.emails import Email
from webcrm_sync.store.events import NewEvent

_KINDS = {
    AddPlace: EventKind.PLACE_ADDED,
    RemovePlace: EventKind.PLACE_REMOVED,
    MovePlace: EventKind.PLACE_MOVED,
}


def edit_place(context: Context, tx: Tx, email: Email, edit: PlaceEdit, by: Chooser) -> bool:
    """Apply one edit; False if it changes nothing. Idempotent. Raises Refused.

    What people chose for other copies of the mail is applied first, so that no edit is lost. Hold
    `lock_company`.
    """
    if pending := sync_requests.chosen_for(tx, [email.id]).get(email.id):
        apply_choices(context, tx, email, pending)
    known, updates = read_current(tx, email)
    before = standing(known, updates)
    wanted = apply_edit(before, edit)
    if wanted == before:
        return False
    save_choice(context, tx, email, known, updates, plan(known, updates, wanted))
    facts = {"organisations": _named_in(edit), **by.facts}
    tx.record_events([NewEvent(_KINDS[type(edit)], email_id=email.id, facts=facts)])
    return True


def _named_in(edit: PlaceEdit) -> list[int]:
    """The Organisations of an edit: of a moved place from where and to where."""
    if isinstance(edit, MovePlace):
        return [edit.organisation_id, edit.to]
    return [edit.organisation_id]
