"""Moves the mail of a new customer into the sync folder, and files it under the Organisation."""

from __future__ import annotations

from contextlib import suppress
from functools import partial

from webcrm_sync.core.errors import Refused
from webcrm_sync.core.places import AddPlace, MovePlace
from webcrm_sync.engine.context import Context
from webcrm_sync.engine.pane.actions import move_to_sync_folder
from webcrm_sync.engine.pane.mail_lookup import CurrentUser, LocatedMail
from webcrm_sync.engine.pane.place_actions import edit_places_of
from webcrm_sync.store import mailboxes, new_customers
from webcrm_sync.store.new_customers import CustomerKey


def move_in(
    context: Context, user: CurrentUser, key: CustomerKey, mail: LocatedMail
) -> LocatedMail:
    """The mail after its move into the sync folder. It is moved once: a person may move it out."""
    with context.begin() as tx:
        request = new_customers.read(tx, key)
    if request is None or not request.is_open or request.moved_at is not None:
        return mail
    moved = move_to_sync_folder(context, user.box, mail)
    with context.begin() as tx:
        new_customers.note_move(tx, key)
    return moved


def file_mail(
    context: Context, user: CurrentUser, key: CustomerKey, mail: LocatedMail, *, item_id: str = ""
) -> None:
    """File the mail under the new Organisation, too or in place of another one. Idempotent.

    A mail that has left the sync folder since stays out. `item_id`: what Outlook calls the mail.
    """
    with context.begin() as tx:
        request = new_customers.read(tx, key)
        folders = {folder.graph_id for folder in mailboxes.folders(tx, key.mailbox_id)}
    if request is None or request.organisation_id is None:
        return
    if mail.head.folder_id in folders:
        edit = partial(edit_places_of, context, user, mail, item_id=item_id)
        to = request.organisation_id
        try:
            edit(
                AddPlace(to) if request.replaces_id is None else MovePlace(request.replaces_id, to)
            )
        except Refused:
            # The place that gives way is gone already, or the mail is in too many places and keeps
            # them: the customer exists nevertheless.
            with suppress(Refused):
                edit(AddPlace(to))
    with context.begin() as tx:
        new_customers.complete(tx, key)
