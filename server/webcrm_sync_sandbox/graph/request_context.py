"""A call that was admitted: its caller, its mailbox, and access to the items there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from webcrm_sync_sandbox.graph import odata, serialize
from webcrm_sync_sandbox.graph.http import GraphError, not_found
from webcrm_sync_sandbox.outlook import ids

if TYPE_CHECKING:
    import random

    from webcrm_sync_sandbox.clock import Clock
    from webcrm_sync_sandbox.graph.http import Behaviour, Call
    from webcrm_sync_sandbox.outlook import Outlook, SimMailbox
    from webcrm_sync_sandbox.outlook.store import Item, SimFolder

SENSITIVE_CHANGE = "Mail-Advanced.ReadWrite"


@dataclass(frozen=True, slots=True)
class Caller:
    """The caller that the token names. `user_id` None = the application itself."""

    app_id: str
    tenant_id: str
    user_id: str | None
    permissions: frozenset[str]

    def may(self, permission: str) -> bool:
        """True when the token holds this permission or a wider form of it."""
        return any(p == permission or p.startswith(f"{permission}.") for p in self.permissions)


@dataclass(frozen=True, slots=True)
class GraphServices:
    """The services that all calls share."""

    outlook: Outlook
    clock: Clock
    behaviour: Behaviour
    chance: random.Random


@dataclass(frozen=True, slots=True)
class RequestContext:
    """An admitted call to one mailbox."""

    call: Call
    caller: Caller
    services: GraphServices
    mailbox: SimMailbox

    def item(self, item_id: str, folder_id: str | None = None) -> Item:
        """The item in this mailbox (and folder). Raises GraphError."""
        self._check_id(item_id)
        item = self.mailbox.item(item_id)
        if not item or not self.is_visible(item):
            raise not_found()
        if folder_id is not None and item.folder is not self.folder(folder_id):
            raise not_found()
        if item.id in self.services.behaviour.refused:
            raise GraphError(400, "ErrorInvalidRequest", "The request is invalid.")
        return item

    def is_visible(self, item: Item) -> bool:
        """False while a fresh item cannot be found yet (microsoft-graph-docs issue 11068)."""
        lag = self.services.behaviour.lag
        return not lag or item.appeared_at + lag <= self.services.clock.now()

    def folder(self, folder_id: str) -> SimFolder:
        """The folder of an id or a well-known name. Raises GraphError."""
        known = self.mailbox.well_known.get(folder_id.lower())
        if known:
            return known
        self._check_id(folder_id)
        found = self.mailbox.folders.get(folder_id)
        if not found:
            raise not_found()
        return found

    def shape(
        self, *, select: str | None = None, expand: str | None = None
    ) -> serialize.Representation:
        """The representation of messages by these options; without them, by the call's."""
        query = self.call.query
        select = query.get("$select") if select is None else select
        expand = query.get("$expand") if expand is None else expand
        names = serialize.DEFAULT_NAMES
        if select:
            names = odata.read_select(select, serialize.MESSAGE_NAMES)
        return serialize.Representation(
            names=names,
            expanded=odata.read_expand(expand) if expand else (),
            immutable=self.call.wants_immutable,
            as_text=any(
                wish.replace('"', "").lower() == "outlook.body-content-type=text"
                for wish in self.call.prefers
            ),
        )

    def show(self, item: Item, shape: serialize.Representation) -> serialize.Json:
        """The message as JSON; recorded in the notes when it includes the content."""
        if shape.shows_content:
            self.call.notes.contents.append(item.id)
        shown = serialize.message(item, shape)
        lacking = self.services.behaviour.lacking.get(item.id, frozenset())
        told = {name: value for name, value in shown.items() if name not in lacking}
        odd = self.services.behaviour.odd.get(item.id, {})
        return told | {name: value for name, value in odd.items() if name in told}

    def _check_id(self, given: str) -> None:
        if not ids.is_well_formed(given):
            raise GraphError(400, "ErrorInvalidIdMalformed", "Id is malformed.")
        if not ids.is_of(given, self.mailbox.tag):
            raise GraphError(
                400,
                "ErrorInvalidMailboxItemId",
                "Item Id doesn't belong to the targeted mailbox.",
            )
