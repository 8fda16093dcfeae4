"""Maps paths to views."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Literal

from werkzeug.exceptions import HTTPException
from werkzeug.routing import Map, MapAdapter, Rule

from webcrm_sync_sandbox.graph import attachments, folders, inbox_rules, messages, people
from webcrm_sync_sandbox.graph.http import UndescribedError

if TYPE_CHECKING:
    from collections.abc import Callable

    from webcrm_sync_sandbox.graph.delta import Delta
    from webcrm_sync_sandbox.graph.http import Reply
    from webcrm_sync_sandbox.graph.uploads import Uploads

#: The areas that permissions cover.
Realm = Literal["Mail", "MailboxSettings", "User"]
_FUNCTION = re.compile(r"(\w+)\('([^']*)'\)")
_WORDS = (
    "users me mailFolders childFolders messages attachments messageRules outlook "
    "masterCategories mailboxSettings translateExchangeIds createUploadSession move copy "
    "permanentDelete delta subscriptions reauthorize groups members"
)
_SPELLING = {word.lower(): word for word in _WORDS.split()} | {
    "delta()": "delta",
    "microsoft.graph.delta()": "delta",
    "microsoft.graph.delta": "delta",
}


@dataclass(frozen=True, slots=True)
class Route:
    """A view of a mailbox and the permission that it needs."""

    view: Callable[..., Reply]
    realm: Realm
    is_delta: bool = False


def normal_path(path: str) -> str:
    """The path in one spelling: `users('x')` as `users/x`, words without case, `delta()`."""
    spelt = _FUNCTION.sub(r"\1/\2", path) if "('" in path else path
    segments = spelt.strip("/").split("/")
    return "/" + "/".join(_SPELLING.get(segment.lower(), segment) for segment in segments)


@cache
def _map_of(endpoints: tuple[str, ...]) -> MapAdapter:
    """The URL map of these endpoints, each "METHOD path"; cached, since compiling it takes long."""
    rules = [
        Rule(start + path, methods=[method], endpoint=f"{method} {path}")
        for method, _, path in (endpoint.partition(" ") for endpoint in endpoints)
        for start in ("/users/<user>", "/me")
    ]
    return Map(rules, strict_slashes=False).bind("graph")


class Routes:
    """All paths below a user."""

    def __init__(self, delta: Delta, uploads: Uploads) -> None:
        self._routes: dict[str, Route] = {}
        self._add_people()
        self._add_folders(delta)
        for prefix in ("", "/mailFolders/<folder>"):
            self._add_messages(prefix, uploads)
        self._map = _map_of(tuple(self._routes))

    def find(self, method: str, path: str) -> tuple[Route, dict[str, str]]:
        """The route and the path's values, `user` included. Raises UndescribedError."""
        try:
            endpoint, values = self._map.match(path, method)
        except HTTPException as error:
            raise UndescribedError(
                404, "UnknownError", "No reference describes this call."
            ) from error
        return self._routes[endpoint], dict(values)

    def _add(
        self,
        method: str,
        path: str,
        view: Callable[..., Reply],
        realm: Realm = "Mail",
        *,
        is_delta: bool = False,
    ) -> None:
        self._routes[f"{method} {path}"] = Route(view, realm, is_delta)

    def _add_people(self) -> None:
        self._add("GET", "", people.user, "User")
        self._add("GET", "/mailboxSettings", people.settings, "MailboxSettings")
        self._add("GET", "/mailboxSettings/<name>", people.setting, "MailboxSettings")
        listed = "/outlook/masterCategories"
        self._add("GET", listed, people.categories, "MailboxSettings")
        self._add("POST", listed, people.add_category, "MailboxSettings")
        self._add("PATCH", f"{listed}/<category>", people.change_category, "MailboxSettings")
        self._add("DELETE", f"{listed}/<category>", people.delete_category, "MailboxSettings")
        self._add("POST", "/translateExchangeIds", people.translate)
        rules = "/mailFolders/<folder>/messageRules"
        self._add("GET", rules, inbox_rules.listing, "MailboxSettings")
        self._add("POST", rules, inbox_rules.create, "MailboxSettings")
        self._add("GET", f"{rules}/<rule>", inbox_rules.get, "MailboxSettings")
        self._add("PATCH", f"{rules}/<rule>", inbox_rules.change, "MailboxSettings")
        self._add("DELETE", f"{rules}/<rule>", inbox_rules.delete, "MailboxSettings")

    def _add_folders(self, delta: Delta) -> None:
        one = "/mailFolders/<folder>"
        self._add("GET", "/mailFolders", folders.listing)
        self._add("POST", "/mailFolders", folders.create)
        self._add("GET", one, folders.get)
        self._add("PATCH", one, folders.change)
        self._add("DELETE", one, folders.delete)
        self._add("GET", f"{one}/childFolders", folders.listing)
        self._add("POST", f"{one}/childFolders", folders.create)
        self._add("POST", f"{one}/move", folders.move)
        self._add("GET", f"{one}/messages/delta", delta.page, is_delta=True)

    def _add_messages(self, prefix: str, uploads: Uploads) -> None:
        some, one = f"{prefix}/messages", f"{prefix}/messages/<message>"
        self._add("GET", some, messages.listing)
        self._add("POST", some, messages.create)
        self._add("GET", one, messages.get)
        self._add("PATCH", one, messages.change)
        self._add("DELETE", one, messages.delete)
        self._add("GET", f"{one}/$value", messages.mime)
        self._add("POST", f"{one}/move", messages.move)
        self._add("POST", f"{one}/copy", messages.copy)
        self._add("POST", f"{one}/permanentDelete", messages.purge)
        self._add("GET", f"{one}/attachments", attachments.listing)
        self._add("POST", f"{one}/attachments", attachments.create)
        self._add("POST", f"{one}/attachments/createUploadSession", uploads.open)
        self._add("GET", f"{one}/attachments/<attachment>", attachments.get)
        self._add("GET", f"{one}/attachments/<attachment>/$value", attachments.raw)
