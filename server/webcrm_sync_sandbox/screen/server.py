"""Serves the screen, and the proxy between the browser and the service, on this machine."""

from __future__ import annotations

from types import TracebackType
from typing import TYPE_CHECKING, Self

from webcrm_sync_sandbox.http_server import Server
from webcrm_sync_sandbox.screen.app import Screen
from webcrm_sync_sandbox.screen.toggle_proxy import ToggleProxy

if TYPE_CHECKING:
    from webcrm_sync_sandbox.environment import Sandbox
    from webcrm_sync_sandbox.screen.fixtures import DemoCompany


class ScreenServer:
    """Serves what a person opens in the browser. Use as a context manager.

    `url`: the address to open. `settings`: the settings that the service needs for it. The service
    itself may start later, stop and come back. Raises OSError if `port` is taken; 0 = a free one.
    """

    def __init__(
        self, sandbox: Sandbox, company: DemoCompany, *, service_url: str, port: int = 0
    ) -> None:
        self.proxy = ToggleProxy(service_url)
        self._pane = Server(self.proxy)
        screen = Screen(sandbox, company, self.proxy, pane_url=self._pane.url)
        self._screen = Server(screen.app, port=port)
        self.url = self._screen.url
        self.settings = {
            "OFFICE_JS_URL": f"{self.url}/office.js",
            "FRAME_ANCESTORS": self.url,
            "WEBCRM_ORGANISATION_LINK": f"{self.url}/?organisation={{id}}",
        }

    @property
    def pane_url(self) -> str:
        """The address of the pane for the browser, through the proxy."""
        return self._pane.url

    def __enter__(self) -> Self:
        for server in (self._pane, self._screen):
            server.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for server in (self._screen, self._pane):
            server.stop()
        self.proxy.close()
