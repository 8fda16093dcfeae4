"""A proxy between the browser and the service that can be switched off."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx

from webcrm_sync_sandbox.http_server import Dropped

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment

#: Headers of one connection (RFC 9110, 7.6.1), or of the encoding before decompression.
_OWN = {"connection", "keep-alive", "transfer-encoding", "content-encoding", "content-length"}
_PATIENCE_S = 60.0


class ToggleProxy:
    """Forwards each call to the service unchanged. While `is_down`, it drops every call."""

    def __init__(self, service_url: str) -> None:
        self.is_down = False
        self._client = httpx.Client(
            base_url=service_url,
            timeout=_PATIENCE_S,
            follow_redirects=False,
            trust_env=False,  # no other proxy on this machine
        )

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> list[bytes]:
        """Answer one call as the service does. Raises Dropped if the service does not answer."""
        if self.is_down:
            raise Dropped
        try:
            answer = self._client.request(
                environ["REQUEST_METHOD"],
                environ["REQUEST_URI"],
                content=environ["wsgi.input"].read(),
                headers=_headers(environ),
            )
        except httpx.HTTPError as error:
            raise Dropped from error
        if self.is_down:
            raise Dropped
        kept = [(n, v) for n, v in answer.headers.multi_items() if n.lower() not in _OWN]
        start_response(f"{answer.status_code} {answer.reason_phrase}", kept)
        return [answer.content]

    def close(self) -> None:
        """Close the connections to the service."""
        self._client.close()


def _headers(environ: WSGIEnvironment) -> dict[str, str]:
    names = {
        key: key[5:].replace("_", "-")
        for key in environ
        if key.startswith("HTTP_") and key not in {"HTTP_HOST", "HTTP_CONNECTION"}
    }
    headers = {name: environ[key] for key, name in names.items()}
    kind = environ.get("CONTENT_TYPE")
    return headers | ({"Content-Type": kind} if kind else {})
