"""What people do with a mail in Outlook: sync it, choose, try again, sync it anyway.

Each changes nothing where it does not fit the mail's state; pressing twice does it once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from webcrm_sync.core.errors import Refused
from webcrm_sync.core.events import EventKind
from webcrm_sync.core.jobs import Job
from webcrm_sync.core.outlook import Place
from webcrm_sync.core.states import Reason, State
from webcrm_sync.engine.context import Context
from webcrm_sync.engine.matching.manual_choice import NOT_THERE, SEVERAL, apply_choice, change
from webcrm_sync.engine.pane.mail_lookup import CurrentUser, LocatedMail, MailRef, locate_one
from webcrm_sync.engine.pane.mail_status import read_statuses
from webcrm_sync.engine.pane.mail_status_rules import Action, DisplayStatus, MailState
from webcrm_sync.store import companies, directory, emails, incidents, mailboxes, sync_requests
from webcrm_sync.store.database import Tx
from webcrm_sync.store.emails import Email
from webcrm_sync.store.mailboxes import SyncFolder

#: Folders lie in folders; deeper than this nobody's do.
_DEEPEST = 30


def sync(
    context: Context, user: CurrentUser, ref: MailRef, *, organisation_ids: Sequence[int] = ()
) -> MailState:
    """The mail's state after it was moved into the sync folder. Raises Gone.

    `organisation_ids`: chosen by the person; Refused when webCRM has no such Organisation.
    """
    _check_known(context, organisation_ids)
    pointed = locate_one(context, user, ref)
    (state,) = read_statuses(context, user, [pointed])
    _check_clear(state, organisation_ids)
    if not organisation_ids or not (Action.CHOOSE in state.can or state.state is DisplayStatus.NEW):
        return (
            _move_in(context, user, ref, pointed, ()) if state.state is DisplayStatus.NEW else state
        )

    def follow(tx: Tx, mail: Email) -> None:
        apply_choice(context, tx, mail, organisation_ids, by=user.name)

    return _chosen(context, user, ref, pointed, organisation_ids, follow)


def choose(
    context: Context,
    user: CurrentUser,
    ref: MailRef,
    organisation_id: int,
    *,
    replaces: int | None = None,
) -> MailState:
    """The mail's state after the person chose its Organisation. Raises Gone, Refused.

    A mail that is not synced yet is synced. One that is in webCRM is moved there from the
    Organisation `replaces`, which may be left out where there is only one.
    """
    _check_known(context, [organisation_id])
    pointed = locate_one(context, user, ref)
    (state,) = read_statuses(context, user, [pointed])
    if state.state is DisplayStatus.NEW and replaces is not None:
        raise Refused(NOT_THERE, code="NotFiledThere")
    _check_clear(state, [organisation_id])
    may = {Action.CHOOSE, Action.CHANGE} & set(state.can) or state.state in {
        DisplayStatus.NEW,
        DisplayStatus.ON_ITS_WAY,
    }
    if not may:
        return state

    def follow(tx: Tx, mail: Email) -> None:
        change(context, tx, mail, organisation_id, replaces=replaces, by=user.name)

    return _chosen(context, user, ref, pointed, [organisation_id], follow)


def _check_clear(state: MailState, organisation_ids: Sequence[int]) -> None:
    """Refuse a choice for a mail that a colleague has put under several: which one gives way."""
    under = {target.organisation_id for target in state.targets if target.activity_id}
    is_filed = state.state is DisplayStatus.NEW and state.elsewhere is not None
    if is_filed and len(under) > 1 and not under.issuperset(organisation_ids):
        raise Refused(SEVERAL, code="SeveralOrganisations")


def _check_known(context: Context, organisation_ids: Sequence[int]) -> None:
    with context.begin() as tx:
        known = directory.organisation_names(tx, organisation_ids)
    if set(organisation_ids) - set(known):
        raise Refused("webCRM has no such Organisation.", code="NoOrganisation")


def _chosen(
    context: Context,
    user: CurrentUser,
    ref: MailRef,
    pointed: LocatedMail,
    organisation_ids: Sequence[int],
    follow: Callable[[Tx, Email], None],
) -> MailState:
    """Follow a choice at once where the mail has been met; else it travels with the press."""
    with context.begin() as tx:
        emails.lock_company(tx)
        item = emails.known_items(tx, user.box.id, [pointed.graph_id]).get(pointed.graph_id)
        is_met = item is not None and item.reason not in {Reason.MOVED_OUT, Reason.DELETED}
        if item is not None and is_met:
            if item.state is State.SKIPPED:
                emails.set_item(tx, item.id, state=State.FOUND.value, reason=None, detail=None)
            follow(tx, sync_requests.emails_by_id(tx, [item.email_id])[item.email_id])
    if not is_met:
        return _move_in(context, user, ref, pointed, organisation_ids)
    return read_statuses(context, user, [pointed])[0]


def _move_in(
    context: Context,
    user: CurrentUser,
    ref: MailRef,
    pointed: LocatedMail,
    organisation_ids: Sequence[int],
) -> MailState:
    """Note who asks, move the mail into the sync folder, have it looked at. Idempotent."""
    box, graph_id = user.box, pointed.graph_id
    with context.begin() as tx:
        folders = mailboxes.folders(tx, box.id)
        sync_requests.note_request(
            tx,
            box.id,
            graph_id,
            item_id=ref.item_id,
            by=user.name,
            organisations=organisation_ids,
        )
    folder = next((f for f in folders if f.graph_id == pointed.head.folder_id), None)
    if folder is None:
        above = _above(context, box.user_id, pointed.head.folder_id, folders)
        folder = choose_folder(folders, above)
        context.graph.move(box.user_id, graph_id, folder.graph_id)
    with context.begin() as tx:
        mailboxes.resume(tx, box.id)  # Graph has just answered; nobody waits out a back-off
        mailboxes.request_read(tx, [folder.id])
    head = replace(pointed.head, folder_id=folder.graph_id)
    return read_statuses(context, user, [LocatedMail(graph_id, head)])[0]


def choose_folder(folders: Sequence[SyncFolder], above: Sequence[str]) -> SyncFolder:
    """The sync folder under Sent Items for what lies in that tree, else the one under Inbox.

    `above`: the ids of the mail's folder and of those above it. Raises Refused when there is no
    sync folder.
    """
    sent = next((f for f in folders if f.place is Place.SENT), None)
    if sent is not None and sent.parents and sent.parents[0] in above:
        return sent
    ranked = sorted(folders, key=lambda f: (f.place is not Place.INBOX, f.place is Place.SENT))
    if not ranked:
        raise Refused("The mailbox has no sync folder yet. Try again in a moment.")
    return ranked[0]


def _above(
    context: Context, user_id: str, folder_id: str, folders: Sequence[SyncFolder]
) -> list[str]:
    """The folder's id and those above it, as far as it takes to know the tree."""
    homes = {f.parents[0] for f in folders if f.parents}
    chain = [folder_id]
    while chain[-1] not in homes and len(chain) < _DEEPEST:
        parent = context.graph.parents(user_id, chain[-1:])[chain[-1]]
        if not parent or parent in chain:
            break
        chain.append(parent)
    return chain


