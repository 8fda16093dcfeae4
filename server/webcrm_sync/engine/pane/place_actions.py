"""What people do with the single places of a mail in the pane: add, move, take away."""

from __future__ import annotations

from dataclasses import replace

from webcrm_sync.core.places import (
    NO_CHOICE,
    AddPlace,
    MovePlace,
    PlaceEdit,
    RemovePlace,
    apply_edit,
)
from webcrm_sync.core.states import State
from webcrm_sync.engine.context import Context
from webcrm_sync.engine.matching.manual_choice import Chooser
from webcrm_sync.engine.matching.place_edits import edit_place
from webcrm_sync.engine.matching.places import standing
from webcrm_sync.engine.pane.actions import check_organisations_exist, current_item
from webcrm_sync.engine.pane.mail_lookup import CurrentUser, LocatedMail, MailRef, locate_one
from webcrm_sync.engine.pane.mail_status import read_statuses
from webcrm_sync.engine.pane.mail_status_rules import Action, DisplayStatus, MailStatus
from webcrm_sync.store import activity_updates, emails, filings, incident_records, sync_requests
from webcrm_sync.store.database import Tx
from webcrm_sync.store.items.item import Item
from webcrm_sync.store.items.locks import lock_company


def edit_places(context: Context, user: CurrentUser, ref: MailRef, edit: PlaceEdit) -> MailStatus:
    """The mail's status after one edit of its places. Idempotent. Raises Gone, Refused.

    An edit of a mail that is not in the sync folder changes nothing.
    """
    check_organisations_exist(context, _new_in(edit))
    mail = locate_one(context, user, ref)
    return edit_places_of(context, user, mail, edit, item_id=ref.item_id)


def edit_places_of(
    context: Context, user: CurrentUser, mail: LocatedMail, edit: PlaceEdit, *, item_id: str
) -> MailStatus:
    """The same for a mail that was located. `item_id`: what Outlook calls it."""
    (shown,) = read_statuses(context, user, [mail])
    if Action.EDIT_PLACES not in shown.actions or shown.status is DisplayStatus.NEW:
        return shown
    with context.begin() as tx:
        lock_company(tx)
        item = current_item(tx, user, mail)
        if item is not None and _has_filings_to_edit(tx, item):
            _edit_filings(context, user, tx, item, edit)
        else:
            _edit_request(user, tx, item_id, mail, shown, edit)
    return read_statuses(context, user, [mail])[0]


def _new_in(edit: PlaceEdit) -> list[int]:
    """The Organisation that the edit files the mail under. One that is left may be deleted."""
    match edit:
        case AddPlace(organisation_id):
            return [organisation_id]
        case MovePlace(_, to):
            return [to]
        case RemovePlace():
            return []


def _has_filings_to_edit(tx: Tx, item: Item) -> bool:
    """False for a mail that waits for matching, which also says whether it may be filed at all."""
    known = filings.of_emails(tx, [item.email_id])[item.email_id]
    updates = activity_updates.read_all(tx, [f.id for f in known])
    return item.state is not State.FOUND or bool(standing(known, updates))


def _edit_filings(context: Context, user: CurrentUser, tx: Tx, item: Item, edit: PlaceEdit) -> None:
    email = emails.emails_by_id(tx, [item.email_id])[item.email_id]
    has_changed = edit_place(context, tx, email, edit, Chooser(user.box.id, user.name))
    if has_changed and item.state is State.PARKED:
        incident_records.end_of_mail(tx, item.email_id)
        filings.retry_now(tx, item.email_id)


def _edit_request(
    user: CurrentUser,
    tx: Tx,
    item_id: str,
    mail: LocatedMail,
    shown: MailStatus,
    edit: PlaceEdit,
) -> None:
    """Keep the edited list with the sync request until the mail is matched."""
    request = sync_requests.read_requests(tx, user.box.id, [mail.graph_id]).get(mail.graph_id)
    chosen = request.chosen if request else NO_CHOICE
    before = chosen.organisations or tuple(t.organisation_id for t in shown.targets)
    after = apply_edit(before, edit)
    if after == before:
        return
    chosen = replace(chosen, organisations=after, is_exact=True)
    if not sync_requests.save_choice(tx, user.box.id, mail.graph_id, chosen):
        sync_requests.save_request(
            tx, user.box.id, mail.graph_id, item_id=item_id, by=user.name, chosen=chosen
        )
