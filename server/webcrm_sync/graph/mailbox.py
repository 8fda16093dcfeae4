"""A mailbox in Graph apart from its mail: its user, its categories, its inbox rules."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from webcrm_sync.core.addresses import fold_address
from webcrm_sync.core.errors import AccessLost, Gone, Refused
from webcrm_sync.core.outlook import InboxRule, MailUser
from webcrm_sync.graph import wire
from webcrm_sync.graph.concurrency import Call
from webcrm_sync.graph.paging import list_entries
from webcrm_sync.graph.transport import Transport
from webcrm_sync.graph.typed import TypedClient
from webcrm_sync.graph.wire import check_segment, quote_literal

NO_USER_READ = (
    "The application may not read users. Grant it the application permission User.Read.All in"
    " Entra, with an administrator's consent."
)
_USER_KEYS = "id,displayName,mail,userPrincipalName,proxyAddresses"


def find_user(transport: Transport, address: str) -> MailUser:
    """The user with this address or user principal name."""
    raw = _fetch_user(transport, address)
    user_id, mail = wire.get_id(raw), wire.get_text(raw, "mail")
    return MailUser(
        user_id=user_id,
        address=(mail or wire.get_text(raw, "userPrincipalName") or address).strip().casefold(),
        display_name=wire.get_text(raw, "displayName"),
        aliases=_aliases(raw),
        is_shared=(_fetch_purpose(transport, user_id)).casefold() == "shared",
    )


def _fetch_purpose(transport: Transport, user_id: str) -> str:
    """The mailbox's purpose, "" if Graph does not say: the user is usable without one."""
    url = transport.build_url("users", user_id, "mailboxSettings")
    try:
        return wire.get_text(transport.request_json("GET", url, Call(user_id)), "userPurpose")
    except (Gone, Refused):
        return ""


def _fetch_user(transport: Transport, address: str) -> wire.Json:
    url = transport.build_url("users", address, select=_USER_KEYS)
    try:
        return transport.request_json("GET", url, Call(None))
    except AccessLost as error:
        raise Refused(NO_USER_READ, code="NoUserRead", request_id=error.request_id) from None
    except Gone:  # the URL takes an id or a principal name, and an address may be neither
        raw = _find_by_address(transport, address)
        if raw is None:
            raise
        return raw


def _find_by_address(transport: Transport, address: str) -> wire.Json | None:
    text = quote_literal(address)
    condition = f"mail eq '{text}' or proxyAddresses/any(p:p eq 'smtp:{text}')"
    url = transport.build_url("users", filter=condition, select=_USER_KEYS)
    raw = transport.request_json("GET", url, Call(None))
    return next(iter(wire.get_objects(raw, "value")), None)


def _aliases(raw: wire.Json) -> frozenset[str]:
    proxies = [entry.partition(":") for entry in wire.get_texts(raw, "proxyAddresses")]
    aliases = [address for kind, _, address in proxies if kind.casefold() in {"smtp", "x500"}]
    aliases += [wire.get_text(raw, "mail"), wire.get_text(raw, "userPrincipalName")]
    return frozenset(fold_address(address) for address in aliases if address)


def list_category_names(transport: Transport, user_id: str) -> tuple[str, ...]:
    """The names of the mailbox's categories."""
    url = transport.build_url("users", user_id, "outlook", "masterCategories")
    entries = list_entries(transport, Call(user_id), url)
    return tuple(name for entry in entries if (name := wire.get_text(entry, "displayName")))


def create_category(transport: Transport, user_id: str, name: str, colour: str) -> None:
    """Adds a category to the mailbox; an existing one stays as it is. Idempotent."""
    url = transport.build_url("users", user_id, "outlook", "masterCategories")
    try:
        body = {"displayName": name, "color": colour}
        transport.request_json("POST", url, Call(user_id), body=body)
    except Refused:  # the code for a duplicate is not documented, so look for the name
        existing = list_category_names(transport, user_id)
        if name.casefold() not in {category.casefold() for category in existing}:
            raise


def list_rules(typed: TypedClient, user_id: str) -> tuple[InboxRule, ...]:
    """The mailbox's inbox rules."""
    return tuple(map(_read_rule, typed.list_models(Call(user_id), _rules_of(user_id))))


def delete_rule(typed: TypedClient, user_id: str, rule_id: str) -> None:
    """Deletes an inbox rule."""
    rules, checked_id = _rules_of(user_id), check_segment(rule_id)
    typed.act(Call(user_id), lambda graph: rules(graph).by_message_rule_id(checked_id).delete())


def _rules_of(user_id: str) -> Callable[[Any], Any]:
    checked_id = check_segment(user_id)
    return lambda graph: (
        graph.users.by_user_id(checked_id).mail_folders.by_mail_folder_id("inbox").message_rules
    )


def _read_rule(model: Any) -> InboxRule:
    moves_to = model.actions.move_to_folder if model.actions else None
    return InboxRule(model.id or "", model.display_name or "", moves_to or "")
