"""Always sync mail from: senders in inbox rules of our own, many to a rule.

Exchange gives all rules of a mailbox 256 KB together (Set-Mailbox: RulesQuota), so senders are
packed. The rules live in Exchange; our tables keep a copy of the list for the pane.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from webcrm_sync.core.addresses import fold_address
from webcrm_sync.core.errors import Refused, TryLater
from webcrm_sync.core.outlook import Place
from webcrm_sync.engine.context import Context
from webcrm_sync.engine.pane.mail_lookup import CurrentUser
from webcrm_sync.graph.sender_rules import SenderRule
from webcrm_sync.store import mailboxes, sync_requests

#: How many senders one rule holds.
SENDERS_PER_RULE = 60
#: Two changes at one moment may overwrite each other: each looks whether its own still stands.
_TRIES = 5


def list_senders(context: Context, user: CurrentUser) -> tuple[str, ...]:
    """The addresses whose mail is always synced, sorted, as Exchange has them now."""
    found = {fold_address(address) for rule in _ours(context, user) for address in rule.senders}
    with context.begin() as tx:
        sync_requests.save_senders(tx, user.box.id, found)
    return tuple(sorted(found))


def add_sender(context: Context, user: CurrentUser, address: str) -> None:
    """From now on a rule moves this sender's mail. Idempotent."""
    folder_id, address = _inbox_folder(context, user), fold_address(address)
    for _ in range(_TRIES):
        rules = _ours(context, user)
        if any(_holds(rule, address) for rule in rules):
            break
        name = context.settings.folder_name
        context.graph.save_sender_rule(
            user.box.user_id, rule_with_sender(rules, address, folder_id=folder_id, name=name)
        )
    else:
        raise TryLater("The rule was changed by somebody else at the same moment.")
    list_senders(context, user)


def remove_sender(context: Context, user: CurrentUser, address: str) -> None:
    """No rule of ours moves this sender's mail any more. Idempotent."""
    for rule in _ours(context, user):
        if not _holds(rule, address):
            continue
        left = tuple(a for a in rule.senders if fold_address(a) != fold_address(address))
        if left:
            context.graph.save_sender_rule(user.box.user_id, replace(rule, senders=left))
        else:
            context.graph.delete_rule(user.box.user_id, rule.graph_id)
    list_senders(context, user)


def _holds(rule: SenderRule, address: str) -> bool:
    return fold_address(address) in map(fold_address, rule.senders)


def rule_with_sender(
    rules: Sequence[SenderRule], address: str, *, folder_id: str, name: str
) -> SenderRule:
    """The rule that takes the sender in: the first with room, else another one."""
    for rule in rules:
        if len(rule.senders) < SENDERS_PER_RULE:
            return replace(rule, senders=(*rule.senders, address))
    number = f" {len(rules) + 1}" if rules else ""
    return SenderRule("", f"{name}: senders{number}", folder_id, (address,))


def _ours(context: Context, user: CurrentUser) -> list[SenderRule]:
    """The rules that this product made: by their name and by where they move to."""
    with context.begin() as tx:
        folders = {f.graph_id for f in mailboxes.folders(tx, user.box.id)}
    beginning = f"{context.settings.folder_name}:".casefold()
    return [
        rule
        for rule in context.graph.sender_rules(user.box.user_id)
        if rule.moves_to in folders and rule.name.casefold().startswith(beginning) and rule.senders
    ]


def _inbox_folder(context: Context, user: CurrentUser) -> str:
    with context.begin() as tx:
        folders = mailboxes.folders(tx, user.box.id)
    found = next((f.graph_id for f in folders if f.place is Place.INBOX), None)
    if found is None:
        raise Refused("The mailbox has no sync folder under Inbox yet.")
    return found
