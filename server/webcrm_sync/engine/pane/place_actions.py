"""What people do with single places in the pane: add, move, take away, choose an Opportunity."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from webcrm_sync.core import phrases
from webcrm_sync.core.errors import Refused
from webcrm_sync.core.places import (
    NO_CHOICE,
    AddPlace,
    ChosenPlaces,
    MovePlace,
    PlaceEdit,
    RemovePlace,
    apply_edit,
    edit_list,
    with_opportunity,
)
from webcrm_sync.core.states import State
from webcrm_sync.engine.context import Context
from webcrm_sync.engine.matching.manual_choice import Chooser
from webcrm_sync.engine.matching.opportunity_choice import check_opportunity, set_opportunity
from webcrm_sync.engine.matching.place_edits import edit_place
from webcrm_sync.engine.matching.places import standing
from webcrm_sync.engine.pane.actions import check_organisations_exist, current_item
from webcrm_sync.engine.pane.mail_lookup import CurrentUser, LocatedMail, MailRef, locate_one
from webcrm_sync.engine.pane.mail_status import read_statuses
from webcrm_sync.engine.pane.mail_status_rules import Action, DisplayStatus, MailStatus
from webcrm_sync.store import activity_updates, emails, filings, incident_records, sync_requests
from webcrm_sync.store.database import Tx
from webcrm_sync.store.emails import Email
from webcrm_sync.store.items.item import Item
from webcrm_sync.store.items.locks import lock_company


def edit_places(
    context: Context,
    user: CurrentUser,
    ref: MailRef,
    edit: PlaceEdit,
    *,
    opportunity_id: int | None = None,
) -> MailStatus:
    """The mail's status after one edit of its places. Idempotent. Raises Gone, Refused.

    `opportunity_id`: of the place that is added. An edit of a mail that is not in the sync folder
    changes nothing.
    """
    check_organisations_exist(context, _new_in(edit))
    mail = locate_one(context, user, ref)
    return edit_places_of(
        context, user, mail, edit, item_id=ref.item_id, opportunity_id=opportunity_id
    )


def edit_places_of(
    context: Context,
    user: CurrentUser,
    mail: LocatedMail,
    edit: PlaceEdit,
    *,
    item_id: str,
    opportunity_id: int | None = None,
) -> MailStatus:
    """The same for a mail that was located. `item_id`: what Outlook calls it."""

    def apply(tx: Tx, email: Email, by: Chooser) -> bool:
        has_changed = edit_place(context, tx, email, edit, by)
        if opportunity_id is not None:
            set_opportunity(tx, email, edit.organisation_id, opportunity_id, by=by.name)
        return has_changed

    def apply_to_list(tx: Tx, before: ChosenPlaces) -> ChosenPlaces:
        places = before.organisations
        after = edit_list(places, before, apply_edit(places, edit))
        if opportunity_id is None:
            return after
        check_opportunity(tx, edit.organisation_id, opportunity_id)
        return with_opportunity(after, edit.organisation_id, opportunity_id)

    return _apply(context, user, mail, item_id, apply, apply_to_list)


def choose_opportunity(
    context: Context,
    user: CurrentUser,
    ref: MailRef,
    organisation_id: int,
    opportunity_id: int | None,
) -> MailStatus:
    """The mail's status after it is filed there under this Opportunity, None = under none.

    Idempotent. Raises Gone, Refused: see `set_opportunity`.
    """

    def apply(tx: Tx, email: Email, by: Chooser) -> bool:
        set_opportunity(tx, email, organisation_id, opportunity_id, by=by.name)
        return False

    def apply_to_list(tx: Tx, before: ChosenPlaces) -> ChosenPlaces:
        if organisation_id not in before.organisations:
            raise Refused(phrases.NOT_THERE.english, code="NotFiledThere")
        check_opportunity(tx, organisation_id, opportunity_id)
        chosen = edit_list(before.organisations, before, before.organisations)
        return with_opportunity(chosen, organisation_id, opportunity_id)

    mail = locate_one(context, user, ref)
    return _apply(context, user, mail, ref.item_id, apply, apply_to_list)


def _apply(
    context: Context,
    user: CurrentUser,
    mail: LocatedMail,
    item_id: str,
    apply: Callable[[Tx, Email, Chooser], bool],
    apply_to_list: Callable[[Tx, ChosenPlaces], ChosenPlaces],
) -> MailStatus:
    """Apply an edit to the mail's filings; before it is matched, to the list of its sync request.

    `apply` returns whether the places have changed.
    """
    (shown,) = read_statuses(context, user, [mail])
    if Action.EDIT_PLACES not in shown.actions or shown.status is DisplayStatus.NEW:
        return shown
    with context.begin() as tx:
        lock_company(tx)
        item = current_item(tx, user, mail)
        if item is None or not _has_filings_to_edit(tx, item):
            _edit_request(user, tx, item_id, mail, shown, apply_to_list)
        else:
            email = emails.emails_by_id(tx, [item.email_id])[item.email_id]
            has_changed = apply(tx, email, Chooser(user.box.id, user.name))
            if has_changed and item.state is State.PARKED:
                incident_records.end_of_mail(tx, item.email_id)
                filings.retry_now(tx, item.email_id)
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


def _edit_request(
    user: CurrentUser,
    tx: Tx,
    item_id: str,
    mail: LocatedMail,
    shown: MailStatus,
    apply: Callable[[Tx, ChosenPlaces], ChosenPlaces],
) -> None:
    """Keep the edited list with the sync request until the mail is matched."""
    request = sync_requests.read_requests(tx, user.box.id, [mail.graph_id]).get(mail.graph_id)
    before = request.chosen if request else NO_CHOICE
    if not before.organisations:
        forecast = tuple(t.organisation_id for t in shown.targets)
        before = replace(before, organisations=forecast)
    after = apply(tx, before)
    if not sync_requests.save_choice(tx, user.box.id, mail.graph_id, after):
        sync_requests.save_request(
            tx, user.box.id, mail.graph_id, item_id=item_id, by=user.name, chosen=after
        )
