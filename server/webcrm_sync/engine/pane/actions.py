"""What people do with a mail in the pane: sync it, choose its Organisation, retry it.

Each action finds the mail, checks that it fits the mail's status, acts, and returns the new
status. An action that does not fit changes nothing. Each action is idempotent.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from webcrm_sync.core import phrases
from webcrm_sync.core.along import Along
from webcrm_sync.core.errors import Refused
from webcrm_sync.core.events import EventKind
from webcrm_sync.core.jobs import Job
from webcrm_sync.core.outlook import Place
from webcrm_sync.core.places import NO_CHOICE, ChosenPlaces, edit_list
from webcrm_sync.core.states import Reason, State
from webcrm_sync.engine.context import Context
from webcrm_sync.engine.matching.manual_choice import Chooser, apply_choice, change
from webcrm_sync.engine.matching.opportunity_choice import check_opportunity
from webcrm_sync.engine.pane.along_actions import (
    decide_along,
    is_held_as_private,
    refuse_private,
)
from webcrm_sync.engine.pane.mail_lookup import (
    CurrentUser,
    LocatedMail,
    MailRef,
    locate_one,
    refuse_elsewhere,
)
from webcrm_sync.engine.pane.mail_status import read_statuses
from webcrm_sync.engine.pane.mail_status_rules import Action, DisplayStatus, MailStatus
from webcrm_sync.store import (
    companies,
    directory,
    emails,
    filings,
    folder_reads,
    incident_records,
    mailboxes,
    sync_requests,
)
from webcrm_sync.store.database import Tx
from webcrm_sync.store.emails import Email
from webcrm_sync.store.items import item_records, lookup, transitions
from webcrm_sync.store.items.item import Item
from webcrm_sync.store.items.locks import lock_company
from webcrm_sync.store.mailboxes import Mailbox, SyncFolder

#: Ends the search for a mail's place in a folder tree that is deeper than anybody's.
_MAX_FOLDER_DEPTH = 30


def sync(
    context: Context,
    user: CurrentUser,
    ref: MailRef,
    *,
    chosen: ChosenPlaces = NO_CHOICE,
    along: Along | None = None,
    even_if_private: bool = False,
) -> MailStatus:
    """The mail's status after the move into the sync folder. Raises Gone, Refused.

    `chosen`: the person's own choice; Refused if webCRM has no such Organisation. `along`: the
    parts that the person chose. `even_if_private`: the person was asked.
    """
    check_chosen(context, chosen)
    mail = locate_one(context, user, ref)
    (shown,) = read_statuses(context, user, [mail])
    if not chosen.is_exact:
        _check_replaces_one(shown, chosen.organisations)
    chosen = with_removed(chosen, shown)
    refuse_private(mail, shown, even_if_private=even_if_private)
    decide_along(context, user, ref, mail, shown, along)
    is_new, is_held = shown.status is DisplayStatus.NEW, is_held_as_private(shown)
    if chosen.organisations and (is_new or is_held or Action.CHOOSE in shown.actions):

        def apply(tx: Tx, email: Email) -> None:
            apply_choice(context, tx, email, chosen, Chooser(user.box.id, user.name))

        return _apply_or_move_in(context, user, ref, mail, chosen, apply)
    if is_held:
        _restart(context, user, mail, from_states=(State.PARKED,))
    if is_new:
        return _move_in(context, user, ref, mail, NO_CHOICE)
    return read_statuses(context, user, [mail])[0]


def choose(
    context: Context,
    user: CurrentUser,
    ref: MailRef,
    organisation_id: int,
    *,
    replaces: int | None = None,
) -> MailStatus:
    """The mail's status after the person chose its Organisation. Raises Gone, Refused.

    Syncs a mail that is not synced yet. Moves a filed mail here from the Organisation `replaces`,
    which may be None if the mail is filed under one Organisation only.
    """
    check_organisations_exist(context, [organisation_id])
    mail = locate_one(context, user, ref)
    (shown,) = read_statuses(context, user, [mail])
    if shown.status is DisplayStatus.NEW and replaces is not None:
        raise Refused(phrases.NOT_THERE.english, code="NotFiledThere")
    _check_replaces_one(shown, [organisation_id])
    refuse_private(mail, shown, even_if_private=False)
    is_under_way = shown.status in {DisplayStatus.NEW, DisplayStatus.ON_ITS_WAY}
    if not (is_under_way or {Action.CHOOSE, Action.CHANGE} & set(shown.actions)):
        return shown

    def apply(tx: Tx, email: Email) -> None:
        by = Chooser(user.box.id, user.name)
        change(context, tx, email, organisation_id, replaces=replaces, by=by)

    return _apply_or_move_in(context, user, ref, mail, ChosenPlaces((organisation_id,)), apply)


def _check_replaces_one(shown: MailStatus, organisation_ids: Sequence[int]) -> None:
    """Refuse a choice for a mail that a colleague filed under several Organisations.

    It would be unclear which of them the choice replaces.
    """
    filed_under = {target.organisation_id for target in shown.targets if target.activity_id}
    is_filed = shown.status is DisplayStatus.NEW and shown.other_copy is not None
    if is_filed and len(filed_under) > 1 and not filed_under.issuperset(organisation_ids):
        raise Refused(phrases.SEVERAL_PLACES.english, code="SeveralOrganisations")


def with_removed(chosen: ChosenPlaces, shown: MailStatus) -> ChosenPlaces:
    """The choice, which also says what the person took off the list that was shown."""
    if not (chosen.is_exact and chosen.organisations and Action.EDIT_PLACES in shown.actions):
        return chosen
    seen = [target.organisation_id for target in shown.targets]
    return edit_list(seen, chosen, chosen.organisations)


def check_chosen(context: Context, chosen: ChosenPlaces) -> None:
    """Raise Refused if webCRM lacks one of the Organisations, or an Opportunity is not open."""
    check_organisations_exist(context, chosen.organisations)
    with context.begin() as tx:
        for organisation_id, opportunity_id in chosen.opportunities:
            check_opportunity(tx, organisation_id, opportunity_id)


def check_organisations_exist(context: Context, organisation_ids: Sequence[int]) -> None:
    """Raise Refused if webCRM lacks one of these Organisations."""
    with context.begin() as tx:
        known = directory.organisation_names(tx, organisation_ids)
    if set(organisation_ids) - set(known):
        raise Refused(phrases.NO_ORGANISATION.english, code="NoOrganisation")


def _apply_or_move_in(
    context: Context,
    user: CurrentUser,
    ref: MailRef,
    mail: LocatedMail,
    chosen: ChosenPlaces,
    apply: Callable[[Tx, Email], None],
) -> MailStatus:
    """Apply a choice now if the mail has an item; else save it with the sync request."""
    with context.begin() as tx:
        lock_company(tx)
        item = current_item(tx, user, mail)
        if item is not None:
            if item.state is State.SKIPPED:
                transitions.restart_copy(tx, item.id, from_states=[State.SKIPPED])
            apply(tx, emails.emails_by_id(tx, [item.email_id])[item.email_id])
    if item is None:
        return _move_in(context, user, ref, mail, chosen)
    return read_statuses(context, user, [mail])[0]


def current_item(tx: Tx, user: CurrentUser, mail: LocatedMail) -> Item | None:
    """The copy's item, None before `discover` has read it and after it left the sync folder."""
    item = lookup.known_items(tx, user.box.id, [mail.graph_id]).get(mail.graph_id)
    has_left = item is not None and item.reason in {Reason.MOVED_OUT, Reason.DELETED}
    return None if has_left else item


