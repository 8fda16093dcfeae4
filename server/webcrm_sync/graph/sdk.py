"""The SDK's adapter without retries or redirects, for the configured Graph host only.

Importing this module takes 0.3 s, since it imports msgraph.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
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

from webcrm_sync.graph.auth import AppLogin, decode_claims
from webcrm_sync.graph.errors import Failure
from webcrm_sync.graph.loop import LoopThread
from webcrm_sync.graph.requests import (
    IMMUTABLE_IDS,
    InvalidAnswer,
    check_head,
    refuse_foreign_host,
)
from webcrm_sync.graph.transport import TIMEOUTS, Failed
from webcrm_sync.logs import current
from webcrm_sync.net.bounds import Bounds
from webcrm_sync.net.transports import AsyncBoundedTransport, async_transport
from webcrm_sync.settings import Settings


class PinnedToken(AccessTokenProvider):  # type: ignore[misc]  # mypy does not follow kiota
    """The application's token, for requests to the configured Graph host only."""

    def __init__(self, login: AppLogin, graph_url: str) -> None:
        self._login = login
        self._graph_url = graph_url

    async def get_authorization_token(
        self, uri: str, additional_authentication_context: dict[str, Any] | None = None
    ) -> str:
        """The token. Raises Refused for another host, so that nothing is sent there."""
        refuse_foreign_host(uri, self._graph_url)
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


class Sdk:
    """The SDK's client on an event loop of its own. Thread-safe."""

    def __init__(self, settings: Settings, login: AppLogin, bounds: Bounds) -> None:
        inner = async_transport(settings.graph_url, settings.ca_bundle)
        transport = AsyncBoundedTransport(inner, bounds, service="graph")
        self._client = httpx.AsyncClient(transport=transport, timeout=TIMEOUTS)
        adapter = create_adapter(login, self._client, settings.graph_url)
        self._graph = GraphServiceClient(request_adapter=adapter)
        self._loop = LoopThread()

    def load_builders(self) -> None:
        """Imports what the SDK's first call would import, see `load_builders`."""
        load_builders(self._graph)

    def fetch_model(self, request: Callable[[GraphServiceClient], Awaitable[Any]]) -> Any:
        """The model that `request` returns. Raises Failed, InvalidAnswer and httpx's errors."""
        try:
            model = self.run(request)
        except (TypeError, AttributeError, KeyError):  # the SDK trusts the shape of the JSON
            raise InvalidAnswer("Graph's answer has another shape.") from None
        if model is None:
            raise InvalidAnswer("Graph's answer is empty.")
        return model

    def run(self, request: Callable[[GraphServiceClient], Awaitable[Any]]) -> Any:
        """What `request` returns. Raises Failed and httpx's errors."""

        async def await_answer() -> Any:
            return await request(self._graph)

        try:
            return self._loop.run(await_answer())
        except APIError as error:
            raise Failed(read_api_error(error)) from None

    def close(self) -> None:
        """Cancels running calls and closes the connections. Idempotent. Calls fail afterwards."""
        self._loop.close(self._client.aclose)


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
    request.headers["client-request-id"] = current() or str(uuid4())


async def _check_answer(response: httpx.Response) -> None:
    content_type = response.headers.get("Content-Type", "")
    accept = response.request.headers.get("Accept", "")
    check_head(response.status_code, content_type, accept=accept)
