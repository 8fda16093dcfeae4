"""A mailbox in Graph besides its mail: its user, its categories, its inbox rules."""

from __future__ import annotations

from typing import Any

from webcrm_sync.core.addresses import fold_address
from webcrm_sync.core.errors import Gone, Refused
from webcrm_sync.core.outlook import InboxRule, MailUser
from webcrm_sync.graph import wire
from webcrm_sync.graph.concurrency import Call
from webcrm_sync.graph.paging import list_entries
from webcrm_sync.graph.transport import Transport
from webcrm_sync.graph.typed import list_typed
from webcrm_sync.graph.wire import check_segment, quote_literal

_USER_KEYS = "id,displayName,mail,userPrincipalName,proxyAddresses"


async def user(transport: Transport, address: str) -> MailUser:
    """Who has this address or user principal name."""
    found = await _user(transport, address)
    user_id, mail = wire.get_id(found), wire.get_text(found, "mail")
    return MailUser(
        user_id=user_id,
        address=(mail or wire.get_text(found, "userPrincipalName") or address).strip().casefold(),
        display_name=wire.get_text(found, "displayName"),
        aliases=_aliases(found),
        is_shared=(await _purpose(transport, user_id)).casefold() == "shared",
    )


async def _purpose(transport: Transport, user_id: str) -> str:
    """What the mailbox is for; "" when Graph does not tell, as it is no more than a word."""
    url = transport.url("users", user_id, "mailboxSettings")
    try:
        return wire.get_text(await transport.json("GET", url, Call(user_id)), "userPurpose")
    except (Gone, Refused):
        return ""


async def _user(transport: Transport, address: str) -> wire.Json:
    url = transport.url("users", address, select=_USER_KEYS)
    try:
        return await transport.json("GET", url, Call(None))
    except Gone:  # only an id or principal name is found that way, an address need not be one
        found = await _user_with(transport, address)
        if found is None:
            raise
        return found


async def _user_with(transport: Transport, address: str) -> wire.Json | None:
    text = quote_literal(address)
    which = f"mail eq '{text}' or proxyAddresses/any(p:p eq 'smtp:{text}')"
    url = transport.url("users", filter=which, select=_USER_KEYS)
    found = await transport.json("GET", url, Call(None))
    return next(iter(wire.get_objects(found, "value")), None)


def _aliases(found: wire.Json) -> frozenset[str]:
    proxies = [line.partition(":") for line in wire.get_texts(found, "proxyAddresses")]
    also = [address for kind, _, address in proxies if kind.casefold() in {"smtp", "x500"}]
    named = [wire.get_text(found, "mail"), wire.get_text(found, "userPrincipalName"), *also]
    return frozenset(fold_address(address) for address in named if address)


async def category_names(transport: Transport, user_id: str) -> tuple[str, ...]:
    """The names in the mailbox's list of categories."""
    url = transport.url("users", user_id, "outlook", "masterCategories")
    found = await list_entries(transport, Call(user_id), url)
    return tuple(name for one in found if (name := wire.get_text(one, "displayName")))


async def create_category(transport: Transport, user_id: str, name: str, colour: str) -> None:
    """Puts a category into the mailbox's list; one that is there already stays as it is."""
    url = transport.url("users", user_id, "outlook", "masterCategories")
    try:
        # Names are unique per mailbox, so a second attempt does no harm.
        body = {"displayName": name, "color": colour}
        await transport.json("POST", url, Call(user_id), body=body)
    except Refused:  # the code for a duplicate is not documented: look
        there = await category_names(transport, user_id)
        if name.casefold() not in {one.casefold() for one in there}:
            raise


async def rules(transport: Transport, user_id: str) -> tuple[InboxRule, ...]:
    """The mailbox's inbox rules."""
    entries = list_typed(transport, Call(user_id), _rules(transport, user_id))
    return tuple([_rule(one) async for one in entries])


async def delete_rule(transport: Transport, user_id: str, rule_id: str) -> None:
    """Ends an inbox rule."""
    builder = _rules(transport, user_id).by_message_rule_id(check_segment(rule_id))
    await transport.send(Call(user_id), builder.delete)


def _rules(transport: Transport, user_id: str) -> Any:
    folders = transport.graph.users.by_user_id(check_segment(user_id)).mail_folders
    return folders.by_mail_folder_id("inbox").message_rules


def _rule(found: Any) -> InboxRule:
    moves_to = found.actions.move_to_folder if found.actions else None
    return InboxRule(found.id or "", found.display_name or "", moves_to or "")
