"""What the application asks of Entra, and the address where an administrator agrees to it."""

from __future__ import annotations

from urllib.parse import quote, urlencode, urlsplit

#: The page to which Entra returns; it must be a redirect of the application.
_RETURN_PATH = "/addin/taskpane.html"


def admin_consent_url(
    *, authority: str, tenant_id: str, client_id: str, graph_url: str, public_url: str
) -> str:
    """The address where an administrator consents to all that the registration lists.

    `.default` names what the registration lists; the scope's host is Graph's in this cloud
    (Microsoft identity platform: admin consent).

    >>> admin_consent_url(
    ...     authority="https://login.example",
    ...     tenant_id="t1",
    ...     client_id="c1",
    ...     graph_url="https://graph.example/v1.0",
    ...     public_url="https://sync.example",
    ... )[:70]
    'https://login.example/t1/v2.0/adminconsent?client_id=c1&scope=https%3A'
    """
    graph = urlsplit(graph_url)
    query = {
        "client_id": client_id,
        "scope": f"{graph.scheme}://{graph.netloc}/.default",
        "redirect_uri": public_url + _RETURN_PATH,
    }
    return f"{authority}/{quote(tenant_id)}/v2.0/adminconsent?{urlencode(query)}"
