"""The line between the browser and the service, which somebody may pull out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx

from webcrm_sync_sandbox.http_server import Dropped

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment

#: These speak of one connection, not of the answer (RFC 9110, 7.6.1), or of its former coding.
_OWN = {"connection", "keep-alive", "transfer-encoding", "content-encoding", "content-length"}
_PATIENCE_S = 60.0


class ToggleProxy:
    """Passes each call on to the service as it came. `is_down`: every call is cut off."""

    def __init__(self, service_url: str) -> None:
        self.is_down = False
        self._client = httpx.Client(
            base_url=service_url,
            timeout=_PATIENCE_S,
            follow_redirects=False,
            trust_env=False,  # no proxy between this machine and itself
        )

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> list[bytes]:
        """Answer one call as the service does. Raises Dropped where nobody would answer."""
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
        """Hang up."""
        self._client.close()


def _headers(environ: WSGIEnvironment) -> dict[str, str]:
    names = {
        key: key[5:].replace("_", "-")
        for key in environ
        if key.startswith("HTTP_") and key not in {"HTTP_HOST", "HTTP_CONNECTION"}
    }
    told = {name: environ[key] for key, name in names.items()}
    kind = environ.get("CONTENT_TYPE")
    return told | ({"Content-Type": kind} if kind else {})
