"""The SDK's typed client, for rare calls."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from functools import partial
from threading import Lock, Thread
from typing import TYPE_CHECKING, Any

from webcrm_sync.core.paging_guard import PagingGuard
from webcrm_sync.graph.auth import AppLogin
from webcrm_sync.graph.concurrency import Call
from webcrm_sync.graph.transport import Transport
from webcrm_sync.settings import Settings

if TYPE_CHECKING:
    from webcrm_sync.graph.sdk import Sdk

#: Makes one call of a GraphServiceClient.
TypedCall = Callable[[Any], Awaitable[Any]]


class TypedClient:
    """Calls of the SDK, with the slots, errors and retries of `transport`. Thread-safe.

    The first call imports the SDK and starts its event loop: most processes never need it.
    """

    def __init__(self, settings: Settings, login: AppLogin, transport: Transport) -> None:
        self._settings = settings
        self._login = login
        self._transport = transport
        self._opening = Lock()
        self._sdk: Sdk | None = None

    def warm_up(self) -> None:
        """See `GraphClient.warm_up`."""
        Thread(target=self._load_builders, name="graph-warm-up", daemon=True).start()

    def close(self) -> None:
        """Cancels running calls and closes the connections. Idempotent."""
        if self._sdk is not None:
            self._sdk.close()

    def call(self, call: Call, request: TypedCall) -> Any:
        """The SDK's model that `request` returns. An empty or malformed answer counts as lost."""
        return self._transport.run(call, lambda: self._open().fetch_model(request))

    def act(self, call: Call, request: TypedCall) -> None:
        """Makes a call whose answer has no content."""
        self._transport.run(call, lambda: self._open().run(request))

    def list_models(self, call: Call, builder: Callable[[Any], Any]) -> Iterator[Any]:
        """The entries of a collection, page by page. `builder`: of its first page.

        Raises TryLater for a listing that repeats a page or never ends.
        """
        guard = PagingGuard("Graph", max_pages=self._transport.bounds.pages)
        page = self.call(call, lambda graph: builder(graph).get())
        yield from page.value or ()
        while link := page.odata_next_link:
            page = self.call(call, partial(_fetch_page, builder, guard.check(link)))
            yield from page.value or ()

    def _load_builders(self) -> None:
        self._open().load_builders()

    def _open(self) -> Sdk:
        with self._opening:
            if self._sdk is None:
                from webcrm_sync.graph.sdk import Sdk  # takes 0.3 s

                self._sdk = Sdk(self._settings, self._login, self._transport.bounds)
            return self._sdk


def _fetch_page(builder: Callable[[Any], Any], url: str, graph: Any) -> Awaitable[Any]:
    page: Awaitable[Any] = builder(graph).with_url(url).get()
    return page
