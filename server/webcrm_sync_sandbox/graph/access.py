"""Access control: tokens, permissions, and Exchange's own rules.

Microsoft Graph: auth-limit-mailbox-access.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import urlsplit

from webcrm_sync_sandbox.graph.http import GraphError, bad_request, not_found
from webcrm_sync_sandbox.graph.request_context import Caller

if TYPE_CHECKING:
    from collections.abc import Collection

    from webcrm_sync_sandbox.graph.http import Call
    from webcrm_sync_sandbox.graph.routes import Realm, Route
    from webcrm_sync_sandbox.outlook import Outlook, SimMailbox


class TokenReader(Protocol):
    """Reads the tokens of an authority."""

    def claims(self, token: str, *, audience: str) -> dict[str, Any] | None:
        """The claims of a token; None unless it is valid now and for that audience."""


class AccessControl:
    """Admits callers to mailboxes."""

    def __init__(self, outlook: Outlook, tokens: TokenReader) -> None:
        self._outlook = outlook
        self._tokens = tokens

    def caller(self, call: Call) -> Caller:
        """The caller. Raises GraphError 401."""
        scheme, _, token = call.headers.get("authorization", "").partition(" ")
        parts = urlsplit(call.base)
        audience = f"{parts.scheme}://{parts.netloc}"
        claims = None
        if scheme.lower() == "bearer":
            claims = self._tokens.claims(token, audience=audience)
        if not claims:
            raise GraphError(
                401,
                "InvalidAuthenticationToken",
                "Access token has expired or is not yet valid or is not meant for this audience.",
                headers={"WWW-Authenticate": 'Bearer realm="", error="invalid_token"'},
            )
        scopes = claims.get("scp", "").split()
        return Caller(
            app_id=claims["appid"],
            tenant_id=claims["tid"],
            user_id=claims["oid"] if "scp" in claims else None,
            permissions=frozenset(scopes or claims.get("roles", ())),
        )

    def enter(self, call: Call, caller: Caller, route: Route, user: str | None) -> SimMailbox:
        """The mailbox that the call names, if the caller may access it. Raises GraphError."""
        mailbox = self.find(caller, user)
        self._check(caller, mailbox, route.realm, is_write=call.method != "GET")
        if route.realm == "User":
            return mailbox
        if route.is_delta and caller.user_id not in (None, mailbox.user_id):
            raise not_found()  # a delegate's token, microsoft-graph-docs issue 12427
        if not mailbox.has_licence:
            raise GraphError(
                404,
                "MailboxNotEnabledForRESTAPI",
                "The mailbox is either inactive, soft-deleted, or is hosted on-premise.",
            )
        if mailbox.is_full:
            raise GraphError(403, "ErrorQuotaExceeded", "The mailbox has exceeded its quota.")
        return mailbox

    def find(self, caller: Caller, user: str | None) -> SimMailbox:
        """The mailbox of a user name; None = the caller's own. Raises GraphError."""
        if user is None and caller.user_id is None:
            raise bad_request("/me request is only valid with delegated authentication flow.")
        mailbox = self._outlook.find(user or caller.user_id or "")
        if not mailbox:
            raise GraphError(404, "ResourceNotFound", "Resource could not be discovered.")
        return mailbox

    def _check(self, caller: Caller, mailbox: SimMailbox, realm: Realm, *, is_write: bool) -> None:
        if caller.user_id:
            allowed = self._outlook.may_enter(caller.user_id, mailbox)
            allowed = allowed and _permits(caller.permissions, realm, is_write=is_write)
        elif self._outlook.scope is not None and realm != "User":
            # Exchange's own roles apply; the token has no roles claim then.
            roles = self._outlook.roles
            allowed = self._outlook.is_in_scope(mailbox) and _permits(
                roles, realm, is_write=is_write
            )
        else:
            allowed = _permits(caller.permissions, realm, is_write=is_write)
        if not allowed:
            raise GraphError(
                403, "ErrorAccessDenied", "Access is denied. Check credentials and try again."
            )


def _permits(permissions: Collection[str], realm: Realm, *, is_write: bool) -> bool:
    wanted = f"{realm}.ReadWrite" if is_write else f"{realm}.Read"
    return any(permission.startswith(wanted) for permission in permissions)
