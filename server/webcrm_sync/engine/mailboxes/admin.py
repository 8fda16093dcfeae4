"""Adds and removes mailboxes for administrators."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial

from webcrm_sync.core.addresses import fold_address
from webcrm_sync.core.categories import has_synced_category
from webcrm_sync.core.errors import Gone, SyncError
from webcrm_sync.core.events import EventKind
from webcrm_sync.core.jobs import Job
from webcrm_sync.core.outlook import InboxRule, MailUser, Place
from webcrm_sync.engine.context import Context
from webcrm_sync.engine.local_context import LocalContext
from webcrm_sync.engine.mailboxes import folders, lease
from webcrm_sync.engine.mailboxes.folders import FolderCandidate, SavedFolder
from webcrm_sync.engine.mailboxes.lease import HeldElsewhere
from webcrm_sync.engine.mailboxes.maintain import ensure_categories
from webcrm_sync.store import companies, directory, groups, mailbox_leases, mailboxes, mirrors
from webcrm_sync.store.database import Tx
from webcrm_sync.store.groups import FollowedGroup
from webcrm_sync.store.items.locks import lock_company
from webcrm_sync.store.mailboxes import Mailbox, SyncFolder


class NotWatched(SyncError):
    """The mailbox is not watched. `webcrm-sync mailbox list` shows those that are."""


@dataclass(frozen=True, slots=True)
class FolderFindings:
    """Number of mails in one sync folder. `name`: None if the folder must be made."""

    place: Place
    name: str | None
    mails: int
    synced_before: int


@dataclass(frozen=True, slots=True)
class Findings:
    """What `inspect` found in a mailbox. `candidates`: None = not looked for yet.

    `rival`: the lease of another installation on it, None = there is none.
    """

    user: MailUser
    is_watched: bool
    is_paused: bool = False
    folders: tuple[FolderFindings, ...] = ()
    candidates: tuple[FolderCandidate, ...] | None = None
    rival: str | None = None


def inspect(context: Context, address: str) -> Findings:
    """Whether the mailbox is watched and what its sync folders hold. Changes nothing.

    `address`: or a user id. Raises Gone when there is no such user, AccessLost when there is no
    mailbox or the application may not enter it.
    """
    user = context.graph.find_user(address.strip().casefold())
    box = _read_box(context, user.user_id)
    if box and box.paused_at:  # nothing is read
        return Findings(user, is_watched=True, is_paused=True)
    found = tuple(folders.find_candidates(context, user.user_id))
    counted = tuple(_count(context, user, one) for one in found)
    rival = _find_rival(context, user, found)
    return Findings(user, box is not None, folders=counted, candidates=found, rival=rival)


def find_rival(context: Context, user: MailUser) -> str | None:
    """The lease of another installation that works on the mailbox, None = there is none."""
    return _find_rival(context, user, folders.find_candidates(context, user.user_id))


def _find_rival(context: Context, user: MailUser, found: Sequence[FolderCandidate]) -> str | None:
    existing = [one.folder.graph_id for one in found if one.folder]
    return lease.find_rival(context, user.user_id, existing)


def refuse_rival(context: Context, findings: Findings, *, is_trial: bool = False) -> None:
    """Raise HeldElsewhere if another installation works on the mailbox.

    Unless `is_trial`, a watched mailbox is stopped at once, and `status` says why.
    """
    if findings.rival is None:
        return
    if findings.is_watched and not is_trial:
        lease.stop_for_rival(context, findings.user.user_id, findings.rival)
    raise HeldElsewhere(findings.rival, context.now())


def _count(context: Context, user: MailUser, found: FolderCandidate) -> FolderFindings:
    if found.folder is None:
        return FolderFindings(found.place, None, 0, 0)
    listed = context.graph.list_folder_mails(user.user_id, found.folder.graph_id).values()
    synced = sum(has_synced_category(mail.categories) for mail in listed)
    return FolderFindings(found.place, found.folder.name, len(listed), synced)


def add(context: Context, findings: Findings, *, take_over: bool = False) -> int:
    """Watch the mailbox: make its categories and folders, then start its jobs. Returns its id.

    Idempotent. What Outlook needs comes first and the rows in one transaction, so that after an
    error the mailbox is not watched and no new folder is left. Raises HeldElsewhere if another
    installation works on it. With `take_over` that one stops, and this one begins as soon as the
    other one has certainly noticed.
    """
    if not take_over:
        refuse_rival(context, findings)
    user = findings.user
    ensure_categories(context, user.user_id)
    saved: Sequence[SavedFolder] = ()
    if box := _read_box(context, user.user_id):
        folders.ensure_sync_folders(context, box, folders.read_known_folders(context, box))
    else:
        candidates = findings.candidates
        if candidates is None:
            candidates = tuple(folders.find_candidates(context, user.user_id))
        saved = folders.create_missing(context, user.user_id, candidates)
    return context.transact(partial(_save, context, findings, saved))


def _read_box(context: Context, user_id: str) -> Mailbox | None:
    with context.begin() as tx:
        mailbox_id = mailboxes.mailbox_of_user(tx, user_id)
        return mailboxes.read_mailbox(tx, mailbox_id) if mailbox_id is not None else None


def _save(context: Context, findings: Findings, saved: Sequence[SavedFolder], tx: Tx) -> int:
    """Save the mailbox with its folders, and start its jobs. Returns its id.

    A new one also gets the mirrors that it was missing.
    """
    user, since = findings.user, context.settings.mirror_since or tx.now
    mailbox_id = mailboxes.save_mailbox(tx, user, mirror_since=since)
    directory.rematch_waiting(tx, addresses=map(fold_address, user.aliases), domains=())
    if not findings.is_watched:
        tx.record_event(EventKind.MAILBOX_ADDED, mailbox_id=mailbox_id)
        mirrors.forget_unmirrored(tx)
        companies.rewind_mirror(tx, since)
    if findings.rival is not None:
        mailbox_leases.save(tx, mailbox_id, may_take_over=True, is_unsure=True)
    groups.keep_watched(tx, user.user_id)
    for folder in saved:
        folders.record_folder(tx, mailbox_id, folder, is_replacement=False)
    for job in (Job.MAINTAIN, Job.DISCOVER):
        tx.defer(job, mailbox_id)
    return mailbox_id


def find_watched(context: LocalContext, address: str) -> Mailbox:
    """The watched mailbox with this address. Raises NotWatched."""
    with context.begin() as tx:
        box = mailboxes.find_mailbox(tx, address.strip().casefold())
    if box is None:
        raise NotWatched(f"{address} is not watched. `mailbox list` shows those that are.")
    return box


def remove(context: Context, address: str) -> Sequence[str]:
    """End the mailbox's lease, subscriptions and our inbox rules, and delete its rows.

    Of a mailbox on which another installation works, only the rows are deleted. Returns an error
    sentence for each of these that Microsoft did not end; subscriptions expire by themselves.
    webCRM and the mails in Exchange stay as they are. Raises NotWatched.
    """
    box = find_watched(context, address)
    with context.begin() as tx:
        known = mailboxes.folders(tx, box.id)
    errors = _end_at_microsoft(context, box, known) if box.elsewhere_since is None else []
    context.transact(partial(_delete, box.id))
    return errors


def forget(context: Context, box: Mailbox) -> None:
    """Delete the mailbox's rows and end its subscriptions. Inbox rules stay, as all in Outlook."""
    with context.begin() as tx:
        known = mailboxes.folders(tx, box.id)
    for subscription_id in (i for folder in known for i in folder.subscription_ids):
        with suppress(SyncError):  # it expires
            context.graph.unsubscribe(subscription_id)
    context.transact(partial(_delete, box.id))


