"""Follows groups in Entra: joiners are added, leavers are reported and never removed.

Only direct members count, as in Exchange's management scope.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from webcrm_sync.core.errors import Gone, Refused, SyncError
from webcrm_sync.core.group_members import INTERVAL, plan_look
from webcrm_sync.core.outlook import GroupMember
from webcrm_sync.engine.context import Context
from webcrm_sync.engine.local_context import LocalContext
from webcrm_sync.engine.mailboxes import admin
from webcrm_sync.engine.mailboxes.bulk import run_each
from webcrm_sync.engine.mailboxes.cures import explain_failure
from webcrm_sync.store import groups, mailboxes
from webcrm_sync.store.database import Tx
from webcrm_sync.store.groups import FollowedGroup

#: Mailboxes that one run adds, so that a worker can shut down gracefully.
_MOST_PER_RUN = 40


class NotFollowed(SyncError):
    """The group is not followed. `webcrm-sync status` shows those that are."""


def read_name(context: Context, group_id: str) -> str | None:
    """The group's name in Entra, None if Graph does not say it: the id does as well."""
    try:
        return context.graph.fetch_group_name(group_id)
    except SyncError:
        return None


def follow(
    context: Context,
    group_id: str,
    name: str | None,
    present: Sequence[GroupMember],
    troubles: Mapping[str, str],
) -> None:
    """Follow a group whose members were just added. Idempotent.

    `troubles`: why a member's mailbox could not be added, by user id; it is tried again.
    """

    def save(tx: Tx) -> None:
        group = groups.follow(tx, group_id, name)
        _save_look(tx, group, present)
        groups.note_failures(tx, group, troubles)

    context.transact(save)


def unfollow(context: LocalContext, group_id: str) -> FollowedGroup:
    """Stop following a group, which is returned; its mailboxes stay. Raises NotFollowed."""
    group = context.transact(lambda tx: groups.unfollow(tx, group_id))
    if group is None:
        raise NotFollowed(f"The group {group_id} is not followed. `status` shows those that are.")
    return group


def look(context: Context) -> None:
    """Look at each group that is due: add the mailboxes of joiners, note who left. Idempotent."""
    with context.begin() as tx:
        due = [group for group in groups.all_groups(tx) if group.due_at <= tx.now]
    for group in due:
        _look_at(context, group)


def _look_at(context: Context, group: FollowedGroup) -> None:
    try:
        present = context.graph.list_group_members(group.group_id)
    except SyncError as error:
        trouble = explain_group_failure(error)
        context.transact(lambda tx: groups.fail_look(tx, group, trouble))
        return
    name = read_name(context, group.group_id)
    joiners = context.transact(lambda tx: _save_look(tx, group, present, name))
    troubles = _add(context, joiners[:_MOST_PER_RUN])

    def finish(tx: Tx) -> None:
        groups.note_failures(tx, group, troubles)
        has_more = len(joiners) > _MOST_PER_RUN
        groups.finish_look(tx, group, due_at=tx.now if has_more else tx.now + INTERVAL)

    context.transact(finish)


def _save_look(
    tx: Tx, group: FollowedGroup, present: Sequence[GroupMember], name: str | None = None
) -> Sequence[GroupMember]:
    """Save who is a member and who has left. Returns the members whose mailboxes are to be added.

    A guest is no member that could be watched.
    """
    if not groups.lock(tx, group):
        return ()
    if name:
        groups.save_name(tx, group, name)
    watched = {box.user_id for box in mailboxes.all_mailboxes(tx)}
    plan = plan_look(present, groups.members(tx, group), watched, tx.now)
    groups.save_members(tx, group, (m for m in present if not m.is_guest))
    groups.save_departures(tx, group, left=plan.left, forgotten=plan.forgotten)
    return plan.to_add


def _add(context: Context, joiners: Sequence[GroupMember]) -> Mapping[str, str]:
    """Add the joiners' mailboxes. Returns why one could not be added, by user id."""

    def add(member: GroupMember) -> int:
        return admin.add(context, admin.inspect(context, member.user_id))

    outcomes = run_each(context, joiners, add, attempts=1)
    return {o.thing.user_id: explain_failure(o.error) for o in outcomes if o.error}


def explain_group_failure(error: SyncError) -> str:
    """Why the members of a group could not be listed, and what to do."""
    if isinstance(error, Gone):
        return (
            f"{error} Look up its object id in Entra; if the group was deleted, run"
            " `webcrm-sync mailbox unfollow`."
        )
    if isinstance(error, Refused) and error.code == "NoGroupRead":
        return str(error)
    return explain_failure(error)
