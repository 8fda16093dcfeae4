"""Posts a message to the webhook in the settings, signed as Standard Webhooks says.

The signature is the HMAC-SHA256 of id, time and body, so that a receiver can refuse what another
one sends and what is sent again (Standard Webhooks: specification, signature scheme).
"""

from __future__ import annotations

import base64
import hmac
import json
import time
from datetime import UTC, datetime
from urllib.parse import urlsplit

import httpx

from webcrm_sync.core.alert_text import Notice, payload
from webcrm_sync.core.webhook_key import webhook_key
from webcrm_sync.engine.alerts.not_sent import NotSent
from webcrm_sync.net.bounds import Bounds
from webcrm_sync.net.errors import classify_connection_error
from webcrm_sync.net.retry_after import read_retry_after
from webcrm_sync.net.transports import BoundedTransport, sync_transport
from webcrm_sync.settings import PREFIX, Settings

_BOUNDS = Bounds(seconds=20, size=64 * 1024)


def send(settings: Settings, notice: Notice) -> str:
    """Post the message. Returns what the receiver answered. Raises NotSent."""
    assert settings.alert_webhook_url
    assert settings.alert_webhook_secret
    url = settings.alert_webhook_url.get_secret_value()
    content = json.dumps(payload(notice, settings.entra_tenant_id.lower())).encode()
    headers = sign(settings.alert_webhook_secret.get_secret_value(), notice.id, content)
    transport = BoundedTransport(sync_transport(url, settings.ca_bundle), _BOUNDS)
    host = str(urlsplit(url).hostname)
    try:
        with httpx.Client(transport=transport, timeout=_BOUNDS.seconds) as client:
            response = client.post(url, content=content, headers=headers)
    except httpx.HTTPError as error:  # its text may hold the address, which may hold a secret
        raise NotSent(str(classify_connection_error(host, error))) from None
    if response.is_success:
        return f"{host} answered {response.status_code}"
    retry_at = read_retry_after(response.headers.get("Retry-After"), datetime.now(UTC))
    text = f"{host} answered {response.status_code}. Check {PREFIX}ALERT_WEBHOOK_URL."
    raise NotSent(text, retry_at=retry_at)


def sign(secret: str, message_id: str, content: bytes) -> dict[str, str]:
    """The headers of a signed request."""
    timestamp = str(int(time.time()))
    signed = b".".join((message_id.encode(), timestamp.encode(), content))
    digest = base64.b64encode(hmac.digest(webhook_key(secret), signed, "sha256")).decode()
    return {
        "Content-Type": "application/json",
        "User-Agent": "webcrm-sync",
        "webhook-id": message_id,
        "webhook-timestamp": timestamp,
        "webhook-signature": f"v1,{digest}",
    }
