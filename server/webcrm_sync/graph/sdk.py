"""The SDK's adapter as we use it: no retries, no redirects, our host only."""

from __future__ import annotations

import asyncio
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import httpx
from kiota_abstractions.api_error import APIError
from kiota_abstractions.authentication import (
    AccessTokenProvider,
    AllowedHostsValidator,
    BaseBearerTokenAuthenticationProvider,
)
from msgraph import GraphServiceClient
from msgraph.generated.models.subscription import Subscription
from msgraph.graph_request_adapter import GraphRequestAdapter

from webcrm_sync.core.errors import Refused
from webcrm_sync.graph.auth import AppLogin, decode_claims
from webcrm_sync.graph.errors import Failure
from webcrm_sync.settings import PREFIX

#: The form of ids that survives moves; not sticky, so on each call
#: (Microsoft Graph: immutable identifiers for Outlook resources).
IMMUTABLE_IDS = 'IdType="ImmutableId"'


def is_graph_url(url: str, graph_url: str) -> bool:
    """True when `url` lies on the configured host and brings no login of its own.

    Read as httpx does, which sends it; an address of the usual form is known by its beginning.
    """
    if url.startswith(f"{graph_url}/"):
        return True
    try:
        return _place(url) == _place(graph_url) and not httpx.URL(url).userinfo
    except httpx.InvalidURL:
        return False


def _place(url: str) -> tuple[str, str, int | None]:
    """Scheme, host and port that httpx would send this URL to."""
    parsed = httpx.URL(url)
    return parsed.scheme, parsed.host, parsed.port or {"http": 80, "https": 443}.get(parsed.scheme)


class PinnedToken(AccessTokenProvider):  # type: ignore[misc]  # mypy does not follow kiota
    """The application's token, for the configured host and no other."""

    def __init__(self, login: AppLogin, graph_url: str) -> None:
        self._login = login
        self._graph_url = graph_url

    async def get_authorization_token(
        self, uri: str, additional_authentication_context: dict[str, Any] | None = None
    ) -> str:
        """The token; raises Refused for a URL elsewhere, so that nothing is sent there."""
        if not is_graph_url(uri, self._graph_url):
            raise Refused("A link leads away from the configured Graph host.", code="ForeignHost")
        challenge = (additional_authentication_context or {}).get("claims", "")
        claims = decode_claims(challenge) if challenge else None
        return await asyncio.to_thread(self._login.token, claims)

    def get_allowed_hosts_validator(self) -> AllowedHostsValidator:
        """The hosts by name; the check itself is `is_ours`, which minds the port too."""
        return AllowedHostsValidator([str(urlsplit(self._graph_url).hostname)])


def create_adapter(
    login: AppLogin, client: httpx.AsyncClient, graph_url: str
) -> GraphRequestAdapter:
    """An adapter over `client` that sends each request once, to `graph_url` only.

    Without the SDK's middleware: we want neither its retries nor its redirects, and what else it
    does to each request (read its address five times over) serves nothing here.
    """
    client.event_hooks = {"request": [_label], "response": [_check]}
    provider = BaseBearerTokenAuthenticationProvider(PinnedToken(login, graph_url))
    made = GraphRequestAdapter(provider, client=client)
    made.base_url = graph_url
    return made


def load_builders(graph: GraphServiceClient) -> None:
    """Imports the SDK's builders and models that we use: two seconds that no call waits for.

    The SDK imports a builder when it is first named, and with the first model it reads a thousand
    others (GitHub: microsoftgraph/msgraph-sdk-python#909).
    """
    folder = graph.users.by_user_id("any").mail_folders.by_mail_folder_id("any")
    _ = (folder.message_rules, graph.subscriptions)
    Subscription().get_field_deserializers()


def read_api_error(error: APIError) -> Failure:
    """The facts in what the SDK raises for an answer of 4xx or 5xx."""
    headers = httpx.Headers(error.response_headers or {})
    told = getattr(error, "error", None)  # an ODataError has one; a plain APIError has not
    inner = getattr(told, "inner_error", None)
    return Failure(
        status=error.response_status_code or 0,
        code=getattr(told, "code", None) or "",
        message=getattr(told, "message", None) or "",
        retry_after=headers.get("Retry-After"),
        request_id=headers.get("request-id") or getattr(inner, "request_id", None) or "",
    )


async def _label(request: httpx.Request) -> None:
    wishes = [IMMUTABLE_IDS, *request.headers.get_list("Prefer")]
    request.headers["Prefer"] = ", ".join(wishes)
    request.headers["client-request-id"] = str(uuid4())


class InvalidAnswer(httpx.RemoteProtocolError):
    """Something answered that is not Graph, or not to this request."""


async def _check(response: httpx.Response) -> None:
    """A redirect is not followed; a page of somebody's gateway is no answer of Graph."""
    status = response.status_code
    if not (200 <= status < 300 or 400 <= status < 600):
        raise InvalidAnswer(
            f"Graph's address answers with status {status}, which is not followed:"
            f" check {PREFIX}GRAPH_URL."
        )
    expected = response.request.headers.get("Accept", "")
    got = response.headers.get("Content-Type", "")
    if (
        response.is_success
        and got
        and expected.startswith("application/json")
        and ("json" not in got)
    ):
        raise InvalidAnswer("Graph's address answers with something that is not JSON.")
