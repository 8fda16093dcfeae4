"""Users, mailbox settings, categories and the translation of ids."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from webcrm_sync_sandbox.graph.http import (
    GraphError,
    Reply,
    UndescribedError,
    bad_request,
    check_options,
)
from webcrm_sync_sandbox.graph.odata import read_select
from webcrm_sync_sandbox.outlook import ids
from webcrm_sync_sandbox.outlook.store import MasterCategory

if TYPE_CHECKING:
    from webcrm_sync_sandbox.graph.request_context import RequestContext
    from webcrm_sync_sandbox.outlook import SimMailbox

USER_NAMES = frozenset(
    {"id", "displayName", "mail", "userPrincipalName", "proxyAddresses", "preferredLanguage"}
)
USER_DEFAULT = USER_NAMES - {"proxyAddresses"}
_LANGUAGES = {
    "en": ("en-US", "English (United States)"),
    "da": ("da-DK", "Danish (Denmark)"),
    "de": ("de-DE", "German (Germany)"),
}
_COLORS = frozenset({"none", *(f"preset{number}" for number in range(25))})
_MOST_IDS = 1000


def user(context: RequestContext) -> Reply:
    """GET a user; proxyAddresses only with $select."""
    check_options(context.call, "select")
    select = context.call.query.get("$select")
    names = read_select(select, USER_NAMES) if select else USER_DEFAULT
    head = {"@odata.context": f"{context.call.base}/$metadata#users/$entity"}
    return Reply(200, head | show_user(context.mailbox, names))


def show_user(box: SimMailbox, names: frozenset[str]) -> dict[str, Any]:
    """These properties of a user."""
    everything: dict[str, Any] = {
        "id": box.user_id,
        "displayName": box.name,
        "mail": box.address,
        "userPrincipalName": box.principal_name,
        "preferredLanguage": _LANGUAGES.get(box.language, _LANGUAGES["en"])[0],
        "proxyAddresses": [f"SMTP:{box.address}", *map(_proxy, box.aliases)],
    }
    return {name: value for name, value in everything.items() if name in names}


def _proxy(alias: str) -> str:
    return f"x500:{alias}" if alias.startswith("/") else f"smtp:{alias}"


def settings(context: RequestContext) -> Reply:
    """GET the mailbox settings; userPurpose tells shared mailboxes apart."""
    check_options(context.call, "select")
    box = context.mailbox
    locale, name = _LANGUAGES.get(box.language, _LANGUAGES["en"])
    shown = {
        "archiveFolder": box.well_known["archive"].id,
        "timeZone": box.time_zone,
        "language": {"locale": locale, "displayName": name},
        "userPurpose": "shared" if box.is_shared else "user",
    }
    select = context.call.query.get("$select")
    if select:
        names = read_select(select, frozenset(shown))
        shown = {key: value for key, value in shown.items() if key in names}
    return Reply(200, shown)


def setting(context: RequestContext, name: str) -> Reply:
    """GET one of the mailbox settings, such as userPurpose."""
    body = settings(context).body
    assert isinstance(body, dict)
    if name not in body:
        raise UndescribedError(404, "ResourceNotFound", "No such setting is simulated.")
    return Reply(200, {"value": body[name]})


def categories(context: RequestContext) -> Reply:
    """GET the owner's list of categories."""
    check_options(context.call, "select", "top")
    with context.mailbox.lock:
        return Reply(200, {"value": [_category(c) for c in context.mailbox.categories.values()]})


def add_category(context: RequestContext) -> Reply:
    """POST a category; its name is unique without case."""
    body = context.call.json
    name, color = body.get("displayName"), body.get("color") or "none"
    if not name or color not in _COLORS:
        raise bad_request("A category needs a displayName and a known color.")
    with context.mailbox.lock:
        if name.casefold() in {c.name.casefold() for c in context.mailbox.categories.values()}:
            raise GraphError(409, "ErrorItemAlreadyExists", "The category exists already.")
        made = MasterCategory(str(uuid.uuid4()), name, color)
        context.mailbox.categories[made.id] = made
    return Reply(201, _category(made))


def change_category(context: RequestContext, category: str) -> Reply:
    """PATCH the colour; the name is fixed."""
    body = context.call.json
    if set(body) - {"color", "@odata.type"} or body.get("color") not in _COLORS:
        raise bad_request("Only the color of a category can be changed.")
    found = _found(context, category)
    found.color = body["color"]
    return Reply(200, _category(found))


def delete_category(context: RequestContext, category: str) -> Reply:
    """DELETE from the list; the names on messages stay."""
    found = _found(context, category)
    del context.mailbox.categories[found.id]
    return Reply(204)


def _found(context: RequestContext, category_id: str) -> MasterCategory:
    found = context.mailbox.categories.get(category_id)
    if not found:
        raise GraphError(404, "ErrorItemNotFound", "The category is not there.")
    return found


def _category(one: MasterCategory) -> dict[str, Any]:
    return {"id": one.id, "displayName": one.name, "color": one.color}


def translate(context: RequestContext) -> Reply:
    """POST translateExchangeIds between REST, EWS and immutable ids."""
    given = context.call.argument("inputIds")
    source = str(context.call.argument("sourceIdType"))
    target = str(context.call.argument("targetIdType"))
    if not 1 <= len(given) <= _MOST_IDS:
        raise bad_request("1 to 1000 ids.")
    known = {"restId", "ewsId", "restImmutableEntryId"}
    if {source, target} - known:
        raise UndescribedError(400, "BadRequest", "These kinds of ids are not simulated.")
    return Reply(200, {"value": [_translated(context, one, source, target) for one in given]})


def _translated(context: RequestContext, given: str, source: str, target: str) -> dict[str, Any]:
    rest = ids.rest_form(given) if source == "ewsId" else given
    item = context.mailbox.item(rest)
    prefix = ids.IMMUTABLE if source == "restImmutableEntryId" else ids.MUTABLE
    if not item or not rest.startswith(prefix):
        detail = {"code": "ErrorInvalidIdMalformed", "message": "Id is malformed."}
        return {"sourceId": given, "targetId": None, "errorDetails": detail}
    forms = {
        "restId": item.rest_id,
        "ewsId": ids.ews_form(item.rest_id),
        "restImmutableEntryId": item.id,
    }
    return {"sourceId": given, "targetId": forms[target]}