def retry(context: Context, user: CurrentUser, ref: MailRef) -> MailState:
    """The mail's state after it was taken up again, at once. Raises Gone."""
    pointed = locate_one(context, user, ref)
    (state,) = read_statuses(context, user, [pointed])
    if state.state in {DisplayStatus.PARKED, DisplayStatus.WAITING}:
        _take_up(context, user, pointed, of=(State.PARKED, State.WAITING))
    return read_statuses(context, user, [pointed])[0]


def sync_anyway(context: Context, user: CurrentUser, ref: MailRef) -> MailState:
    """The mail's state after a person wants it synced although it was left out. Raises Gone."""
    pointed = locate_one(context, user, ref)
    (state,) = read_statuses(context, user, [pointed])
    if Action.ANYWAY in state.can:
        _take_up(context, user, pointed, of=(State.SKIPPED,))
    return read_statuses(context, user, [pointed])[0]


def _take_up(
    context: Context, user: CurrentUser, pointed: LocatedMail, *, of: Sequence[State]
) -> None:
    """Let the mail begin anew, without waiting out anything. Idempotent."""
    with context.begin() as tx:
        emails.lock_company(tx)
        item = emails.known_items(tx, user.box.id, [pointed.graph_id]).get(pointed.graph_id)
        if item is None or item.state not in of:
            return
        values = {"state": State.FOUND.value, "reason": None, "detail": None, "retry_at": None}
        emails.set_item(tx, item.id, state_at=tx.now, **values)
        incidents.end_of_mail(tx, item.email_id)
        if item.is_bare:
            incidents.read_bare_again(tx, item.id)
        sync_requests.retry_now(tx, item.email_id)
        companies.update_company(tx, webcrm_due_at=None)
        tx.record_event(
            EventKind.ASKED_AGAIN, mailbox_id=user.box.id, email_id=item.email_id, by=user.name
        )
        tx.defer(Job.FILE, tx.company_id)