def groups_of(context: LocalContext, user_id: str) -> Sequence[FollowedGroup]:
    """The followed groups that the user is a member of."""
    with context.begin() as tx:
        return groups.groups_of(tx, user_id)


def _delete(mailbox_id: int, tx: Tx) -> None:
    lock_company(tx)  # no page of it is being written
    if box := mailboxes.read_mailbox(tx, mailbox_id):
        groups.exclude(tx, box.user_id)
    mailboxes.remove_mailbox(tx, mailbox_id)


def _end_at_microsoft(context: Context, box: Mailbox, known: Sequence[SyncFolder]) -> list[str]:
    """End every subscription and rule, even if one fails; returns the errors."""
    subscriptions = [one for folder in known for one in folder.subscription_ids]
    ends = [partial(context.graph.unsubscribe, one) for one in subscriptions]
    ends.append(partial(lease.release, context, box, known))
    errors = []
    try:
        rules = [
            one.graph_id
            for one in context.graph.list_rules(box.user_id)
            if _is_our_rule(context, one, known)
        ]
        ends += [partial(context.graph.delete_rule, box.user_id, one) for one in rules]
    except SyncError as error:
        errors.append(str(error))
    for end in ends:
        try:
            end()
        except Gone:
            continue
        except SyncError as error:
            errors.append(str(error))
    return errors


def _is_our_rule(context: Context, rule: InboxRule, known: Sequence[SyncFolder]) -> bool:
    """True for an inbox rule that we made: it is named after our folder and moves mails there."""
    name = f"{context.settings.folder_name.casefold()}:"
    return rule.moves_to in {f.graph_id for f in known} and rule.name.casefold().startswith(name)
