"""One request to Microsoft Graph: sent once, few at a time per mailbox, its troubles told.

Importing this module imports msgraph (0.3 s).
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import IO, Any, TypeVar
from urllib.parse import urlsplit

import httpx
from kiota_abstractions.api_error import APIError
from kiota_abstractions.method import Method
from kiota_abstractions.request_information import RequestInformation
from msgraph import GraphServiceClient
from msgraph.generated.models.o_data_errors.o_data_error import ODataError

from webcrm_sync.core.errors import Refused, SyncError, TryLater, Unclear
from webcrm_sync.graph.auth import AppLogin
from webcrm_sync.graph.concurrency import Call, MailboxLimiter
from webcrm_sync.graph.errors import Failure, classify_failure, read_failure
from webcrm_sync.graph.sdk import InvalidAnswer, create_adapter, read_api_error
from webcrm_sync.graph.wire import build_path
from webcrm_sync.net.bounds import BOUNDS_EXTENSION, AnswerTooLarge, Bounds, CallTooSlow
from webcrm_sync.net.tls import connection_error
from webcrm_sync.net.transports import AsyncBoundedTransport, async_transport
from webcrm_sync.settings import Settings

T = TypeVar("T")

_ERRORS = {"4XX": ODataError, "5XX": ODataError}
_TIMEOUTS = httpx.Timeout(90, connect=15)
_MEGABYTE = 1024 * 1024
#: A page holds up to 50 mails with their bodies, and one body may hold its pictures: Exchange
#: takes 35 MB unless told otherwise (Exchange Online limits: message size).
#: A listing of mails has a thousand on a page, and a folder holds a million at most.
BOUNDS = Bounds(seconds=120, size=64 * _MEGABYTE, pages=2000)
#: Exchange takes no message that is larger, whatever is configured (Exchange Online limits).
LARGEST_MAIL = 150 * _MEGABYTE
#: A slow line still brings this much of an attachment in a second.
_SLOWEST = 64 * 1024
TOO_LARGE = "AnswerTooLarge"
#: Raised before anything was sent.
_NEVER_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError)
#: The answer broke off, or is none: ValueError is all that JSON may be wrong in.
_LOST = (httpx.RequestError, ValueError, RecursionError)


class _Failed(Exception):
    """Graph answered, and not with success."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.status)
        self.failure = failure


class Transport:
    """Requests through the SDK's adapter. Made anywhere, used on the Graph loop only."""

    def __init__(
        self,
        settings: Settings,
        login: AppLogin,
        *,
        now: Callable[[], datetime],
        bounds: Bounds = BOUNDS,
    ) -> None:
        self.bounds = bounds
        self._login = login
        self._now = now
        self._url = settings.graph_url
        self._gate = MailboxLimiter()
        bounded = AsyncBoundedTransport(
            async_transport(settings.graph_url, settings.ca_bundle), bounds
        )
        self._client = httpx.AsyncClient(transport=bounded, timeout=_TIMEOUTS)
        self._adapter = create_adapter(login, self._client, settings.graph_url)
        #: The typed client for what is called rarely; its calls go through `send`.
        self.graph = GraphServiceClient(request_adapter=self._adapter)

    async def close(self) -> None:
        """Closes the connections."""
        await self._client.aclose()

    def url(self, *segments: str, **query: str) -> str:
        """The whole URL of a resource, see `wire.path`."""
        return self._url + build_path(*segments, **query)

    async def json(
        self,
        method: str,
        url: str,
        call: Call,
        *,
        body: Mapping[str, Any] | None = None,
        prefer: Sequence[str] = (),
    ) -> dict[str, Any]:
        """The answer's JSON object, empty when the answer has no content."""
        content = None if body is None else json.dumps(body).encode()

        async def ask() -> dict[str, Any]:
            request = _request(method, url, content, prefer)
            return _object(await self._adapter.send_primitive_async(request, "bytes", _ERRORS))

        return await self.send(call, ask)

    async def save(self, url: str, call: Call, sink: IO[bytes], *, at_most: int) -> None:
        """Writes the answer's bytes into `sink` piece by piece; may raise with a part written.

        Raises Refused, code TOO_LARGE, where more than `at_most` come.
        """
        bounds = Bounds(self.bounds.seconds + at_most / _SLOWEST, at_most)

        async def ask() -> None:
            request = _request("GET", url, None, ())
            request.headers["Accept"] = "*/*"
            native = await self._adapter.convert_to_native_async(request)
            native.extensions[BOUNDS_EXTENSION] = bounds
            response = await self._client.send(native, stream=True)
            try:
                if not response.is_success:
                    content = await response.aread()
                    raise _Failed(read_failure(response.status_code, response.headers, content))
                async for piece in response.aiter_bytes():
                    sink.write(piece)
            except AnswerTooLarge as error:
                raise Refused(f"The attachment {error}.", code=TOO_LARGE) from None
            finally:
                await response.aclose()

        await self.send(call, ask)

    async def send(self, call: Call, ask: Callable[[], Awaitable[T]]) -> T:
        """What `ask` answers, within the mailbox's places; its troubles as `core.errors`.

        `ask` makes its request anew each time: a 401 is answered once with a fresh token.
        """
        async with self._gate.hold(call):
            try:
                return await self._answer(call, ask)
            except _Failed as failed:
                if failed.failure.status != httpx.codes.UNAUTHORIZED:
                    raise self.trouble(failed.failure, call) from None
            await asyncio.to_thread(self._login.forget)
            try:
                return await self._answer(call, ask)
            except _Failed as failed:
                raise self.trouble(failed.failure, call) from None

    def trouble(self, failure: Failure, call: Call) -> SyncError:
        """What a failed answer means for that call."""
        return classify_failure(
            failure,
            now=self._now(),
            is_repeatable=call.is_repeatable,
            in_mailbox=call.mailbox is not None,
        )

    async def _answer(self, call: Call, ask: Callable[[], Awaitable[T]]) -> T:
        # `from None`: what the SDK raises quotes Graph's words, addresses included.
        try:
            return await ask()
        except APIError as error:
            raise _Failed(read_api_error(error)) from None
        except httpx.InvalidURL:
            raise Refused("A link in Graph's answer is no address.", code="BadLink") from None
        except _NEVER_SENT as error:
            raise connection_error(str(urlsplit(self._url).hostname), error) from None
        except _LOST as error:
            lost = TryLater if call.is_repeatable else Unclear
            raise lost(_sentence(error), code=_code(error)) from None


def _sentence(error: Exception) -> str:
    """What became of the answer; only words of our own."""
    if isinstance(error, AnswerTooLarge | CallTooSlow):
        return f"Graph's answer {error}."
    if isinstance(error, InvalidAnswer):
        return str(error)
    return f"Graph's answer was lost ({type(error).__name__})."


def _code(error: Exception) -> str:
    return TOO_LARGE if isinstance(error, AnswerTooLarge) else "Lost"


def _request(
    method: str, url: str, content: bytes | None, prefer: Sequence[str]
) -> RequestInformation:
    request = RequestInformation(Method(method))
    request.url = url
    request.headers.add("Accept", "application/json")
    if prefer:
        request.headers.add("Prefer", ", ".join(prefer))
    if content is not None:
        request.set_stream_content(content, "application/json")
    return request


def _object(content: bytes | None) -> dict[str, Any]:
    answer = json.loads(content) if content else {}
    if not isinstance(answer, dict):
        raise httpx.RemoteProtocolError("the answer is no JSON object")
    return answer
