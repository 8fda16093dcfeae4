"""The head of a request to Graph, and what the head of its answer must be. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from uuid import uuid4

import httpx

from webcrm_sync.core.errors import Refused
from webcrm_sync.graph.auth import decode_claims
from webcrm_sync.logs import current
from webcrm_sync.settings import PREFIX

#: Ids that survive moves. Graph needs the preference on each call
#: (Microsoft Graph: immutable identifiers for Outlook resources).
IMMUTABLE_IDS = 'IdType="ImmutableId"'
JSON = "application/json"
_CLAIMS = re.compile(r'claims="([^"]+)"')


class InvalidAnswer(httpx.RemoteProtocolError):
    """The answer does not come from Graph, or does not answer this request."""


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


def refuse_foreign_host(url: str, graph_url: str) -> None:
    """Raises Refused unless `url` is on the configured Graph host, which alone gets the token."""
    if not is_graph_url(url, graph_url):
        raise Refused("A link leads away from the configured Graph host.", code="ForeignHost")


def request_headers(
    token: str, *, accept: str, prefer: Sequence[str] = (), has_body: bool = False
) -> dict[str, str]:
    """The headers of a request. `prefer`: preferences beside the one for immutable ids."""
    headers = {
        "User-Agent": "webcrm-sync",
        "Accept": accept,
        "Authorization": f"Bearer {token}",
        "Prefer": ", ".join((IMMUTABLE_IDS, *prefer)),
        "client-request-id": current() or str(uuid4()),
    }
    return headers | {"Content-Type": JSON} if has_body else headers


def check_head(status: int, content_type: str, *, accept: str) -> None:
    """Raises InvalidAnswer for a redirect, and for a gateway's page in place of Graph's JSON."""
    if not (200 <= status < 300 or 400 <= status < 600):
        raise InvalidAnswer(
            f"Graph's address answers with status {status}, which is not followed:"
            f" check {PREFIX}GRAPH_URL."
        )
    is_foreign = content_type and accept.startswith(JSON) and "json" not in content_type
    if status < 300 and is_foreign:
        raise InvalidAnswer("Graph's address answers with something that is not JSON.")


def read_challenge(headers: Mapping[str, str]) -> str | None:
    """The claims, as JSON, that a 401 asks for, None if it asks for none.

    Microsoft Entra: claims challenges.
    """
    found = _CLAIMS.search(headers.get("WWW-Authenticate", ""))
    return decode_claims(found[1]) if found else None