def _move_in(
    context: Context,
    user: CurrentUser,
    ref: MailRef,
    mail: LocatedMail,
    chosen: ChosenPlaces,
) -> MailStatus:
    """Save the sync request, move the mail into the sync folder and have the folder read."""
    refuse_elsewhere(user)
    box = user.box
    with context.begin() as tx:
        sync_requests.save_request(
            tx, box.id, mail.graph_id, item_id=ref.item_id, by=user.name, chosen=chosen
        )
    return read_statuses(context, user, [move_to_sync_folder(context, box, mail)])[0]


def move_to_sync_folder(context: Context, box: Mailbox, mail: LocatedMail) -> LocatedMail:
    """The mail in the sync folder, after a move if it needs one. Has the folder read at once."""
    with context.begin() as tx:
        folders = mailboxes.folders(tx, box.id)
    folder = next((f for f in folders if f.graph_id == mail.head.folder_id), None)
    if folder is None:
        path = _folder_path(context, box.user_id, mail.head.folder_id, folders)
        folder = choose_folder(folders, path)
        context.graph.move_mail(box.user_id, mail.graph_id, folder.graph_id)
    with context.begin() as tx:
        mailboxes.resume(tx, box.id)  # Graph has just answered, so a back-off is out of date
        folder_reads.request_read(tx, [folder.id])
    return LocatedMail(mail.graph_id, replace(mail.head, folder_id=folder.graph_id))


