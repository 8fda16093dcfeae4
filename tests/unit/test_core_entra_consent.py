"""The address where an administrator consents."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest

from webcrm_sync.core.entra_consent import admin_consent_url


@pytest.mark.parametrize(
    ("authority", "graph"),
    [
        ("https://login.microsoftonline.com", "https://graph.microsoft.com"),
        ("https://login.microsoftonline.us", "https://dod-graph.microsoft.us"),
    ],
)
def test_the_address_names_tenant_application_cloud_and_a_registered_page(
    authority: str, graph: str
) -> None:
    url = admin_consent_url(
        authority=authority,
        tenant_id="11111111-2222-3333-4444-555555555555",
        client_id="c1",
        graph_url=f"{graph}/v1.0",
        public_url="https://sync.example.com/a b",
    )
    parts = urlsplit(url)
    assert f"{parts.scheme}://{parts.netloc}" == authority
    assert parts.path == "/11111111-2222-3333-4444-555555555555/v2.0/adminconsent"
    assert parse_qs(parts.query) == {
        "client_id": ["c1"],
        "scope": [f"{graph}/.default"],
        "redirect_uri": ["https://sync.example.com/a b/addin/taskpane.html"],
    }
