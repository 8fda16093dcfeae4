"""The senders whose mail is always synced: inbox rules that the product owns in Exchange.

Exchange allows all rules of a mailbox 256 KB together (Set-Mailbox: RulesQuota), so one rule
holds many senders. The rules live in Exchange; the tables keep a copy of the list for the pane.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from webcrm_sync.core import phrases
from webcrm_sync.core.addresses import fold_address
from webcrm_sync.core.errors import Refused, TryLater
from webcrm_sync.core.outlook import Place
from webcrm_sync.engine.context import Context
from webcrm_sync.engine.pane.mail_lookup import CurrentUser, refuse_elsewhere, refuse_paused
from webcrm_sync.graph.sender_rules import SenderRule
from webcrm_sync.store import mailboxes, sender_rules

SENDERS_PER_RULE = 60
#: Two simultaneous changes may overwrite each other, so each one checks that it was kept.
_ATTEMPTS = 5


def list_senders(context: Context, user: CurrentUser) -> tuple[str, ...]:
    """The addresses whose mail is always synced, sorted, as Exchange has them now."""
    rules = _product_rules(context, user)
    addresses = {fold_address(address) for rule in rules for address in rule.senders}
    with context.begin() as tx:
        sender_rules.save_senders(tx, user.box.id, addresses)
    return tuple(sorted(addresses))


def add_sender(context: Context, user: CurrentUser, address: str) -> None:
    """Have a rule move this sender's mail from now on. Idempotent. Raises TryLater, Refused."""
    refuse_paused(user)
    refuse_elsewhere(user)
    folder_id, address = _inbox_folder_id(context, user), fold_address(address)
    for _ in range(_ATTEMPTS):
        rules = _product_rules(context, user)
        if any(_has_sender(rule, address) for rule in rules):
            break
        name = context.settings.folder_name
        context.graph.save_sender_rule(
            user.box.user_id, rule_with_sender(rules, address, folder_id=folder_id, name=name)
        )
    else:
        raise TryLater("Somebody else changed the rule at the same moment.")
    list_senders(context, user)


def remove_sender(context: Context, user: CurrentUser, address: str) -> None:
    """Remove this sender from the rules of the product. Idempotent. Raises Refused."""
    refuse_paused(user)
    refuse_elsewhere(user)
    for rule in _product_rules(context, user):
        if not _has_sender(rule, address):
            continue
        remaining = tuple(a for a in rule.senders if fold_address(a) != fold_address(address))
        if remaining:
            context.graph.save_sender_rule(user.box.user_id, replace(rule, senders=remaining))
        else:
            context.graph.delete_rule(user.box.user_id, rule.graph_id)
    list_senders(context, user)


def _has_sender(rule: SenderRule, address: str) -> bool:
    return fold_address(address) in map(fold_address, rule.senders)


def rule_with_sender(
    rules: Sequence[SenderRule], address: str, *, folder_id: str, name: str
) -> SenderRule:
    """The first rule with room, extended by the sender; else a new rule."""
    for rule in rules:
        if len(rule.senders) < SENDERS_PER_RULE:
            return replace(rule, senders=(*rule.senders, address))
    number = f" {len(rules) + 1}" if rules else ""
    return SenderRule("", f"{name}: senders{number}", folder_id, (address,))


def _product_rules(context: Context, user: CurrentUser) -> list[SenderRule]:
    """The rules that the product made, recognised by their name and their target folder."""
    with context.begin() as tx:
        sync_folders = {f.graph_id for f in mailboxes.folders(tx, user.box.id)}
    prefix = f"{context.settings.folder_name}:".casefold()
    return [
        rule
        for rule in context.graph.list_sender_rules(user.box.user_id)
        if rule.moves_to in sync_folders
        and rule.name.casefold().startswith(prefix)
        and rule.senders
    ]


def _inbox_folder_id(context: Context, user: CurrentUser) -> str:
    with context.begin() as tx:
        folders = mailboxes.folders(tx, user.box.id)
    found = next((f.graph_id for f in folders if f.place is Place.INBOX), None)
    if found is None:
        raise Refused(phrases.NO_FOLDER_IN_INBOX.english)
    return found
