"""One request to Microsoft Graph: sent once, few at a time per mailbox, errors as `core.errors`.

Importing this module takes 0.3 s, since it imports msgraph.
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
from webcrm_sync.net.errors import classify_connection_error
from webcrm_sync.net.transports import AsyncBoundedTransport, async_transport
from webcrm_sync.settings import Settings

T = TypeVar("T")

_ERRORS = {"4XX": ODataError, "5XX": ODataError}
_TIMEOUTS = httpx.Timeout(90, connect=15)
_MEGABYTE = 1024 * 1024
#: A page holds up to 50 mails with their bodies, and one body may hold its pictures: Exchange takes
#: 35 MB by default (Exchange Online limits: message size). A page of a mail listing holds a
#: thousand mails, and a folder a million at most.
BOUNDS = Bounds(seconds=120, size=64 * _MEGABYTE, pages=2000)
#: The largest message that Exchange takes in any configuration (Exchange Online limits).
LARGEST_MAIL = 150 * _MEGABYTE
#: A slow line still delivers this much of an attachment in a second.
_SLOWEST_BYTES_PER_S = 64 * 1024
TOO_LARGE = "AnswerTooLarge"
#: The errors that httpx raises before it sends anything.
_NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError)
#: The answer is cut off or malformed. ValueError covers each way in which JSON can be wrong.
_LOST = (httpx.RequestError, ValueError, RecursionError)


class _Failed(Exception):
    """Graph's answer is not a success."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.status)
        self.failure = failure


class Transport:
    """Requests through the SDK's adapter. Any thread may create it; only the Graph loop uses it."""

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
        self._limiter = MailboxLimiter()
        inner = async_transport(settings.graph_url, settings.ca_bundle)
        transport = AsyncBoundedTransport(inner, bounds)
        self._client = httpx.AsyncClient(transport=transport, timeout=_TIMEOUTS)
        self._adapter = create_adapter(login, self._client, settings.graph_url)
        #: The typed client, for rare calls; they go through `run`.
        self.graph = GraphServiceClient(request_adapter=self._adapter)

    async def close(self) -> None:
        """Closes the connections."""
        await self._client.aclose()

    def build_url(self, *segments: str, **query: str) -> str:
        """A resource's absolute URL, see `wire.build_path`."""
        return self._url + build_path(*segments, **query)

    async def request_json(
        self,
        method: str,
        url: str,
        call: Call,
        *,
        body: Mapping[str, Any] | None = None,
        prefer: Sequence[str] = (),
    ) -> dict[str, Any]:
        """The JSON object in the answer, {} for an answer without content."""
        content = None if body is None else json.dumps(body).encode()

        async def request() -> dict[str, Any]:
            info = _create_request(method, url, content, prefer)
            return _parse_object(await self._adapter.send_primitive_async(info, "bytes", _ERRORS))

        return await self.run(call, request)

    async def download(self, url: str, call: Call, sink: IO[bytes], *, at_most: int) -> None:
        """Writes the answer's bytes into `sink`, piece by piece; an error may leave a part there.

        Raises Refused, code TOO_LARGE, if more than `at_most` bytes arrive.
        """
        bounds = Bounds(self.bounds.seconds + at_most / _SLOWEST_BYTES_PER_S, at_most)

        async def request() -> None:
            info = _create_request("GET", url, None, ())
            info.headers["Accept"] = "*/*"
            native = await self._adapter.convert_to_native_async(info)
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

        await self.run(call, request)

    async def run(self, call: Call, request: Callable[[], Awaitable[T]]) -> T:
        """The result of `request`, within the mailbox's slots; its errors as `core.errors`.

        After a 401 it gets a new token and runs `request` once more.
        """
        async with self._limiter.hold(call):
            try:
                return await self._run_once(call, request)
            except _Failed as failed:
                if failed.failure.status != httpx.codes.UNAUTHORIZED:
                    raise self.classify(failed.failure, call) from None
            await asyncio.to_thread(self._login.forget_token)
            try:
                return await self._run_once(call, request)
            except _Failed as failed:
                raise self.classify(failed.failure, call) from None

    def classify(self, failure: Failure, call: Call) -> SyncError:
        """The error that a failed answer to `call` means."""
        return classify_failure(
            failure,
            now=self._now(),
            is_idempotent=call.is_idempotent,
            in_mailbox=call.mailbox is not None,
        )

    async def _run_once(self, call: Call, request: Callable[[], Awaitable[T]]) -> T:
        # `from None`, since the SDK's errors quote Graph's messages, which hold addresses.
        try:
            return await request()
        except APIError as error:
            raise _Failed(read_api_error(error)) from None
        except httpx.InvalidURL:
            raise Refused("A link in Graph's answer is no address.", code="BadLink") from None
        except _NOT_SENT as error:
            raise classify_connection_error(str(urlsplit(self._url).hostname), error) from None
        except _LOST as error:
            kind = TryLater if call.is_idempotent else Unclear
            code = TOO_LARGE if isinstance(error, AnswerTooLarge) else "Lost"
            raise kind(_describe(error), code=code) from None


def _describe(error: Exception) -> str:
    """Why there is no answer, without any text from the network."""
    if isinstance(error, AnswerTooLarge | CallTooSlow):
        return f"Graph's answer {error}."
    if isinstance(error, InvalidAnswer):
        return str(error)
    return f"Graph's answer was lost ({type(error).__name__})."


def _create_request(
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


def _parse_object(content: bytes | None) -> dict[str, Any]:
    answer = json.loads(content) if content else {}
    if not isinstance(answer, dict):
        raise httpx.RemoteProtocolError("the answer is no JSON object")
    return answer
