"""The SDK's adapter without retries or redirects, for the configured Graph host only."""

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
    AnonymousAuthenticationProvider,
    BaseBearerTokenAuthenticationProvider,
)
from msgraph import GraphServiceClient
from msgraph.generated.models.subscription import Subscription
from msgraph.graph_request_adapter import GraphRequestAdapter

from webcrm_sync.core.errors import Refused
from webcrm_sync.graph.auth import AppLogin, decode_claims
from webcrm_sync.graph.errors import Failure
from webcrm_sync.settings import PREFIX

#: Ids that survive moves. Graph needs the preference on each call
#: (Microsoft Graph: immutable identifiers for Outlook resources).
IMMUTABLE_IDS = 'IdType="ImmutableId"'


def is_graph_url(url: str, graph_url: str) -> bool:
    """True if `url` is on the configured Graph host and holds no login of its own.

    `url` is parsed by httpx, which also sends it. The first test saves that for ordinary URLs.
    """
    if url.startswith(f"{graph_url}/"):
        return True
    try:
        return _origin(url) == _origin(graph_url) and not httpx.URL(url).userinfo
    except httpx.InvalidURL:
        return False


def _origin(url: str) -> tuple[str, str, int | None]:
    """The scheme, host and port that httpx uses for `url`."""
    parsed = httpx.URL(url)
    return parsed.scheme, parsed.host, parsed.port or {"http": 80, "https": 443}.get(parsed.scheme)


class PinnedToken(AccessTokenProvider):  # type: ignore[misc]  # mypy does not follow kiota
    """The application's token, for requests to the configured Graph host only."""

    def __init__(self, login: AppLogin, graph_url: str) -> None:
        self._login = login
        self._graph_url = graph_url

    async def get_authorization_token(
        self, uri: str, additional_authentication_context: dict[str, Any] | None = None
    ) -> str:
        """The token. Raises Refused for another host, so that nothing is sent there."""
        if not is_graph_url(uri, self._graph_url):
            raise Refused("A link leads away from the configured Graph host.", code="ForeignHost")
        challenge = (additional_authentication_context or {}).get("claims", "")
        claims = decode_claims(challenge) if challenge else None
        return await asyncio.to_thread(self._login.fetch_token, claims)

    def get_allowed_hosts_validator(self) -> AllowedHostsValidator:
        """The host by name. `get_authorization_token` is stricter: it checks the port as well."""
        return AllowedHostsValidator([str(urlsplit(self._graph_url).hostname)])


def create_adapter(
    login: AppLogin, client: httpx.AsyncClient, graph_url: str
) -> GraphRequestAdapter:
    """An adapter over `client` that sends each request once, and only to `graph_url`.

    It leaves out the SDK's middleware, whose retries and redirects are not wanted, and whose other
    work on each request (it parses the address five times) is of no use.
    """
    client.event_hooks = {"request": [_add_headers], "response": [_check_answer]}
    provider = BaseBearerTokenAuthenticationProvider(PinnedToken(login, graph_url))
    adapter = GraphRequestAdapter(provider, client=client)
    adapter.base_url = graph_url
    return adapter


def load_builders(graph: GraphServiceClient) -> None:
    """Imports the SDK's builders and models that the product uses, which takes two seconds.

    The SDK imports a builder at its first use, and with the first model a thousand others
    (GitHub: microsoftgraph/msgraph-sdk-python#909).
    """
    folder = graph.users.by_user_id("any").mail_folders.by_mail_folder_id("any")
    _ = (folder.message_rules, graph.subscriptions)
    Subscription().get_field_deserializers()


def preload() -> None:
    """Imports what `load_builders` imports, for a process that forks. Sends nothing."""
    client = httpx.AsyncClient(transport=httpx.AsyncBaseTransport())
    adapter = GraphRequestAdapter(AnonymousAuthenticationProvider(), client=client)
    load_builders(GraphServiceClient(request_adapter=adapter))


def read_api_error(error: APIError) -> Failure:
    """The facts in the error that the SDK raises for a 4xx or 5xx."""
    headers = httpx.Headers(error.response_headers or {})
    details = getattr(error, "error", None)  # an ODataError has them, a plain APIError does not
    inner = getattr(details, "inner_error", None)
    return Failure(
        status=error.response_status_code or 0,
        code=getattr(details, "code", None) or "",
        message=getattr(details, "message", None) or "",
        retry_after=headers.get("Retry-After"),
        request_id=headers.get("request-id") or getattr(inner, "request_id", None) or "",
    )


async def _add_headers(request: httpx.Request) -> None:
    preferences = [IMMUTABLE_IDS, *request.headers.get_list("Prefer")]
    request.headers["Prefer"] = ", ".join(preferences)
    request.headers["client-request-id"] = str(uuid4())


class InvalidAnswer(httpx.RemoteProtocolError):
    """The answer does not come from Graph, or does not answer this request."""


async def _check_answer(response: httpx.Response) -> None:
    """Raises InvalidAnswer for a redirect, and for a gateway's page in place of Graph's JSON."""
    status = response.status_code
    if not (200 <= status < 300 or 400 <= status < 600):
        raise InvalidAnswer(
            f"Graph's address answers with status {status}, which is not followed:"
            f" check {PREFIX}GRAPH_URL."
        )
    expected = response.request.headers.get("Accept", "")
    received = response.headers.get("Content-Type", "")
    is_foreign = received and expected.startswith("application/json") and "json" not in received
    if response.is_success and is_foreign:
        raise InvalidAnswer("Graph's address answers with something that is not JSON.")