def choose_folder(folders: Sequence[SyncFolder], path: Sequence[str]) -> SyncFolder:
    """The sync folder under Sent Items for a mail in that tree, else the one under Inbox.

    `path`: the Graph ids of the mail's folder and of those above it. Raises Refused if the
    mailbox has no sync folder.
    """
    sent = next((f for f in folders if f.place is Place.SENT), None)
    if sent is not None and sent.parents and sent.parents[0] in path:
        return sent
    ranked = sorted(folders, key=lambda f: (f.place is not Place.INBOX, f.place is Place.SENT))
    if not ranked:
        raise Refused(phrases.NO_SYNC_FOLDER.english)
    return ranked[0]


def _folder_path(
    context: Context, user_id: str, folder_id: str, folders: Sequence[SyncFolder]
) -> list[str]:
    """The folder's Graph id and those above it, up to the first parent of a sync folder."""
    sync_folder_parents = {f.parents[0] for f in folders if f.parents}
    path = [folder_id]
    while path[-1] not in sync_folder_parents and len(path) < _MAX_FOLDER_DEPTH:
        parent = context.graph.fetch_parent_ids(user_id, path[-1:])[path[-1]]
        if not parent or parent in path:
            break
        path.append(parent)
    return path


def retry(context: Context, user: CurrentUser, ref: MailRef) -> MailStatus:
    """The mail's status after an immediate retry of a waiting or parked mail. Raises Gone."""
    mail = locate_one(context, user, ref)
    (shown,) = read_statuses(context, user, [mail])
    if shown.status in {DisplayStatus.PARKED, DisplayStatus.WAITING}:
        _restart(context, user, mail, from_states=(State.PARKED, State.WAITING))
    return read_statuses(context, user, [mail])[0]


def sync_anyway(context: Context, user: CurrentUser, ref: MailRef) -> MailStatus:
    """The mail's status after the person has a skipped mail synced. Raises Gone."""
    mail = locate_one(context, user, ref)
    (shown,) = read_statuses(context, user, [mail])
    if Action.ANYWAY in shown.actions:
        _restart(context, user, mail, from_states=(State.SKIPPED,))
    return read_statuses(context, user, [mail])[0]


def _restart(
    context: Context, user: CurrentUser, mail: LocatedMail, *, from_states: Sequence[State]
) -> None:
    """Make the mail *found* again and end each back-off that would delay it."""
    with context.begin() as tx:
        lock_company(tx)
        item = lookup.known_items(tx, user.box.id, [mail.graph_id]).get(mail.graph_id)
        if item is None or item.state not in from_states:
            return
        transitions.restart_copy(tx, item.id, from_states=from_states)
        incident_records.end_of_mail(tx, item.email_id)
        if item.is_bare:
            item_records.read_bare_again(tx, item.id)
        filings.retry_now(tx, item.email_id)
        companies.update_company(tx, webcrm_due_at=None)
        tx.record_event(
            EventKind.ASKED_AGAIN, mailbox_id=user.box.id, email_id=item.email_id, by=user.name
        )
        tx.defer(Job.FILE, tx.company_id)
